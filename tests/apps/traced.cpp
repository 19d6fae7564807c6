// What a handler sees of the trace that its request is part of, and what it adds to the span.
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <prefork/app.hpp>

namespace {

prefork::Response shown(const prefork::Request& request) {
  const prefork::Trace trace = request.trace();
  return prefork::text(std::string(trace ? "on " : "off ") + std::string(trace.trace_id()) + " " +
                       std::string(trace.span_id()) + " " + std::string(trace.parent_id()) + " " +
                       (trace.is_sampled() ? "sampled " : "not ") +
                       std::string(trace.traceparent()) + " " + std::string(trace.tracestate()) +
                       "\n");
}

}  // namespace

PREFORK_APP(app) {
  app.get("/pool/{name}", [](const prefork::Request& request) {
    request.trace().attribute("shop.name", request.parameter("name"));
    return shown(request);
  });
  app.get("/loop", prefork::on_loop,
          [](const prefork::Request& request) { return shown(request); });
  app.get("/later", prefork::deferred, [](prefork::Request request, prefork::Responder responder) {
    std::thread([request = std::move(request), responder = std::move(responder)]() mutable {
      request.trace().attribute("thread", "own");
      responder.send(shown(request));
    }).detach();
  });
  app.get("/stream", [](const prefork::Request& request) {
    return prefork::stream([request](prefork::Writer& out) {
      out.write("first\n");
      request.trace().attribute("late", "yes");
      out.write("last\n");
    });
  });
  app.get("/sleep/{ms}", [](const prefork::Request& request) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::stoi(std::string(request.parameter("ms")))));
    return prefork::text("slept\n");
  });
  app.get("/fail", [](const prefork::Request&) -> prefork::Response {
    throw std::runtime_error("out of stock");
  });
}
