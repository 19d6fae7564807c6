// Examples of the reference, see deploy/reference/filter.awk. These need nlohmann-json.
#include <prefork/app.hpp>
#include <prefork/json.hpp>

#include <string>

// Request: json
// json
struct Order {
  std::string item;
  int count = 0;
};
void from_json(const nlohmann::json& json, Order& order) {
  json.at("item").get_to(order.item);
  order.count = json.value("count", 1);
}

void define_orders(prefork::App& app) {
  app.post("/orders", [](const prefork::Request& request) {
    const auto order = request.json<Order>();  // 400 with the place where it is none
    return prefork::json({{"item", order.item}, {"count", order.count}}, 201);
  });
  app.patch("/orders/{id}", [](const prefork::Request& request) {
    const nlohmann::json changes = request.json();
    return prefork::json(changes);
  });
  app.get("/version", [] { return prefork::json(R"({"version":3})"); });  // is JSON already
}
