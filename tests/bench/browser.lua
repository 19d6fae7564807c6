-- wrk: what a browser sends, twelve fields and about 600 bytes.
function init(args)
  wrk.headers["Host"] = "www.example.org"
  wrk.headers["User-Agent"] =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
  wrk.headers["Accept"] =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
  wrk.headers["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8"
  wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
  wrk.headers["Connection"] = "keep-alive"
  wrk.headers["Cookie"] = "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; seen=1"
  wrk.headers["Referer"] = "http://www.example.org/articles/2026/11/"
  wrk.headers["Upgrade-Insecure-Requests"] = "1"
  wrk.headers["Sec-Fetch-Dest"] = "document"
  wrk.headers["Sec-Fetch-Mode"] = "navigate"
  wrk.headers["Sec-Fetch-Site"] = "same-origin"
  local one = wrk.format()
  function request()
    return one
  end
end
