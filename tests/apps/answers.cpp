// Errors and their pages, JSON, and what answers can be beside a status and a body.
#include <prefork/app.hpp>
#include <prefork/json.hpp>

#include <chrono>
#include <string>

namespace {

struct Order {
  int id = 0;
  std::string item;
  double price = 0;
};
void from_json(const nlohmann::json& json, Order& order) {
  json.at("id").get_to(order.id);
  json.at("item").get_to(order.item);
  order.price = json.value("price", 1.5);
}
void to_json(nlohmann::json& json, const Order& order) {
  json = {{"id", order.id}, {"item", order.item}, {"price", order.price}};
}

void add_errors(prefork::App& app) {
  app.get("/error/{status}", [](const prefork::Request& request) -> prefork::Response {
    throw prefork::Error(std::stoi(std::string(request.parameter("status"))),
                         request.query("why").value_or("no such order <1>"));
  });
  app.get("/loop/error", prefork::on_loop, [](const prefork::Request&) -> prefork::Response {
    throw prefork::Error(409, "changed meanwhile");
  });
  app.get("/later/error", prefork::deferred,
          [](const prefork::Request&, prefork::Responder responder) {
            responder.send(prefork::Error(403, "not yours"));
          });
  app.get("/credit", [](const prefork::Request&) -> prefork::Response {
    return prefork::Error(402, "it costs 50")
        .type("https://example.com/credit")
        .title("Not enough credit")
        .member("balance", 30)
        .member("account", "a\"1")
        .header("Retry-After", "7");
  });
  app.get("/throws", [](const prefork::Request&) -> prefork::Response {
    throw std::runtime_error("no disk <sda>");
  });
  app.get("/loop/throws", prefork::on_loop, [](const prefork::Request&) -> prefork::Response {
    throw std::runtime_error("no disk <sda>");
  });
  app.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    if (request.header("x-stranger")) {
      throw prefork::Error(401, "who are you").header("WWW-Authenticate", "Basic");
    }
    return std::nullopt;
  });
  app.after([](const prefork::Request&, prefork::Response& response) {
    response.header("X-After", std::to_string(response.status()));
  });
  // Pages: a text of each kind that the server can send by itself, and functions.
  app.error_page(413, prefork::html("<p>too much for us</p>"));
  app.error_page(413, prefork::json(R"({"sorry":"too much"})"));
  app.error_page(400, prefork::html("<p>what?</p>"));
  app.error_page(410, [](const prefork::Request& request, const prefork::Error& error) {
    return prefork::html("<p>" + prefork::html_text(request.path()) + ": " +
                         prefork::html_text(error.what()) + "</p>");
  });
  app.error_page(405, [] { return prefork::text("not like this\n").header("X-Page", "yes"); });
  app.error_page(423, [](const prefork::Request&) -> prefork::Response {
    throw prefork::Error(423, "within its page");
  });
  app.error_page(422, [](const prefork::Request&) -> prefork::Response {
    return prefork::Error(422, "as its page");
  });
}

void add_json(prefork::App& app) {
  app.post("/json", [](const prefork::Request& request) {
    const nlohmann::json value = request.json();
    return prefork::json({{"got", value}});
  });
  app.post("/order", [](const prefork::Request& request) {
    return prefork::json(request.json<Order>(), 201);
  });
  app.post("/streamed", prefork::upload(1000),
           [](const prefork::Request& request) { return prefork::json(request.json()); });
  app.get("/bytes", [](const prefork::Request&) { return prefork::json({{"name", "caf\xe9"}}); });
}

void add_answers(prefork::App& app) {
  app.get("/tagged", prefork::on_loop, [](const prefork::Request&) {
    return prefork::text("as it is").etag("v1").header("Cache-Control", "no-cache");
  });
  app.get("/weak", [](const prefork::Request&) {
    return prefork::text("as it is").etag("v1", prefork::Etag::weak);
  });
  app.get("/hashed", [](const prefork::Request& request) {
    return prefork::text(request.query("body").value_or("as it is")).etag();
  });
  app.get("/dated", [](const prefork::Request&) {
    return prefork::text("as it is")
        .last_modified(std::chrono::system_clock::from_time_t(784'111'777));
  });
  app.get("/tagged/stream", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) { out.write("streamed"); }).etag("v1");
  });
  app.get("/hashed/stream", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) { out.write("streamed"); }).etag();
  });
  app.get("/download", [](const prefork::Request& request) {
    return prefork::text("x").download(request.query("name").value_or(""));
  });
  const auto hint = [](const prefork::Request& request) {
    const bool said = request.early_hints({{"Link", "</app.css>; rel=preload; as=style"}});
    return prefork::text(said ? "hinted" : "not hinted");
  };
  app.get("/hints", hint);
  app.get("/loop/hints", prefork::on_loop, hint);
  app.get("/later/hints", prefork::deferred,
          [hint](const prefork::Request& request, prefork::Responder responder) {
            responder.send(hint(request));
            request.early_hints({{"Link", "</late.css>"}});
          });
  app.get("/hints/bad", [](const prefork::Request& request) {
    request.early_hints({{"Content-Length", "7"}});
    return prefork::text("x");
  });
  app.get("/trailer", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) {
             out.write("content");
             out.trailer("Repr-Digest", "sha-256=:AA==:");
           })
        .header("Trailer", "Repr-Digest");
  });
  app.get("/trailer/counted", [](const prefork::Request&) {
    return prefork::Response().stream(
        [](prefork::Writer& out) {
          out.write("content");
          out.trailer("X-Digest", "1");
        },
        7);
  });
  app.get("/trailer/bad", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) {
      out.write("content");
      out.trailer("Content-Length", "7");
    });
  });
}

}  // namespace

PREFORK_APP(app) {
  add_errors(app);
  add_json(app);
  add_answers(app);
}
