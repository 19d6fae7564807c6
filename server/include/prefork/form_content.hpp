// The content of a form as it comes, for form.hpp, which is what authors include.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/error.hpp>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

inline std::string more_than(std::uint64_t limit, std::string_view what) {
  return "more than " + std::to_string(limit) + " " + std::string(what);
}

// The content of a request, piece by piece, however its handler gets it.
class FormContent {
 public:
  FormContent(const Request& request, std::uint64_t limit) : request_(request), limit_(limit) {}

  // Until the next call; empty: at the end.
  std::string_view next() {
    const std::string_view piece = is_streamed() ? read() : std::exchange(body_, {});
    size_ += piece.size();
    if (size_ > limit_) {
      throw Error(413, more_than(limit_, "bytes of a form"));
    }
    return piece;
  }

 private:
  static constexpr std::size_t kPieceBytes = 64 * 1024;

  [[nodiscard]] bool is_streamed() const { return request_.native().content != nullptr; }
  std::string_view read() {
    if (room_ == nullptr) {
      room_.reset(new char[kPieceBytes]);
    }
    return {room_.get(), request_.read({room_.get(), kPieceBytes})};
  }

  const Request& request_;
  const std::uint64_t limit_;
  std::string_view body_ = request_.body();
  std::unique_ptr<char[]> room_;
  std::uint64_t size_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace prefork
