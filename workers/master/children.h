// The children that live, by their places: the master's end of each one's pipes, and the last words
// of one that cannot boot. A child's pipe outlives it until its last frames are read. Master only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ipc/base/process_id.h"
#include "ipc/control_channel.h"
#include "ipc/frames.h"
#include "workers/master/handover.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

// A frame of another process than the one that is there.
struct OtherEpoch {};
// It has said so much that is wrong that it is not listened to any longer.
struct NoLongerHeard {};
// What a child has said: a message of its own, or what is wrong with it.
using Heard = std::variant<ipc::Frame, ipc::FrameError, OtherEpoch, NoLongerHeard>;

class Children {
 public:
  // So much that is wrong is told of one child, and after so much nothing of what it says counts:
  // an application that writes into a descriptor that is not its own must not fill the master's
  // log.
  static constexpr int kWrongTold = 3;
  static constexpr int kWrongHeard = 64;

  using TimePoint = supervision::TimePoint;
  using Listener = std::function<void(ipc::Place at, const Heard& heard)>;

  struct Pipe {
    ipc::Place at;
    int read_fd = -1;
  };

  // Instead of who was there before.
  void add(ipc::Place at, std::uint32_t epoch, ipc::ControlEnd control);
  // All of them, for the next program of this process, and as the one before has left them. The
  // latter throws std::system_error.
  void hand_over(Handover& handover) const;
  void restore(const Handover& handover);
  // Keeps its last words, if it had any. `pid`: its own, if there was a process.
  void remove(ipc::Place at, std::optional<std::int32_t> pid);

  // Those that may still say something.
  [[nodiscard]] std::vector<Pipe> open_pipes() const;
  // Tells `listener` what the child has said since, but for its last words, which are kept. The
  // listener may add children, and remove others.
  void read(ipc::Place at, const Listener& listener);

  // `closed` when nobody is there.
  ipc::SendResult send(ipc::Place at, const ipc::Message& message);
  void send_to_all(const ipc::Message& message);

  // What it works on was told: its end says it no more.
  void note_work_told(ipc::Place at);
  [[nodiscard]] bool is_work_told(ipc::Place at) const;

  // Those that have closed their pipes a moment ago and are still there: they cannot be told
  // anything any more. Each is named once.
  static constexpr std::chrono::seconds kMoment{1};
  [[nodiscard]] std::vector<ipc::Place> take_deaf(TimePoint now);

  // In the name of one that could not say it itself.
  void speak_for(ipc::Place at, std::string last_words);
  // In the name of one that never was there.
  void note_last_words(ipc::Place at, std::string last_words);
  // It has said why it cannot boot.
  [[nodiscard]] bool has_last_words(ipc::Place at) const;
  // Those of that process, which was there and is removed; empty when it had none, and once
  // another is to be there.
  void forget_last_words(ipc::Place at);
  [[nodiscard]] std::string_view last_words(ipc::Place at, std::optional<std::int32_t> pid) const;

 private:
  struct Child {
    ipc::ControlEnd control;
    std::uint32_t epoch = 0;
    std::string last_words;
    bool closed = false;  // it closed its end, or is not heard: nothing more will come
    int wrong = 0;        // what it has said that cannot be
    bool work_told = false;
    std::optional<TimePoint> deaf_since;  // it has closed its end, and is not named yet
  };

  static void tell_wrong(ipc::Place at, Child& child, const Heard& what, const Listener& listener);

  std::map<ipc::Place, Child> children_;
  // Of the last process of each place that had any.
  struct LastWords {
    std::optional<std::int32_t> pid;
    std::string text;
  };
  std::map<ipc::Place, LastWords> last_words_;
};

}  // namespace prefork::master
