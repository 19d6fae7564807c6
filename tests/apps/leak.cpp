// Keeps a piece of memory for ever with each request, as applications do that nobody has measured.
#include <prefork/app.hpp>

#include <cstddef>
#include <vector>

namespace {

constexpr std::size_t kPiece = std::size_t{8} << 20;

}  // namespace

PREFORK_APP(app) {
  app.get("/leak", prefork::on_loop, [](const prefork::Request&) {
    static std::vector<std::vector<char>> kept;
    kept.emplace_back(kPiece, 'x');
    return prefork::text("Hello, World!");
  });
}
