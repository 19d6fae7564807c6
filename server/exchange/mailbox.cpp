#include "server/exchange/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"

namespace prefork::exchange {

Mailbox::Mailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.valid()) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
}

// Signals only what comes into an empty box: behind that the loop is on its way.
template <typename Add>
void Mailbox::put(Add add) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    const bool was_empty = mail_.empty();
    add();
    first = was_empty && !mail_.empty();
  }
  if (first) {
    const std::uint64_t one = 1;
    PREFORK_CHECK(::write(event_.get(), &one, sizeof one) == sizeof one);
  }
}

void Mailbox::deliver(std::unique_ptr<Job> job) {
  put([&] { mail_.finished.push_back(std::move(job)); });
}

void Mailbox::deliver_start(const Job& job, std::unique_ptr<http::Response> response) {
  put([&] {
    // A response that stays here goes with the caller's frame, without the lock: then the handler's
    // stream is abandoned, which wakes the handler.
    if (!refuses_starts_) {
      mail_.started.push_back({&job, std::move(response)});
    }
  });
}

void Mailbox::wake(ConnectionToken connection) {
  put([&] { mail_.woken.push_back(connection); });
}

void Mailbox::take(Mail& mail) {
  PREFORK_CHECK(mail.empty());
  std::uint64_t wakeups = 0;
  // Before the mail: what comes after this read wakes the loop again.
  PREFORK_CHECK(::read(event_.get(), &wakeups, sizeof wakeups) == sizeof wakeups);
  const std::lock_guard lock(mutex_);
  std::swap(mail, mail_);
}

void Mailbox::refuse_starts() {
  // Destroyed without the lock: their sources wake the server.
  std::vector<StartedResponse> dropped;
  const std::lock_guard lock(mutex_);
  refuses_starts_ = true;
  dropped.swap(mail_.started);
}

}  // namespace prefork::exchange
