// Asks `prefork-server symbolize` for the names of code, without waiting: each question is answered
// later, with names or without. The helpers are processes of their own, few at a time and for a
// short time. Master only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "workers/master/poll_set.h"
#include "workers/supervision/supervisor_state.h"
#include "workers/symbols/symbol_request.h"

namespace prefork::master {

class Symbolizer {
 public:
  using TimePoint = supervision::TimePoint;
  using Symbols = std::vector<symbols::Symbol>;
  // One symbol for each request, in their order; what is not known is empty.
  using Answer = std::function<void(const Symbols& symbols)>;

  static constexpr std::size_t kMaxAtOnce = 2;
  // More questions wait for no helper: they are answered at once, with nothing.
  static constexpr std::size_t kMaxWaiting = 30;
  static constexpr std::chrono::seconds kPatience{5};

  // `application`: a file that is read instead of the one at `application_path`; may be invalid.
  struct Question {
    std::vector<symbols::SymbolRequest> requests;
    ipc::OwnedFd application;
    std::string application_path;
  };

  Symbolizer() = default;
  ~Symbolizer();
  Symbolizer(const Symbolizer&) = delete;
  Symbolizer& operator=(const Symbolizer&) = delete;

  // Answered by enforce() at the earliest, so that what is more urgent comes first; but one that
  // finds no room to wait is answered from within. Without a request there is nothing to be found.
  void ask(Question question, Answer answer);

  // In each turn: what is polled, until when at most, and what is overdue then.
  void watch(PollSet& polled);
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  void enforce(TimePoint now);
  // True: it was a helper.
  bool on_reaped(supervision::Pid pid);
  // Nobody waits for an answer.
  [[nodiscard]] bool empty() const { return helpers_.empty() && waiting_.empty(); }

 private:
  struct Asked {
    Question question;
    Answer answer;
  };
  struct Helper {
    supervision::Pid pid = 0;
    ipc::OwnedFd output;
    std::string said;
    TimePoint until;
    std::size_t questions = 0;
    Answer answer;
    bool is_over = false;
  };

  void start(Asked asked, TimePoint now);
  void read(Helper& helper);
  void start_waiting(TimePoint now);
  static void give(Helper& helper);

  std::deque<Helper> helpers_;  // they stay where they are while they are polled
  std::deque<Asked> waiting_;
  std::vector<supervision::Pid> ended_;  // to be reaped
};

}  // namespace prefork::master
