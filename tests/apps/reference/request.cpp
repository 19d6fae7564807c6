// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <array>
#include <string>

// Request: method, path, target, query, host, scheme, root_path, client, id
prefork::Response tell_target(const prefork::Request& request) {
  // GET /a%20b?q=tea&q=coffee
  std::string text(request.method());                            // "GET"
  text.append(" ").append(request.path());                       // "/a b"
  text.append(" ").append(request.target());                     // "/a%20b?q=tea&q=coffee"
  text.append(" ").append(request.query());                      // "q=tea&q=coffee"
  text.append(" ").append(request.query("q").value_or("no q"));  // "tea"
  text.append(" ").append(request.scheme()).append("://").append(request.host());
  text.append(request.root_path()).append(" ").append(request.client());
  return prefork::text(text + " is request " + std::to_string(request.id()) + "\n");
}

// Request: parameter
prefork::Response tell_item(const prefork::Request& request) {
  return prefork::text(std::string(request.parameter("id")));  // of "/items/{id}"
}

// Request: header, header_count
prefork::Response tell_fields(const prefork::Request& request) {
  if (request.header("if-match")) {
    return prefork::text("whatever case it was sent in\n");
  }
  std::string all;
  for (std::size_t i = 0; i < request.header_count(); ++i) {
    all.append(request.header(i).name).append(": ").append(request.header(i).value).append("\n");
  }
  return prefork::text(all);
}

// Request: cookie
prefork::Response greet_again(const prefork::Request& request) {
  return prefork::text("Hello, " + std::string(request.cookie("name").value_or("stranger")));
}

// Request: body, bytes, form
prefork::Response take_content(const prefork::Request& request) {
  if (const auto name = request.form("name")) {
    return prefork::text(*name);
  }
  return request.bytes().empty() ? prefork::text("nothing", 400)
                                 : prefork::text(std::string(request.body()));
}

// Request: read
// With app.put("/files", prefork::upload(limit), count_content).
prefork::Response count_content(const prefork::Request& request) {
  std::array<char, 65536> room;
  std::size_t total = 0;
  while (const std::size_t got = request.read(room)) {
    total += got;
  }
  return prefork::text(std::to_string(total));
}

// Request: is_gone
prefork::Response search(const prefork::Request& request) {
  for (int part = 0; part < 1000; ++part) {
    if (request.is_gone()) {
      break;  // nobody waits for it
    }
  }
  return prefork::text("searched\n");
}

// Request: trace
// Trace: trace_id, span_id, parent_id, traceparent, tracestate, is_sampled, is_on, attribute
prefork::Response ask_others(const prefork::Request& request) {
  const prefork::Trace trace = request.trace();
  trace.attribute("customer", "4711");
  return prefork::text("traceparent: " + std::string(trace.traceparent()) + "\n");
}

// Request: native
prefork::Response tell_version(const prefork::Request& request) {
  return prefork::text("HTTP/1." + std::to_string(request.native().version_minor) + "\n");
}
