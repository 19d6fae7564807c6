-- wrk: sixteen requests in one write. wrk counts every answer.
local depth = 16
local batch

function init(args)
  local one = wrk.format()
  batch = string.rep(one, depth)
end

function request()
  return batch
end
