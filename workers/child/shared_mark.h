// A mark that processes share: one has made it and its children have it, those that it has started
// anew as well.
#pragma once

#include <atomic>

#include "ipc/base/owned_fd.h"

namespace prefork::child {

class SharedMark {
 public:
  // Without memory for it, it is this process's own.
  SharedMark();
  // In a process that was handed the descriptor, which is not needed longer.
  explicit SharedMark(ipc::OwnedFd memory);
  ~SharedMark();
  SharedMark(const SharedMark&) = delete;
  SharedMark& operator=(const SharedMark&) = delete;

  [[nodiscard]] std::atomic<bool>& get() const { return *mark_; }
  // -1: there is none.
  [[nodiscard]] int fd() const { return memory_.get(); }

 private:
  void map(int memory);

  ipc::OwnedFd memory_;
  std::atomic<bool> own_{false};
  std::atomic<bool>* mark_ = &own_;
};

}  // namespace prefork::child
