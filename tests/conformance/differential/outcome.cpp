#include "tests/conformance/differential/outcome.h"

#include <sys/socket.h>

#include <cstdlib>
#include <string_view>

#include "tests/conformance/differential/generator.h"
#include "tests/support/http_client.h"

namespace prefork::test {

namespace {

constexpr std::string_view kStatusLine = "HTTP/1.";

bool is_status_line(std::string_view text) { return text.starts_with(kStatusLine); }

// The content of a chunked body at the front of `rest`, which is then behind it.
std::string take_chunked(std::string_view& rest) {
  std::string content;
  for (;;) {
    const std::size_t line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos) {
      return content;
    }
    const std::size_t size =
        std::strtoul(std::string(rest.substr(0, line_end)).c_str(), nullptr, 16);
    rest.remove_prefix(line_end + 2);
    content.append(rest.substr(0, size));
    rest.remove_prefix(std::min(rest.size(), size + 2));
    if (size == 0) {
      return content;
    }
  }
}

std::string take_body(const Reply& reply, int status, std::string_view& rest) {
  // An answer to HEAD has the fields of a body, but the next thing is another answer or the end.
  if (status == 204 || status == 304 || rest.empty() || is_status_line(rest)) {
    return {};
  }
  if (const auto coding = reply.header("Transfer-Encoding")) {
    return take_chunked(rest);
  }
  std::size_t size = rest.size();
  if (const auto length = reply.header("Content-Length")) {
    size = std::min(size, static_cast<std::size_t>(std::strtoul(length->c_str(), nullptr, 10)));
  }
  std::string body(rest.substr(0, size));
  rest.remove_prefix(size);
  return body;
}

}  // namespace

bool Answer::is_of_application() const {
  return (status >= 200 && status < 300) || status == 404 || status == 405;
}

bool Answer::is_echo() const {
  return status == 200 && head.find("application/octet-stream") != std::string::npos;
}

std::string Outcome::shape() const {
  std::string letters;
  for (const Answer& answer : answers) {
    if (!answer.is_of_application()) {
      letters += 'r';
    } else {
      letters += answer.body == kSentinelAnswer ? 's' : 'a';
    }
  }
  if (!garbage.empty()) {
    letters += '9';
  }
  return hung ? letters + 'h' : letters;
}

const Answer* Outcome::refusal() const {
  return answers.empty() || answers.back().is_of_application() ? nullptr : &answers.back();
}

Outcome read_answers(std::string received) {
  Outcome outcome;
  std::string_view rest = received;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n\r\n");
    if (!is_status_line(rest) || end == std::string_view::npos) {
      outcome.garbage = std::string(rest);
      break;
    }
    Reply reply;
    reply.head = std::string(rest.substr(0, end + 2));
    const int status = std::atoi(reply.head.c_str() + reply.head.find(' '));
    rest.remove_prefix(end + 4);
    if (status >= 200) {
      std::string body = take_body(reply, status, rest);
      outcome.answers.push_back({status, reply.head, std::move(body)});
    }
  }
  return outcome;
}

Outcome play(const std::string& url, const std::string& bytes) {
  Client client(url);
  if (!client.is_connected()) {
    Outcome outcome;
    outcome.connected = false;
    return outcome;
  }
  // A server that refuses may stop reading before the last byte: what counts is what it answers.
  client.send_some(bytes, kPatience);
  ::shutdown(client.fd(), SHUT_WR);
  Outcome outcome = read_answers(client.receive_to_the_end());
  outcome.hung = client.problem() == "nothing came in time";
  return outcome;
}

}  // namespace prefork::test
