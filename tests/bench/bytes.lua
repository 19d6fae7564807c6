-- wrk: says how much arrived, answers that were not complete at the end included.
function done(summary)
  print("Bytes: " .. string.format("%.0f", summary.bytes))
end
