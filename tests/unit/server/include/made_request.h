// A request as a handler sees it, without a server: its fields, and its content in memory or in
// pieces as they come from a client. One test, one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/request.hpp>

namespace prefork::testing_include {

inline prefork_text to_text(std::string_view text) { return {text.data(), text.size()}; }

class MadeRequest {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit MadeRequest(Fields fields, std::string body = {})
      : fields_(std::move(fields)), body_(std::move(body)) {
    api_.size = sizeof api_;
    api_.read = [](prefork_stream* content, char* room, std::size_t size, std::size_t* got) {
      return reinterpret_cast<MadeRequest*>(content)->read(room, size, got);
    };
    for (const auto& [name, value] : fields_) {
      native_fields_.push_back({to_text(name), to_text(value)});
    }
    native_.size = sizeof native_;
    native_.scheme = to_text(scheme_);
    native_.fields = native_fields_.data();
    native_.field_count = native_fields_.size();
    native_.body = to_text(body_);
  }
  MadeRequest(const MadeRequest&) = delete;
  MadeRequest& operator=(const MadeRequest&) = delete;

  // The body comes in pieces of at most so many bytes, as in a handler that streams it.
  MadeRequest& stream(std::size_t piece_bytes) {
    piece_bytes_ = piece_bytes;
    native_.body = {};
    native_.content = reinterpret_cast<prefork_stream*>(this);
    return *this;
  }
  MadeRequest& scheme(std::string scheme) {
    scheme_ = std::move(scheme);
    native_.scheme = to_text(scheme_);
    return *this;
  }

  // Ends with this object.
  [[nodiscard]] Request get() const { return {api_, native_}; }

 private:
  prefork_status read(char* room, std::size_t size, std::size_t* got) {
    *got = std::min({size, piece_bytes_, body_.size() - sent_});
    body_.copy(room, *got, sent_);
    sent_ += *got;
    return *got == 0 ? PREFORK_END : PREFORK_OK;
  }

  Fields fields_;
  std::string body_;
  std::string scheme_ = "http";
  std::size_t piece_bytes_ = 0;
  std::size_t sent_ = 0;
  prefork_api api_{};
  prefork_request native_{};
  std::vector<prefork_field> native_fields_;
};

}  // namespace prefork::testing_include
