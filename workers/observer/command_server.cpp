#include "workers/observer/command_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "ipc/base/sealed_memory.h"

namespace prefork::observer {

namespace {

constexpr std::uint64_t kListeningKey = 0;
// A turn of the observer's loop answers so many, then others have theirs.
constexpr int kMaxEventsAtOnce = 16;

ipc::OutcomeFrame refusal(std::uint64_t id, std::string why) {
  return {id, ipc::Verdict::refused, std::move(why)};
}

}  // namespace

CommandServer::CommandServer(int listening, Parts parts)
    : parts_(std::move(parts)), listening_(listening) {
  if (listening_ < 0) {
    return;
  }
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListeningKey;
  if (!epoll_.valid() || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listening_, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll for the control socket");
  }
  // Watches are for good; connections come and go in a set of their own.
  parts_.loop.watch(epoll_.get(), [this] { serve(); });
}

void CommandServer::stop_accepting() {
  if (listening_ >= 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listening_, nullptr);
    listening_ = -1;
  }
}

bool CommandServer::has_work() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const auto& entry) { return entry.second.id.has_value(); });
}

bool CommandServer::awaits_command() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const auto& entry) { return !entry.second.has_asked; });
}

void CommandServer::serve() {
  if (!epoll_.valid()) {
    return;
  }
  std::array<epoll_event, kMaxEventsAtOnce> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEventsAtOnce, 0);
  for (int i = 0; i < count; ++i) {
    const Key key = events[static_cast<std::size_t>(i)].data.u64;
    if (key == kListeningKey) {
      accept_all();
    } else {
      read(key);
    }
  }
}

void CommandServer::accept_all() {
  for (int i = 0; i < kMaxEventsAtOnce && listening_ >= 0; ++i) {
    ipc::OwnedFd fd(::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      return;
    }
    accept_one(std::move(fd));
  }
}

// The file's mode keeps others away already; somebody may have changed it.
void CommandServer::accept_one(ipc::OwnedFd fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  Client client;
  client.fd = std::move(fd);
  if (::getsockopt(client.fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != ::geteuid() && peer.uid != 0)) {
    tell(client, refusal(0, "only the user of this server and root may command it"));
    return;
  }
  if (!make_room()) {
    tell(client, refusal(0, "too many operators wait for an answer already"));
    return;
  }
  client.pid = peer.pid;
  client.last_use = ++last_use_;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = ++last_key_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd.get(), &event) == 0) {
    clients_.emplace(last_key_, std::move(client));
  }
}

bool CommandServer::make_room() {
  if (clients_.size() < kMaxClients) {
    return true;
  }
  auto oldest = clients_.end();
  for (auto it = clients_.begin(); it != clients_.end(); ++it) {
    const bool is_idle = !it->second.id;
    if (is_idle && (oldest == clients_.end() || it->second.last_use < oldest->second.last_use)) {
      oldest = it;
    }
  }
  if (oldest == clients_.end()) {
    return false;
  }
  clients_.erase(oldest);
  return true;
}

void CommandServer::read(Key key) {
  const auto found = clients_.find(key);
  if (found == clients_.end()) {
    return;
  }
  Client& client = found->second;
  std::array<std::byte, ipc::kFrameSize + 1> bytes{};
  const ssize_t size = ::recv(client.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  bool stays = false;
  if (size == static_cast<ssize_t>(ipc::kFrameSize)) {
    const auto decoded = ipc::decode(std::span(bytes).first<ipc::kFrameSize>());
    const auto* frame = std::get_if<ipc::Frame>(&decoded);
    const auto* command =
        frame != nullptr ? std::get_if<ipc::CommandFrame>(&frame->message) : nullptr;
    if (command != nullptr) {
      client.last_use = ++last_use_;
      client.has_asked = true;
      stays = take(client, *command);
    } else {
      const auto* error = std::get_if<ipc::FrameError>(&decoded);
      tell(client, refusal(0, error != nullptr ? ipc::to_string(*error) : "this is no command"));
    }
  } else if (size > 0) {
    tell(client, refusal(0, "this is no command"));
  }
  if (!stays) {
    clients_.erase(found);
  }
}

bool CommandServer::take(Client& client, const ipc::CommandFrame& command) {
  if (client.id) {
    return tell(client, refusal(command.id, "the command before it has not been answered yet"));
  }
  if (command.kind == ipc::CommandKind::statistics) {
    return tell_long(client, command.id, parts_.statistics(command.argument != 0));
  }
  if (command.kind == ipc::CommandKind::configuration) {
    return tell_long(client, command.id, parts_.configuration());
  }
  const ipc::CommandFrame passed{++last_passed_, command.kind, command.argument, client.pid};
  if (!parts_.pass_on(passed)) {
    return tell(client, refusal(command.id, "the master does not take commands at present"));
  }
  client.id = command.id;
  client.passed = passed.id;
  return true;
}

void CommandServer::answer(const ipc::OutcomeFrame& outcome) {
  const auto found = std::find_if(clients_.begin(), clients_.end(), [&](const auto& entry) {
    return entry.second.id && entry.second.passed == outcome.id;
  });
  if (found == clients_.end()) {
    return;  // it did not wait
  }
  Client& client = found->second;
  const std::uint64_t id = *client.id;
  client.id.reset();
  if (!tell(client, {id, outcome.verdict, outcome.text})) {
    clients_.erase(found);
  }
}

bool CommandServer::tell(const Client& client, const ipc::OutcomeFrame& outcome, int attached) {
  ipc::FrameBytes bytes = ipc::encode({0, outcome});
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (attached >= 0) {
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &attached, sizeof attached);
  }
  return ::sendmsg(client.fd.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(bytes.size());
}

bool CommandServer::tell_long(const Client& client, std::uint64_t id, const std::string& text) {
  const ipc::OwnedFd memory = ipc::make_sealed_memory("prefork-answer", {text});
  if (!memory.valid()) {
    return tell(client, {id, ipc::Verdict::failed, "no memory for the answer"});
  }
  return tell(client, {id, ipc::Verdict::done, ""}, memory.get());
}

}  // namespace prefork::observer
