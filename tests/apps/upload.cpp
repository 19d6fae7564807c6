// An upload of any size in constant memory: the handler reads the content while it arrives, and a
// client that is faster than the handler has to wait.
//
//   curl -T large.iso localhost:8000/upload
#include <array>
#include <cstdint>
#include <prefork/app.hpp>
#include <string>
#include <string_view>

namespace {

constexpr std::uint64_t kLimit = std::uint64_t{64} << 30;  // 64 GiB; more is a 413

// The sum of RFC 1950, which zlib has too.
class Adler32 {
 public:
  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kNoOverflow);
      for (const char byte : piece) {
        a_ += static_cast<unsigned char>(byte);
        b_ += a_;
      }
      a_ %= kModulus;
      b_ %= kModulus;
      bytes.remove_prefix(piece.size());
    }
  }
  std::uint32_t value() const { return b_ << 16 | a_; }

 private:
  static constexpr std::uint32_t kModulus = 65'521;
  static constexpr std::size_t kNoOverflow = 5'552;  // bytes until b_ has to be reduced

  std::uint32_t a_ = 1;
  std::uint32_t b_ = 0;
};

prefork::Response receive(const prefork::Request& request) {
  std::array<char, 64 * 1024> room;
  std::uint64_t size = 0;
  Adler32 sum;
  while (const std::size_t got = request.read(room)) {
    sum.add({room.data(), got});
    size += got;
  }
  return prefork::json("{\"bytes\":" + std::to_string(size) +
                       ",\"adler32\":" + std::to_string(sum.value()) + "}");
}

}  // namespace

PREFORK_APP(app) {
  app.put("/upload", prefork::upload(kLimit), receive);
  app.post("/upload", prefork::upload(kLimit), receive);
}
