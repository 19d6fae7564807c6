// What a server did with the bytes of one connection: how many answers came, of which kind, and
// that it ended the connection after them. Values; any thread.
#pragma once

#include <string>
#include <vector>

namespace prefork::test {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  // By the application: the request was understood, whether or not it got what it wanted.
  [[nodiscard]] bool is_of_application() const;
  // The server gave the request's body back.
  [[nodiscard]] bool is_echo() const;
};

struct Outcome {
  std::vector<Answer> answers;  // without interim ones
  std::string garbage;          // what followed and is no answer
  bool hung = false;            // the server did not end the connection in time
  bool connected = true;

  // One letter for each answer: `a` of the application, `s` the sentinel's, `r` a refusal by the
  // server; then `9` for bytes without a status line, `h` if the connection stayed open.
  [[nodiscard]] std::string shape() const;
  // The last answer if that is a refusal.
  [[nodiscard]] const Answer* refusal() const;
};

// Sends everything, ends the output, and reads to the end.
Outcome play(const std::string& url, const std::string& bytes);

Outcome read_answers(std::string received);

}  // namespace prefork::test
