// What a collector has answered, as far as its sender has to know: the status, when to come again,
// and where the answer ends. A pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace prefork::observer {

struct CollectorResponse {
  int status = 0;
  std::optional<std::uint32_t> retry_after_s;  // where it said so in seconds
  std::size_t size = 0;                        // of all of it
  bool keeps_connection = false;               // and its end was seen
};

// The first final one. Nothing: it is not there in full. Status 0: it is no answer of HTTP/1. Where
// no length says where it ends, its head is enough.
std::optional<CollectorResponse> find_response(std::string_view received);

}  // namespace prefork::observer
