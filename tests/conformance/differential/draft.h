// A request in pieces, each of which may be replaced by something wrong. Values; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/differential/random.h"

namespace prefork::test {

struct Line {
  std::string name;
  std::string colon = ": ";
  std::string value;
  std::string end = "\r\n";
};

struct Chunk {
  std::string size;
  std::string extension;
  std::string size_end = "\r\n";
  std::string data;
  std::string data_end = "\r\n";
};

struct Draft {
  std::string before;
  std::string method = "GET";
  std::string first_space = " ";
  std::string target = "/";
  std::string second_space = " ";
  std::string version = "HTTP/1.1";
  std::string line_end = "\r\n";
  std::vector<Line> lines;
  std::string head_end = "\r\n";
  std::string body;
  std::vector<Chunk> chunks;
  std::vector<Line> trailers;
  bool chunked = false;

  [[nodiscard]] std::string text() const;
  // The first field of that name, or nothing.
  Line* find(std::string_view name);
};

std::string hexadecimal(std::size_t number);

Draft valid_request(Random& random);

}  // namespace prefork::test
