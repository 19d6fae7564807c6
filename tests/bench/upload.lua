-- wrk: 64 KiB to be sent back.
function init(args)
  local one = wrk.format("POST", "/", { ["Content-Type"] = "application/octet-stream" },
    string.rep("0123456789abcdef", 4096))
  function request()
    return one
  end
end
