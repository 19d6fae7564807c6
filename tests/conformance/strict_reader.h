// Reads answers from a connection as the strictest client would: every answer must be framed in
// exactly one valid way, dated and spelled as RFC 9110 and 9112 say. What is wrong with one is told
// in `problem`. One thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/http_client.h"

namespace prefork::test {

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool ended = false;   // instead of an answer the connection ended
  std::string problem;  // of form, or that nothing came

  [[nodiscard]] bool is_final() const { return status >= 200; }
  // All values of that name in any case, joined as a list.
  [[nodiscard]] std::string joined(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] bool says_close() const;
};

class StrictReader {
 public:
  // Reads from the client's socket; nobody else may.
  explicit StrictReader(const Client& client) : fd_(client.fd()) {}

  Answer read(bool without_body);
  // Waits for the end of the connection. What is wrong with it: bytes, a reset, or that it does not
  // come.
  std::string read_end();

 private:
  enum class Read { more, end, failed };
  Read read_more();
  bool parse_head(Answer& answer);
  void read_content(Answer& answer);
  void read_chunked(Answer& answer);
  bool take_line(std::string& line, Answer& answer);

  int fd_;
  std::string received_;
  std::string failure_;
};

}  // namespace prefork::test
