// What a connection needs only while a request is on its way: the parser and the parts of the
// request that must outlive one read. Connections borrow one from their server's pool with the
// first byte of a request and give it back with the last byte of the answer, so that an idle
// connection holds none. One thread: the event loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/application.h"
#include "server/request_parser.h"

namespace prefork {

struct Exchange {
  explicit Exchange(const ParserLimits& limits) : parser(limits) {}

  RequestParser parser;
  Request request;  // as given to the handler
  Routed routed;
  std::string head;           // the head's bytes, where the body came later than the head
  std::vector<Field> fields;  // of `request`, where `head` is used
  std::string body;           // content received so far, where it did not come in one piece
  std::uint64_t started_ns = 0;

  void reset() {
    parser.reset();
    head.clear();
    if (body.capacity() > kKeepBodyBytes) {
      std::string().swap(body);
    }
    body.clear();
  }

 private:
  static constexpr std::size_t kKeepBodyBytes = 64 * 1024;
};

}  // namespace prefork
