#include "workers/master/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "config/base/number.h"

namespace prefork::master {

namespace {

// Of a manager that does not read; the oldest go.
constexpr std::size_t kMostUnsent = 16;

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value != nullptr ? value : "";
  ::unsetenv(name);
  return text;
}

std::optional<supervision::Duration> watchdog_of(const std::string& microseconds,
                                                 const std::string& pid) {
  const auto time = config::parse_number(microseconds);
  if (!time || *time <= 0 || (!pid.empty() && pid != std::to_string(::getpid()))) {
    return std::nullopt;
  }
  return std::chrono::microseconds(*time);
}

}  // namespace

ServiceManager::ServiceManager(const std::string& address,
                               std::optional<supervision::Duration> watchdog) {
  const bool is_abstract = address.starts_with('@');
  if (!(is_abstract || address.starts_with('/')) || address.size() < 2 ||
      address.size() >= sizeof(sockaddr_un::sun_path)) {
    return;
  }
  address_ = address;
  if (is_abstract) {
    address_.front() = '\0';
  }
  socket_ = ipc::OwnedFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  watchdog_ = watchdog;
}

ServiceManager ServiceManager::take_from_environment() {
  const std::string address = take_variable("NOTIFY_SOCKET");
  const std::string time = take_variable("WATCHDOG_USEC");
  const std::string pid = take_variable("WATCHDOG_PID");
  for (const char* const name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) {
    ::unsetenv(name);
  }
  return ServiceManager(address, watchdog_of(time, pid));
}

void ServiceManager::send(std::vector<std::string> messages) {
  for (std::string& message : messages) {
    unsent_.push_back(std::move(message));
  }
  while (unsent_.size() > kMostUnsent) {
    unsent_.pop_front();
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  while (!unsent_.empty()) {
    const std::string& message = unsent_.front();
    if (::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), size) < 0 &&
        (errno == EAGAIN || errno == ENOBUFS)) {
      return;
    }
    unsent_.pop_front();
  }
}

}  // namespace prefork::master
