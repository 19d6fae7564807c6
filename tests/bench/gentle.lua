-- wrk: waits a little before each request, as one who only wants to know how long it takes.
function delay()
  return 5
end
