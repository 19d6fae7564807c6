// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <string>
#include <thread>
#include <utility>
#include <vector>

// Response: status, header, add_header, body
// text, html, json
prefork::Response make_page(const prefork::Request&) {
  prefork::Response page = prefork::html("<h1>Hello</h1>");
  page.status(201).header("Location", "/pages/7").add_header("Set-Cookie", "a=1");
  if (page.header("content-type") == "text/plain") {
    return prefork::text(page.body(), page.status());
  }
  return page.body().empty() ? prefork::json(R"({"made":true})") : page;
}

// Response: close_connection
prefork::Response say_goodbye(const prefork::Request&) {
  return prefork::text("goodbye\n").close_connection();
}

// Response: file
// file
prefork::Response send_invoice(const prefork::Request& request) {
  if (request.query("name")) {
    return prefork::Response()
        .header("Content-Disposition", "attachment; filename=invoice.pdf")
        .file("invoices/7.pdf");
  }
  return prefork::file("invoices/7.pdf");
}

// Response: stream
// Writer: write, is_gone
// stream
prefork::Response send_lines(const prefork::Request&) {
  return prefork::stream([](prefork::Writer& out) {
    for (int i = 0; i < 1000; ++i) {
      if (out.is_gone() || !out.write(std::to_string(i) + "\n")) {
        return;  // the client has left
      }
    }
  });
}

// Writer: event
// events, format_event
prefork::Response send_events(const prefork::Request&) {
  return prefork::events([](prefork::Writer& out) {
    out.event("tea is ready", "kitchen");
    out.write(prefork::format_event("two\nlines"));
  });
}

// redirect
prefork::Response redirect_home(const prefork::Request&) { return prefork::redirect("/home", 303); }

// bytes
prefork::Response send_picture(const prefork::Request&) {
  const std::vector<std::byte> picture(16);
  return prefork::bytes(picture, "image/png");
}

// quote_json
prefork::Response send_name(const prefork::Request& request) {
  return prefork::json("{\"name\":" + prefork::quote_json(request.parameter("name")) + "}");
}

// Response: has_stream
bool is_long(const prefork::Response& response) { return response.has_stream(); }

// Responder: send
void answer_later(prefork::Request, prefork::Responder responder) {
  std::thread([responder = std::move(responder)]() mutable {
    responder.send(prefork::text("it took a while\n"));
  }).detach();
}

// Responder: start, write, try_write, is_gone, finish
void answer_in_pieces(prefork::Request, prefork::Responder responder) {
  responder.start(prefork::events());
  responder.try_write(": welcome\n\n");  // on the event loop: never waits
  std::thread([responder = std::move(responder)]() mutable {
    while (!responder.is_gone() && responder.write(prefork::format_event("tick"))) {
    }
    responder.finish();
  }).detach();
}
