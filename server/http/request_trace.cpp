#include "server/http/request_trace.h"

#include <utility>

namespace prefork::http {

void RequestTrace::begin(const TraceParent& own, std::string_view parent_span, std::string state,
                         std::string_view route) {
  own_ = own;
  parent_span_ = parent_span;
  state_ = std::move(state);
  route_ = route;
  if (has_attributes()) {
    // Of the request before this one, which somebody else may have written on another thread.
    const std::lock_guard lock(mutex_);
    attributes_.clear();
    count_ = 0;
  }
}

RequestTrace::Added RequestTrace::add_attribute(std::string_view name, std::string_view value) {
  if (name.empty() || name.size() > kMaxNameBytes || value.size() > kMaxValueBytes) {
    return Added::wrong;
  }
  const std::lock_guard lock(mutex_);
  if (!remove(name) && count_ == kMaxAttributes) {
    return Added::full;
  }
  append(name);
  append(value);
  ++count_;
  return Added::yes;
}

std::string_view RequestTrace::take(std::string_view& rest) {
  const auto size = static_cast<unsigned char>(rest.front());
  const std::string_view text = rest.substr(1, size);
  rest.remove_prefix(1 + text.size());
  return text;
}

void RequestTrace::append(std::string_view text) {
  static_assert(kMaxNameBytes < 256 && kMaxValueBytes < 256);
  attributes_.push_back(static_cast<char>(text.size()));
  attributes_.append(text);
}

bool RequestTrace::remove(std::string_view name) {
  std::string_view rest = attributes_;
  while (!rest.empty()) {
    const std::size_t begin = attributes_.size() - rest.size();
    const bool is_it = take(rest) == name;
    take(rest);
    if (is_it) {
      attributes_.erase(begin, attributes_.size() - rest.size() - begin);
      --count_;
      return true;
    }
  }
  return false;
}

}  // namespace prefork::http
