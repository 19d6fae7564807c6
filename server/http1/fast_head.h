// Reads the heads that nearly all requests have, with a fraction of the instructions that llhttp
// takes. llhttp stays the parser of record: what is taken here it would take as well, with the same
// result (tests hold the two against each other), and whatever is unusual is left to it from the
// first byte: a head that is incomplete or has more than 1 KiB or 64 fields, another version than
// HTTP/1.1, another target than one that begins with a slash, another line end than CR LF, folded
// lines, tabs and every fault; Transfer-Encoding, Upgrade and Expect. Knows no socket and no clock;
// never throws but for lack of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/http/field.h"
#include "server/http/request.h"
#include "server/http/target.h"
#include "server/http1/head_scanner.h"
#include "server/http1/parser_limits.h"

namespace prefork::http1 {

// Views point into the bytes that were read.
struct FastHead {
  static constexpr std::size_t kMaxFields = 64;

  http::Method method = http::Method::get;
  std::string_view method_text;
  std::string_view target;
  http::TargetScan target_scan;
  std::size_t field_count = 0;
  http::KnownFields known;  // of its fields
  std::uint64_t content_length = 0;
  std::size_t size = 0;  // in bytes, with the empty line
};

// Whether `bytes` begin with such a head; then `head` says what it is, and its fields are the first
// ones of `fields`, which grows where it must. Else both hold anything.
bool read_fast_head(std::string_view bytes, const ParserLimits& limits, const HeadScanner& scanner,
                    FastHead& head, std::vector<http::Field>& fields);

}  // namespace prefork::http1
