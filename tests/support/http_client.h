// A small blocking HTTP client on one raw socket: it sends exactly the bytes it is told to and
// reads exactly one answer at a time. Every wait has a deadline. Problems are values
// (`Reply::problem`), because to some tests a broken connection is what they look for. One thread.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/owned_fd.h"
#include "tests/support/waiting.h"

namespace prefork::test {

struct Reply {
  int status = 0;  // 0: there is none, see `problem`
  std::string head;
  std::string body;
  std::string problem;

  // Names in any case; the first of several.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
  [[nodiscard]] bool says_close() const;
};
std::ostream& operator<<(std::ostream& stream, const Reply& reply);

// "GET /path HTTP/1.1" with what must be there.
std::string get_request(std::string_view path);

class Client {
 public:
  // `url`: http://127.0.0.1:8000 or unix:/path. Connects; a failure shows in `problem()` and in
  // every reply. `receive_buffer_bytes`: a small window for a client that does not read.
  explicit Client(const std::string& url, Milliseconds timeout = kPatience,
                  int receive_buffer_bytes = 0);

  [[nodiscard]] bool is_connected() const { return socket_.valid(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // "127.0.0.1:40112", as the server's logs name this client.
  [[nodiscard]] std::string own_address() const;
  [[nodiscard]] int fd() const { return socket_.get(); }

  // All of it, or false with the problem set.
  bool send(std::string_view bytes);
  // As much as the peer takes within the time.
  std::size_t send_some(std::string_view bytes, Milliseconds within);

  // The next answer with its body. Answers to HEAD have none.
  Reply receive();
  Reply receive_without_body();
  // Sends a GET and receives its answer; the connection stays open.
  Reply get(std::string_view path);

  // Everything up to the peer's end of the connection; sets the problem when that does not come or
  // when it comes as a reset.
  std::string receive_to_the_end(Milliseconds within = kPatience);
  // What has come and is part of no answer, or what comes next; empty: the end, or nothing in time.
  std::string receive_some(Milliseconds within = kPatience);
  // Adds to `received` until `text` is in it. False: the time or the connection ended first.
  bool receive_until(std::string_view text, std::string& received, Milliseconds within = kPatience);
  // Whether something (bytes or an end) can be read before the time is over.
  [[nodiscard]] bool is_readable_within(Milliseconds within) const;
  // Neither bytes nor an end have arrived.
  [[nodiscard]] bool is_open_and_silent() const { return !is_readable_within(Milliseconds{0}); }

  void close() { socket_.reset(); }
  // Resets the connection instead of ending it.
  void abort();

 private:
  Reply receive(bool with_body);
  bool read_more(const Deadline& deadline);

  ipc::OwnedFd socket_;
  Milliseconds timeout_;
  std::string problem_;
  std::string received_;  // not yet part of an answer
  bool ended_ = false;
};

// One GET over a connection of its own.
Reply get(const std::string& url, std::string_view path, Milliseconds timeout = kPatience);

}  // namespace prefork::test
