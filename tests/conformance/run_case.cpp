#include "tests/conformance/run_case.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <sstream>

#include "config/base/text.h"
#include "tests/conformance/strict_reader.h"

namespace prefork::test {

namespace {

constexpr std::size_t kByteByByteUpTo = 2'000;
constexpr std::size_t kPieceOfLarge = 499;  // odd, so that it cuts everywhere
constexpr std::size_t kShownBytes = 400;

struct Seen {
  std::vector<Answer> answers;
  bool closed = false;
  std::string problem;
};

std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, kShownBytes)) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (code < 0x20 || code >= 0x7f) {
      text.append("\\x").append(1, kHex[code >> 4]).append(1, kHex[code & 15]);
    } else {
      text += c;
    }
  }
  return bytes.size() > kShownBytes ? text + "... " + std::to_string(bytes.size()) + " bytes"
                                    : text;
}

// Errors do not matter here: what the server has answered before it closed still counts.
void send_in_pieces(Client& client, std::string_view bytes) {
  const int no_delay = 1;
  ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  const std::size_t piece = bytes.size() <= kByteByByteUpTo ? 1 : kPieceOfLarge;
  while (!bytes.empty() && client.send(bytes.substr(0, piece))) {
    bytes.remove_prefix(std::min(piece, bytes.size()));
    ::sched_yield();
  }
}

bool begins_like(const Outcome& outcome, const std::vector<Answer>& answers) {
  return answers.size() <= outcome.answers.size() &&
         std::equal(answers.begin(), answers.end(), outcome.answers.begin(),
                    [](const Answer& answer, const Outcome::Expected& expected) {
                      return answer.status == expected.status;
                    });
}

// Reads as long as something that is accepted would have more.
Seen read_answers(StrictReader& reader, const Step& step, bool half_closed) {
  Seen seen;
  for (;;) {
    bool more = false;
    bool without_body = false;
    for (const Outcome& outcome : step.accepted) {
      const std::size_t next = seen.answers.size();
      if (begins_like(outcome, seen.answers) && (outcome.answers.size() > next || next == 0)) {
        more = true;
        without_body =
            without_body || (next < outcome.answers.size() && outcome.answers[next].without_body);
      }
    }
    const bool last = !seen.answers.empty() && seen.answers.back().says_close();
    if (!more || last) {
      if (last || (half_closed && !seen.answers.empty())) {
        seen.closed = true;
        seen.problem = reader.read_end();
      }
      return seen;
    }
    Answer answer = reader.read(without_body);
    if (answer.ended) {
      seen.closed = true;
      return seen;
    }
    seen.problem = answer.problem;
    seen.answers.push_back(std::move(answer));
    if (!seen.problem.empty()) {
      return seen;
    }
  }
}

bool is_accepted(const Seen& seen, const Outcome& outcome, bool half_closed) {
  return begins_like(outcome, seen.answers) && outcome.answers.size() == seen.answers.size() &&
         (outcome.closes == seen.closed || (half_closed && !seen.answers.empty()));
}

std::string fault_of(const Answer& answer, const Condition& condition) {
  using Kind = Condition::Kind;
  if (condition.only_for_status != 0 && condition.only_for_status != answer.status) {
    return "";
  }
  const std::string& body = answer.body;
  const std::string text = condition.text.value_or("");
  const std::string size = std::to_string(body.size());
  switch (condition.kind) {
    case Kind::header:
      if (!answer.has(condition.name)) {
        return "no header " + condition.name;
      }
      return condition.text && answer.joined(condition.name) != text
                 ? condition.name + " is '" + answer.joined(condition.name) + "', not '" + text +
                       "'"
                 : "";
    case Kind::no_header:
      return answer.has(condition.name) ? "there is a header " + condition.name : "";
    case Kind::body:
      return body != text ? "the body is not '" + shown(text) + "'" : "";
    case Kind::body_holds:
      return body.find(text) == body.npos ? "the body does not contain '" + shown(text) + "'" : "";
    case Kind::body_lacks:
      return body.find(text) != body.npos ? "the body contains '" + shown(text) + "'" : "";
    case Kind::body_size:
      return body.size() != condition.size ? "the body has " + size + " bytes" : "";
    case Kind::body_at_most:
      return body.size() > condition.size ? "the body has " + size + " bytes" : "";
  }
  return "";
}

// A connection that is said to stay open serves another request.
std::string fault_of_open(Client& client, StrictReader& reader) {
  client.send("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");
  const Answer answer = reader.read(false);
  if (answer.status == 0) {
    return answer.ended ? "closed without saying so" : answer.problem;
  }
  return answer.body == "Hello, World!"
             ? ""
             : "the request behind it got " + std::to_string(answer.status);
}

void judge(Seen& seen, const Step& step, bool half_closed) {
  if (!seen.problem.empty()) {
    return;
  }
  if (std::none_of(step.accepted.begin(), step.accepted.end(), [&](const Outcome& outcome) {
        return is_accepted(seen, outcome, half_closed);
      })) {
    seen.problem = "not accepted";
    return;
  }
  for (const Condition& condition : step.conditions) {
    if (seen.problem.empty() && !seen.answers.empty()) {
      seen.problem = fault_of(seen.answers.back(), condition);
    }
  }
}

std::string told(const Seen& seen) {
  std::ostringstream text;
  for (const Answer& answer : seen.answers) {
    text << "\n  came: " << answer.status;
    for (const auto& [name, value] : answer.fields) {
      text << "; " << name << ": " << value;
    }
    text << "; body '" << shown(answer.body) << "'";
  }
  text << (seen.closed ? "\n  then closed" : "\n  and open");
  return text.str();
}

}  // namespace

testing::AssertionResult run_case(const Case& test_case, const std::string& url, Pace pace) {
  Client client(url);
  StrictReader reader(client);
  bool half_closed = false;
  for (const Step& step : test_case.steps) {
    const std::string bytes = unescape(step.send);
    if (pace == Pace::in_pieces) {
      send_in_pieces(client, bytes);
    } else {
      client.send(bytes);
    }
    if (step.then_end) {
      ::shutdown(client.fd(), SHUT_WR);
      half_closed = true;
    }
    Seen seen = read_answers(reader, step, half_closed);
    judge(seen, step, half_closed);
    const bool last = &step == &test_case.steps.back();
    if (seen.problem.empty() && last && !seen.closed) {
      seen.problem = fault_of_open(client, reader);
    }
    if (!seen.problem.empty()) {
      return testing::AssertionFailure()
             << seen.problem << "\n  sent: " << step.send << (step.then_end ? " EOF" : "")
             << "\n  want: " << step.want << told(seen);
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace prefork::test
