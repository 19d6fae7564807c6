// What the cases `pool`, `poolcost` and `preload` of run.sh serve, and some of instructions.sh.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <prefork/app.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

// Read-only once it is made. BENCH_TABLE_MIB says how large it is; 0 without.
std::vector<std::uint64_t> make_table() {
  const char* const mebibytes = std::getenv("BENCH_TABLE_MIB");
  const std::size_t size = mebibytes == nullptr ? 0 : std::strtoul(mebibytes, nullptr, 10);
  std::vector<std::uint64_t> table(size * kMebibyte / sizeof(std::uint64_t));
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = i * 0x9E37'79B9'7F4A'7C15;
  }
  return table;
}

prefork::Response hello(const prefork::Request&) { return prefork::text("Hello, World!"); }

struct Visitor {
  int number = 0;
};

}  // namespace

PREFORK_APP(app) {
  app.get("/plaintext", prefork::on_loop, hello);
  app.get("/loop", prefork::on_loop, hello);
  app.get("/pool", hello);
  app.get("/deferred", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    responder.send(prefork::text("Hello, World!"));
  });
  app.get("/stream", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) { out.write("Hello, World!"); });
  });
  app.get("/coroutine", [](prefork::Request) -> prefork::Task<prefork::Response> {
    co_return prefork::text("Hello, World!");
  });
  app.get("/parameter/{id}", prefork::on_loop, hello);
  prefork::Group& group = app.group("/group");
  group.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    request.state<Visitor>().number = 7;
    return std::nullopt;
  });
  group.get("/{id}", prefork::on_loop, [](const prefork::Request& request) {
    const bool is_it = request.parameter<int>("id") == request.state<Visitor>().number;
    return prefork::text(is_it ? "Hello, World!" : "Hello, other!");
  });
  app.get("/block", [](const prefork::Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return prefork::text("Hello, World!");
  });

  // Reads all of the table.
  const auto table = std::make_shared<const std::vector<std::uint64_t>>(make_table());
  app.get("/table", [table](const prefork::Request&) {
    std::uint64_t sum = 0;
    for (const std::uint64_t value : *table) {
      sum += value;
    }
    return prefork::text(std::to_string(table->size()) + " numbers, sum " + std::to_string(sum));
  });
}
