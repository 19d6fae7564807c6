#include "workers/control/server_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <variant>

#include "ipc/base/error_text.h"
#include "ipc/control_places.h"
#include "ipc/frames.h"

namespace prefork::control {

namespace {

constexpr off_t kLongestAnswer = off_t{256} << 20;
// A server whose queue of connections is full is asked again so often.
constexpr int kAgainMs = 20;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Failure cannot_connect(const std::string& path, int error) {
  const bool is_absent = error == ENOENT || error == ECONNREFUSED || error == ENOTDIR;
  return {is_absent ? ControlExit::no_server : ControlExit::refused,
          is_absent ? "no server listens on " + path
                    : "cannot connect to " + path + ": " + std::string(ipc::error_text(error))};
}

Failure lost() {
  return {ControlExit::refused,
          "the connection ended before the answer came; the log of the server says what became of "
          "the command",
          true};
}

Answer<std::string> read_memory(const ipc::OwnedFd& memory) {
  struct stat status {};
  if (::fstat(memory.get(), &status) != 0 || status.st_size > kLongestAnswer) {
    return Failure{ControlExit::refused, "the answer cannot be read"};
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got =
        ::pread(memory.get(), text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got <= 0) {
      return Failure{ControlExit::refused, "the answer cannot be read"};
    }
    size += static_cast<std::size_t>(got);
  }
  return text;
}

}  // namespace

int poll_time(const Deadline& deadline) {
  if (!deadline) {
    return -1;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*deadline - ControlClock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

Failure not_in_time() {
  return {ControlExit::timed_out, "no answer in time; what was asked for may still happen"};
}

Answer<ServerLink> ServerLink::open(const std::string& path, const Deadline& deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return cannot_connect(path, ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  for (;;) {
    ipc::OwnedFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return ServerLink(std::move(fd));
    }
    if (errno != EAGAIN) {
      return cannot_connect(path, errno);
    }
    if (poll_time(deadline) == 0) {
      return not_in_time();
    }
    ::poll(nullptr, 0, kAgainMs);
  }
}

// unix(7), SO_PEERCRED: as it was when the socket began to listen.
pid_t ServerLink::server_pid() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer.pid;
}

Answer<std::string> ServerLink::ask(ipc::CommandKind kind, std::uint32_t argument,
                                    const Deadline& deadline) {
  const std::uint64_t id = ++last_id_;
  const ipc::FrameBytes bytes = ipc::encode({0, ipc::CommandFrame{id, kind, argument}});
  // Who was refused at the door finds the reason in what can be read.
  [[maybe_unused]] const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  for (;;) {
    pollfd polled{fd_.get(), POLLIN, 0};
    const int count = ::poll(&polled, 1, poll_time(deadline));
    if (count > 0) {
      return receive(id);
    }
    if (count == 0) {
      return not_in_time();
    }
  }
}

Answer<std::string> ServerLink::receive(std::uint64_t id) {
  ipc::FrameBytes bytes{};
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  ssize_t size = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  if (size < 0 && errno == ECONNRESET) {
    // Who was refused at the door has asked for nothing that was read, and is told of that first.
    size = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  }
  if (size <= 0) {
    return lost();
  }
  ipc::OwnedFd memory;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message);
      header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    memory.reset(fd);
  }
  const auto decoded = ipc::decode(bytes);
  const auto* frame = std::get_if<ipc::Frame>(&decoded);
  const auto* outcome =
      frame != nullptr ? std::get_if<ipc::OutcomeFrame>(&frame->message) : nullptr;
  if (size != static_cast<ssize_t>(bytes.size()) || outcome == nullptr ||
      (outcome->id != id && outcome->id != 0)) {
    return Failure{ControlExit::refused,
                   "the server's answer is not understood: is it of another version?"};
  }
  if (outcome->verdict != ipc::Verdict::done) {
    return Failure{ControlExit::refused, outcome->text};
  }
  return memory.valid() ? read_memory(memory) : Answer<std::string>(std::string());
}

Answer<std::string> find_server(const std::string& named) {
  if (!named.empty()) {
    return named;
  }
  if (std::string path = variable("PREFORK_CONTROL"); !path.empty()) {
    return path;
  }
  ipc::ControlSurroundings surroundings;
  surroundings.runtime_directory = variable("RUNTIME_DIRECTORY");
  surroundings.xdg_runtime_dir = variable("XDG_RUNTIME_DIR");
  surroundings.user = ::geteuid();
  const std::vector<std::string> running = ipc::running_controls(surroundings);
  if (running.empty()) {
    return Failure{ControlExit::no_server,
                   "no server of this user was found; name its --control with --socket"};
  }
  if (running.size() == 1) {
    return running.front();
  }
  std::string text = "several servers run; name one with --socket:";
  for (const std::string& path : running) {
    text += " " + path;
  }
  return Failure{ControlExit::usage, std::move(text)};
}

}  // namespace prefork::control
