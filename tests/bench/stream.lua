-- wrk: a response of 1 MiB that is made while it is sent.
function init(args)
  local one = wrk.format("GET", "/stream?bytes=1048576")
  function request()
    return one
  end
end
