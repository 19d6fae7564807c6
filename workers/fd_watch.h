// Calls a function each time a descriptor that belongs to somebody else can be read: a pipe, a
// signalfd, an inbox. Leaves the descriptor open. One thread: the event loop.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <functional>
#include <system_error>
#include <utility>

namespace prefork {

class FdWatch {
 public:
  FdWatch(asio::io_context& loop, int fd) : descriptor_(loop, fd) {}

  // release(), because a close by Asio would close what is not ours, and would leave a shared
  // socket in the epoll set.
  ~FdWatch() { static_cast<void>(descriptor_.release()); }

  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // `on_readable` reads what there is and says whether to go on watching.
  void start(std::function<bool()> on_readable) {
    on_readable_ = std::move(on_readable);
    wait();
  }

  // Stops watching; what arrives from now on is left for others.
  void stop() {
    std::error_code ignored;
    stopped_ = true;
    descriptor_.cancel(ignored);
  }

 private:
  void wait() {
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](std::error_code error) {
      if (!error && !stopped_ && on_readable_() && !stopped_) {
        wait();
      }
    });
  }

  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor_;
  std::function<bool()> on_readable_;
  bool stopped_ = false;
};

}  // namespace prefork
