#include "workers/master/children.h"

#include <utility>

#include "workers/master/inheritance.h"

namespace prefork::master {

void Children::add(ipc::Place at, std::uint32_t epoch, ipc::ControlEnd control) {
  Child child;
  child.control = std::move(control);
  child.epoch = epoch;
  children_[at] = std::move(child);
}

void Children::hand_over(Handover& handover) const {
  for (const auto& [at, child] : children_) {
    handover.children.push_back({at, child.epoch, child.control.read_fd(), child.control.write_fd(),
                                 child.closed, child.work_told, child.last_words});
  }
}

void Children::restore(const Handover& handover) {
  for (const Handover::Child& before : handover.children) {
    Child child;
    child.control = {duplicate(before.read_fd), duplicate(before.write_fd)};
    child.epoch = before.epoch;
    child.last_words = before.last_words;
    child.closed = before.closed;
    child.work_told = before.work_told;
    children_[before.at] = std::move(child);
  }
}

void Children::forget_last_words(ipc::Place at) { last_words_.erase(at); }

void Children::remove(ipc::Place at, std::optional<std::int32_t> pid) {
  const auto found = children_.find(at);
  if (found == children_.end()) {
    return;
  }
  if (!found->second.last_words.empty()) {
    last_words_[at] = {pid, std::move(found->second.last_words)};
  }
  children_.erase(found);
}

std::vector<Children::Pipe> Children::open_pipes() const {
  std::vector<Pipe> pipes;
  for (const auto& [at, child] : children_) {
    if (!child.closed) {
      pipes.push_back({at, child.control.read_fd()});
    }
  }
  return pipes;
}

void Children::read(ipc::Place at, const Listener& listener) {
  const auto found = children_.find(at);
  if (found == children_.end()) {
    return;
  }
  Child& child = found->second;
  const auto result = child.control.receive([&](const auto& decoded) {
    const auto* frame = std::get_if<ipc::Frame>(&decoded);
    if (child.closed) {
      return;
    }
    if (frame == nullptr) {
      tell_wrong(at, child, std::get<ipc::FrameError>(decoded), listener);
    } else if (frame->epoch != child.epoch) {
      tell_wrong(at, child, OtherEpoch{}, listener);
    } else if (const auto* failed = std::get_if<ipc::BootFailedFrame>(&frame->message)) {
      child.last_words = failed->reason;
    } else {
      listener(at, *frame);
    }
  });
  if (result == ipc::ReceiveResult::closed && !child.closed) {
    child.closed = true;
    child.deaf_since = supervision::Clock::now();
  }
}

void Children::tell_wrong(ipc::Place at, Child& child, const Heard& what,
                          const Listener& listener) {
  ++child.wrong;
  if (child.wrong <= kWrongTold) {
    listener(at, what);
  } else if (child.wrong == kWrongHeard) {
    child.closed = true;
    listener(at, NoLongerHeard{});
  }
}

ipc::SendResult Children::send(ipc::Place at, const ipc::Message& message) {
  const auto found = children_.find(at);
  if (found == children_.end()) {
    return ipc::SendResult::closed;
  }
  return found->second.control.send({found->second.epoch, message});
}

void Children::send_to_all(const ipc::Message& message) {
  for (auto& [at, child] : children_) {
    child.control.send({child.epoch, message});
  }
}

std::vector<ipc::Place> Children::take_deaf(TimePoint now) {
  std::vector<ipc::Place> deaf;
  for (auto& [at, child] : children_) {
    if (child.deaf_since && now - *child.deaf_since >= kMoment) {
      child.deaf_since.reset();
      deaf.push_back(at);
    }
  }
  return deaf;
}

void Children::note_work_told(ipc::Place at) {
  if (const auto found = children_.find(at); found != children_.end()) {
    found->second.work_told = true;
  }
}

bool Children::is_work_told(ipc::Place at) const {
  const auto found = children_.find(at);
  return found != children_.end() && found->second.work_told;
}

void Children::speak_for(ipc::Place at, std::string last_words) {
  if (const auto found = children_.find(at); found != children_.end()) {
    found->second.last_words = std::move(last_words);
  }
}

void Children::note_last_words(ipc::Place at, std::string last_words) {
  last_words_[at] = {std::nullopt, std::move(last_words)};
}

bool Children::has_last_words(ipc::Place at) const {
  const auto found = children_.find(at);
  return found != children_.end() && !found->second.last_words.empty();
}

std::string_view Children::last_words(ipc::Place at, std::optional<std::int32_t> pid) const {
  const auto found = last_words_.find(at);
  return found != last_words_.end() && pid == found->second.pid
             ? std::string_view(found->second.text)
             : std::string_view();
}

}  // namespace prefork::master
