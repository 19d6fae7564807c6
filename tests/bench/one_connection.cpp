// Sends the same request again and again over one keep-alive connection, DEPTH of them in one
// write, and sends the next only when it has read every answer: the server does the same work in
// the same order each time, so that its instructions can be counted (instructions.sh).
//
//   bench_one_connection PORT PATH plain|browser END DEPTH COUNT
//
// `plain` is what wrk sends, `browser` what browser.lua makes it send. END is what every answer
// ends with, with \r and \n for these two. Exits with 1 when an answer is not the first one's equal
// in size or not a 200.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/bench/heads.h"

namespace {

constexpr int kAnswerTimeoutMs = 10'000;
constexpr int kMaxDepth = 1000;
constexpr int kMaxCount = 10'000'000;
constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";

// With another target.
std::string request_for(std::string_view path, std::string_view head) {
  return "GET " + std::string(path) + " HTTP/1.1" + std::string(head.substr(head.find("\r\n")));
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int positive_number(std::string_view text, int maximum) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > maximum) {
    std::fprintf(stderr, "not a number from 1 to %d: %s\n", maximum, std::string(text).c_str());
    std::exit(2);
  }
  return value;
}

// With its line ends in place of their names.
std::string unescaped(std::string_view text) {
  std::string bytes;
  for (; !text.empty(); text.remove_prefix(1)) {
    const bool is_end = text.starts_with("\\r") || text.starts_with("\\n");
    text.remove_prefix(is_end ? 1 : 0);
    bytes += !is_end ? text.front() : text.front() == 'r' ? '\r' : '\n';
  }
  return bytes;
}

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("connect");
  }
  const int on = 1;
  if (::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) die("setsockopt");
  return fd;
}

// Small enough for the socket's buffer, so it goes as a whole.
void send_all(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    die("send");
  }
}

void receive_more(int fd, std::string& received) {
  std::array<char, 65536> buffer;
  pollfd wanted{fd, POLLIN, 0};
  if (::poll(&wanted, 1, kAnswerTimeoutMs) != 1) die("no answer in time");
  const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) die("the connection ended before its answer");
  received.append(buffer.data(), static_cast<std::size_t>(size));
}

// Every answer has the size of the first one.
std::size_t size_of_first_answer(int fd, std::string_view request, std::string_view end) {
  send_all(fd, request);
  std::string answer;
  while (!answer.ends_with(end)) receive_more(fd, answer);
  return answer.size();
}

void check_answers(std::string_view answers, std::size_t size, std::string_view end) {
  for (; !answers.empty(); answers.remove_prefix(size)) {
    const std::string_view answer = answers.substr(0, size);
    if (answer.starts_with(kStatusLine) && answer.ends_with(end)) continue;
    std::fprintf(stderr, "not the answer: %s\n", std::string(answer).c_str());
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 7 ? argv[3] : "";
  if (kind != "plain" && kind != "browser") {
    std::fprintf(stderr, "usage: bench_one_connection PORT PATH plain|browser END DEPTH COUNT\n");
    return 2;
  }
  const std::string request =
      request_for(argv[2], kind == "plain" ? prefork::bench::kPlain : prefork::bench::kBrowser);
  const std::string end = unescaped(argv[4]);
  const int depth = positive_number(argv[5], kMaxDepth);
  const int count = positive_number(argv[6], kMaxCount);
  const int fd = connect_to(positive_number(argv[1], 65'535));

  std::string batch;
  for (int i = 0; i < depth; ++i) batch.append(request);
  const std::size_t size = size_of_first_answer(fd, request, end);
  std::string answers;
  for (int sent = 0; sent < count; sent += depth) {
    answers.clear();
    send_all(fd, batch);
    while (answers.size() < size * static_cast<std::size_t>(depth)) receive_more(fd, answers);
    check_answers(answers, size, end);
  }
  ::close(fd);
}
