// A pseudo terminal, as SSH has one for a session. One thread.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "ipc/base/owned_fd.h"

namespace prefork::test {

class Terminal {
 public:
  Terminal() : user_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    ::grantpt(user_.get());
    ::unlockpt(user_.get());
    program_.reset(::open(::ptsname(user_.get()), O_RDWR | O_NOCTTY));
  }
  // The program's side.
  [[nodiscard]] int fd() const { return program_.get(); }
  // What has come out of it since.
  [[nodiscard]] std::string read() const {
    std::string text;
    std::array<char, 4096> room{};
    for (;;) {
      const ssize_t size = ::read(user_.get(), room.data(), room.size());
      if (size <= 0) {
        return text;
      }
      text.append(room.data(), static_cast<std::size_t>(size));
    }
  }
  // As if somebody typed it.
  void type(std::string_view keys) const {
    [[maybe_unused]] const ssize_t written = ::write(user_.get(), keys.data(), keys.size());
  }
  void close() {
    program_.reset();
    user_.reset();
  }

 private:
  ipc::OwnedFd user_;
  ipc::OwnedFd program_;
};

}  // namespace prefork::test
