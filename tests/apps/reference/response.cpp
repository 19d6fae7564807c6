// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Response: status, header, headers, add_header, remove_header, body
// text, html
prefork::Response make_page(const prefork::Request&) {
  prefork::Response page = prefork::html("<h1>Hello</h1>");
  page.status(201).header("Location", "/pages/7").add_header("Set-Cookie", "a=1");
  if (page.header("content-type") == "text/plain") {
    return prefork::text(page.body(), page.status());
  }
  if (page.headers("Set-Cookie").size() > 1) {
    page.remove_header("Set-Cookie");
  }
  return page;
}

// Response: close_connection
prefork::Response say_goodbye(const prefork::Request&) {
  return prefork::text("goodbye\n").close_connection();
}

// Response: file, download
// file
prefork::Response send_invoice(const prefork::Request& request) {
  if (request.query("name")) {
    return prefork::Response().file("invoices/7.pdf").download("invoice, May.pdf");
  }
  return prefork::file("invoices/7.pdf");
}

// Response: etag, last_modified
prefork::Response send_price(const prefork::Request& request) {
  using std::chrono::system_clock;
  const system_clock::time_point changed = system_clock::from_time_t(1'700'000'000);
  if (request.query("all")) {
    return prefork::json(R"([{"price":4}])").etag();  // of the content, when it is sent
  }
  // Who has it already gets 304.
  return prefork::json(R"({"price":4})")
      .etag("price-4", prefork::Etag::weak)
      .last_modified(changed);
}

// Response: stream
// Writer: write, is_gone, trailer
prefork::Response send_lines(const prefork::Request&) {
  prefork::Response response(200);
  response.header("Content-Type", "text/plain").header("Trailer", "X-Lines");
  return response.stream([](prefork::Writer& out) {
    int lines = 0;
    while (lines < 1000 && !out.is_gone()) {
      if (!out.write(std::to_string(++lines) + "\n")) {
        return;  // the client has left
      }
    }
    out.trailer("X-Lines", std::to_string(lines));
  });
}

// redirect
prefork::Response redirect_home(const prefork::Request&) { return prefork::redirect("/home", 303); }

// bytes
prefork::Response send_picture(const prefork::Request&) {
  const std::vector<std::byte> picture(16);
  return prefork::bytes(picture, "image/png");
}

// json_text, quote_json, html_text
prefork::Response send_name(const prefork::Request& request) {
  const std::string name = request.query("name", "<nobody>");
  if (request.header("Accept") == "text/html") {
    return prefork::html("<p title=\"" + prefork::html_text(name) + "\">hello</p>");
  }
  return prefork::json("{\"name\":" + prefork::json_text(name) + "}");
}

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
