#include "server/http/owned_request.h"

#include <cstring>
#include <span>

#include "server/http/request_trace.h"

namespace prefork::http {

void OwnedRequest::copy_head(const Request& from) {
  Request head = from;
  head.body = {};
  copy(head);
}

void OwnedRequest::copy(const Request& from) {
  std::size_t size = from.method_text.size() + from.target.size() + from.path.size() +
                     from.segments.size() + from.query.size() + from.host.size() + from.body.size();
  for (const Field& field : from.fields) {
    size += field.name.size() + field.value.size();
  }
  for (const Field& parameter : from.parameters) {
    size += parameter.value.size();
  }
  if (size > capacity_) {
    bytes_ = std::make_unique_for_overwrite<char[]>(size);
    capacity_ = size;
  }
  char* at = bytes_.get();
  const auto own = [&at](std::string_view text) -> std::string_view {
    const char* const copy = at;
    if (!text.empty()) {
      std::memcpy(at, text.data(), text.size());
      at += text.size();
    }
    return {copy, text.size()};
  };
  fields_.clear();
  fields_.reserve(from.fields.size() + from.parameters.size());
  for (const Field& field : from.fields) {
    fields_.push_back({own(field.name), own(field.value)});
  }
  for (const Field& parameter : from.parameters) {
    fields_.push_back({parameter.name, own(parameter.value)});
  }
  request = from;
  request.method_text = own(from.method_text);
  request.target = own(from.target);
  request.path = own(from.path);
  request.segments = own(from.segments);
  request.query = own(from.query);
  request.host = own(from.host);
  request.body = own(from.body);
  request.fields = {std::span(fields_).first(from.fields.size()), from.fields.known()};
  request.parameters = std::span(fields_).subspan(from.fields.size());
  trace_ = from.trace == nullptr ? nullptr : from.trace->shared_from_this();
}

}  // namespace prefork::http
