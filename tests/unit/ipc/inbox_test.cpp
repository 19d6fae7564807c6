#include "ipc/inbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/check.h"
#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::Gate;
using TakeError = Inboxes::TakeError;

// A client's end and the end that a worker would have from accept().
struct Connection {
  Connection() {
    int ends[2];
    PREFORK_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    client.reset(ends[0]);
    accepted.reset(ends[1]);
  }
  OwnedFd client;
  OwnedFd accepted;
};

HandedConnection numbered(std::uint32_t number) {
  HandedConnection about;
  about.requests = number;
  return about;
}

void say(int socket, const std::string& text) {
  ASSERT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// What arrives next; nothing at the end of the connection. Waits for it.
std::string hear(int socket) {
  pollfd ready{socket, POLLIN, 0};  // who takes a connection makes it non-blocking
  ::poll(&ready, 1, -1);
  char text[64];
  const ssize_t size = ::recv(socket, text, sizeof text, 0);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

TakeError take_nothing(const Inboxes& inboxes, std::uint32_t slot) {
  TakeError error = TakeError::empty;
  EXPECT_FALSE(inboxes.take(slot, error).has_value());
  return error;
}

int send_end(const Inboxes& inboxes, std::uint32_t slot) {
  std::vector<int> fds;
  inboxes.append_fds(fds);
  return fds[std::size_t{slot} * 2];
}

TEST(Inboxes, GiveOutWhatNeverBlocksWhateverTheSenderHasMadeOfIt) {
  const Inboxes inboxes(1);
  const Connection connection;
  ASSERT_EQ(::fcntl(connection.accepted.get(), F_GETFL) & O_NONBLOCK, 0);
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(1)), HandResult::sent);
  TakeError error{};
  const auto received = inboxes.take(0, error);
  ASSERT_TRUE(received.has_value());
  EXPECT_NE(::fcntl(received->socket.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Inboxes, GiveOutConnectionsAndNothingElse) {
  const Inboxes inboxes(1);
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  const OwnedFd reader(pipe_ends[0]);
  const OwnedFd writer(pipe_ends[1]);
  const OwnedFd datagrams(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (const int fd : {reader.get(), datagrams.get()}) {
    ASSERT_EQ(inboxes.hand_off(0, fd, numbered(1)), HandResult::sent);
    EXPECT_EQ(take_nothing(inboxes, 0), TakeError::lost);
  }
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::empty);
}

TEST(Inboxes, ThatAWorkerHasShutDownSaySoAndAreMadeAnewForTheNext) {
  for (const int how : {SHUT_RD, SHUT_WR, SHUT_RDWR}) {
    Inboxes inboxes(2);
    const int before = inboxes.receive_fd(1);
    inboxes.renew_if_closed(1);
    EXPECT_EQ(inboxes.receive_fd(1), before) << "nothing was wrong with it";
    ::shutdown(how == SHUT_RD ? inboxes.receive_fd(1) : send_end(inboxes, 1), how);
    EXPECT_EQ(take_nothing(inboxes, 1), TakeError::closed);
    const Connection connection;
    EXPECT_EQ(inboxes.hand_off(1, connection.accepted.get(), numbered(1)), HandResult::failed);
    inboxes.renew_if_closed(1);
    EXPECT_EQ(take_nothing(inboxes, 1), TakeError::empty);
    ASSERT_EQ(inboxes.hand_off(1, connection.accepted.get(), numbered(1)), HandResult::sent);
    TakeError error{};
    EXPECT_TRUE(inboxes.take(1, error).has_value());
    EXPECT_EQ(take_nothing(inboxes, 0), TakeError::empty);
  }
}

// The number the next descriptor of this process would get: higher when one was left open.
int next_descriptor() {
  const OwnedFd probe(::fcntl(0, F_DUPFD, 0));
  return probe.get();
}

// Puts a message of any bytes and any sockets into the inbox, as only a broken sibling would.
void send_raw(const Inboxes& inboxes, std::uint32_t slot, const std::string& text,
              const std::vector<int>& sockets) {
  std::string bytes = text;
  iovec data{bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!sockets.empty()) {
    const std::size_t size = sockets.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    PREFORK_CHECK(header != nullptr);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), sockets.data(), size);
  }
  ASSERT_EQ(::sendmsg(send_end(inboxes, slot), &message, MSG_NOSIGNAL | MSG_DONTWAIT),
            static_cast<ssize_t>(bytes.size()));
}

TEST(Inbox, IsEmptyAtFirst) {
  const Inboxes inboxes(2);
  EXPECT_EQ(inboxes.slots(), 2U);
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::empty);
  EXPECT_EQ(take_nothing(inboxes, 1), TakeError::empty);
}

TEST(Inbox, AHandedSocketWorksAfterTheSenderClosedItsOwn) {
  const Inboxes inboxes(1);
  Connection connection;
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(0)), HandResult::sent);
  connection.accepted.reset();

  TakeError error{};
  auto received = inboxes.take(0, error);
  ASSERT_TRUE(received.has_value());
  say(connection.client.get(), "request");
  EXPECT_EQ(hear(received->socket.get()), "request");
  say(received->socket.get(), "answer");
  EXPECT_EQ(hear(connection.client.get()), "answer");
  EXPECT_NE(::fcntl(received->socket.get(), F_GETFD) & FD_CLOEXEC, 0);
  received.reset();
  EXPECT_EQ(hear(connection.client.get()), "") << "nobody else holds the connection";
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::empty);
}

TEST(Inbox, WhatIsKnownAboutTheConnectionComesAlong) {
  const Inboxes inboxes(1);
  const Connection connection;
  HandedConnection about;
  about.epoch = 0xFFFFFFFE;
  about.requests = 17;
  about.awaits_preamble = 1;
  about.peer.family = PeerAddress::Family::ipv4;
  about.peer.port = 4711;
  about.peer.bytes = {192, 0, 2, 7};
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), about), HandResult::sent);
  TakeError error{};
  const auto received = inboxes.take(0, error);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->about.epoch, 0xFFFFFFFE);
  EXPECT_EQ(received->about.requests, 17U);
  EXPECT_EQ(received->about.awaits_preamble, 1U);
  EXPECT_EQ(to_string(received->about.peer), "192.0.2.7:4711");
}

TEST(Inbox, EachSlotGetsItsOwnInTheOrderOfSending) {
  const Inboxes inboxes(3);
  const Connection connection;
  for (std::uint32_t i = 0; i < 9; ++i) {
    ASSERT_EQ(inboxes.hand_off(i % 3, connection.accepted.get(), numbered(i)), HandResult::sent);
  }
  for (std::uint32_t slot = 0; slot < 3; ++slot) {
    for (std::uint32_t i = slot; i < 9; i += 3) {
      TakeError error{};
      const auto received = inboxes.take(slot, error);
      ASSERT_TRUE(received.has_value());
      EXPECT_EQ(received->about.requests, i);
    }
    EXPECT_EQ(take_nothing(inboxes, slot), TakeError::empty);
  }
}

TEST(Inbox, WakesItsReaderOnly) {
  const Inboxes inboxes(2);
  const Connection connection;
  ASSERT_EQ(inboxes.hand_off(1, connection.accepted.get(), numbered(0)), HandResult::sent);
  pollfd inbox[2] = {{inboxes.receive_fd(0), POLLIN, 0}, {inboxes.receive_fd(1), POLLIN, 0}};
  EXPECT_EQ(::poll(inbox, 2, 0), 1);
  EXPECT_EQ(inbox[1].revents, POLLIN);
}

TEST(Inbox, ConnectsSiblingProcesses) {
  const Inboxes inboxes(2);
  Connection connection;
  ForkedChild receiver([&] {
    connection.accepted.reset();
    connection.client.reset();
    pollfd inbox{inboxes.receive_fd(1), POLLIN, 0};
    ::poll(&inbox, 1, -1);
    TakeError error{};
    const auto received = inboxes.take(1, error);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(received->about.requests, 5U);
    EXPECT_EQ(hear(received->socket.get()), "request");
    say(received->socket.get(), "answer of the sibling");
  });
  ForkedChild sender([&] {
    connection.client.reset();
    EXPECT_EQ(inboxes.hand_off(1, connection.accepted.get(), numbered(5)), HandResult::sent);
  });
  connection.accepted.reset();
  EXPECT_EQ(sender.wait(), 0);
  say(connection.client.get(), "request");
  EXPECT_EQ(hear(connection.client.get()), "answer of the sibling");
  EXPECT_EQ(hear(connection.client.get()), "");
  EXPECT_EQ(receiver.wait(), 0);
}

TEST(Inbox, WhatADeadWorkerDidNotTakeIsThereForItsSuccessor) {
  const Inboxes inboxes(1);
  Connection first;
  Connection second;
  Gate has_first;
  ForkedChild worker([&] {
    first.client.reset();
    first.accepted.reset();
    pollfd inbox{inboxes.receive_fd(0), POLLIN, 0};
    ::poll(&inbox, 1, -1);
    TakeError error{};
    const auto received = inboxes.take(0, error);
    EXPECT_TRUE(received.has_value());
    has_first.open();
    testing_ipc::stand_still();
  });
  ASSERT_EQ(inboxes.hand_off(0, first.accepted.get(), numbered(1)), HandResult::sent);
  first.accepted.reset();
  has_first.wait();
  ASSERT_EQ(inboxes.hand_off(0, second.accepted.get(), numbered(2)), HandResult::sent);
  second.accepted.reset();
  ASSERT_EQ(worker.kill_and_wait(), 128 + SIGKILL);
  EXPECT_EQ(hear(first.client.get()), "") << "what it had taken ends with it";

  ForkedChild successor([&] {
    TakeError error{};
    const auto received = inboxes.take(0, error);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(received->about.requests, 2U);
    say(received->socket.get(), "served");
  });
  EXPECT_EQ(hear(second.client.get()), "served");
  EXPECT_EQ(successor.wait(), 0);
}

TEST(Inbox, HundredsCanWait) {
  constexpr std::uint32_t kWaiting = 200;
  const Inboxes inboxes(1);
  const Connection connection;
  for (std::uint32_t i = 0; i < kWaiting; ++i) {
    ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(i)), HandResult::sent) << i;
  }
  for (std::uint32_t i = 0; i < kWaiting; ++i) {
    TakeError error{};
    const auto received = inboxes.take(0, error);
    ASSERT_TRUE(received.has_value());
    ASSERT_EQ(received->about.requests, i);
  }
}

TEST(Inbox, AFullOneSaysSoAndWorksAgainWhenItIsEmptied) {
  constexpr std::uint32_t kMoreThanFit = 100'000;
  const Inboxes inboxes(2);
  const int few_bytes = 16 * 1024;
  ASSERT_EQ(::setsockopt(send_end(inboxes, 0), SOL_SOCKET, SO_SNDBUF, &few_bytes, sizeof few_bytes),
            0);
  const Connection connection;
  const int socket = connection.accepted.get();
  std::uint32_t sent = 0;
  HandResult result = HandResult::sent;
  while (result == HandResult::sent && sent < kMoreThanFit) {
    result = inboxes.hand_off(0, socket, numbered(sent));
    sent += result == HandResult::sent ? 1 : 0;
  }
  ASSERT_EQ(result, HandResult::full);
  EXPECT_EQ(inboxes.hand_off(0, socket, numbered(0)), HandResult::full) << "it stays full";
  EXPECT_EQ(inboxes.hand_off(1, socket, numbered(0)), HandResult::sent)
      << "other slots do not care";

  for (std::uint32_t i = 0; i < sent; ++i) {
    TakeError error{};
    const auto received = inboxes.take(0, error);
    ASSERT_TRUE(received.has_value());
    ASSERT_EQ(received->about.requests, i);
  }
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::empty);
  EXPECT_EQ(inboxes.hand_off(0, socket, numbered(sent)), HandResult::sent);
  TakeError error{};
  EXPECT_EQ(inboxes.take(0, error)->about.requests, sent);
}

TEST(Inbox, ASocketThatIsNoneCannotBeHandedOn) {
  const Inboxes inboxes(1);
  EXPECT_EQ(inboxes.hand_off(0, -1, numbered(0)), HandResult::failed);
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::empty);
}

TEST(Inbox, GarbageIsLostAndTheNextConnectionArrives) {
  const Inboxes inboxes(1);
  const Connection connection;
  const int before = next_descriptor();
  const std::vector<std::pair<std::string, std::vector<int>>> garbage = {
      {"x", {}},
      {std::string(1000, 'x'), {}},
      {"short, with a socket", {connection.accepted.get()}},
      {std::string(sizeof(HandedConnection) + 4, 'x'), {connection.accepted.get()}},
      {std::string(1000, 'x'), {connection.accepted.get()}},
      {"", {connection.accepted.get()}},
      {"two sockets", {connection.accepted.get(), connection.client.get()}},
      {"five sockets", std::vector<int>(5, connection.client.get())},
  };
  for (const auto& [text, sockets] : garbage) {
    send_raw(inboxes, 0, text, sockets);
    EXPECT_EQ(take_nothing(inboxes, 0), TakeError::lost) << text;
    EXPECT_EQ(next_descriptor(), before) << "left open by: " << text;
  }
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(3)), HandResult::sent);
  TakeError error{};
  const auto received = inboxes.take(0, error);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->about.requests, 3U);
}

TEST(Inbox, AMessageCutShortIsLost) {
  const Inboxes inboxes(1);
  const Connection connection;
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(3)), HandResult::sent);
  char bytes[256];
  const ssize_t size = ::recv(inboxes.receive_fd(0), bytes, sizeof bytes, 0);
  ASSERT_GT(size, 1);
  const std::string whole(bytes, static_cast<std::size_t>(size));
  send_raw(inboxes, 0, whole.substr(0, whole.size() - 1), {connection.accepted.get()});
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::lost);
  send_raw(inboxes, 0, whole, {});
  EXPECT_EQ(take_nothing(inboxes, 0), TakeError::lost) << "no socket came with it";
  send_raw(inboxes, 0, whole, {connection.accepted.get()});
  TakeError error{};
  EXPECT_TRUE(inboxes.take(0, error).has_value()) << "the whole one, sent the same way, arrives";
}

TEST(Inbox, AConnectionIsLostToAProcessOutOfDescriptors) {
  const Inboxes inboxes(1);
  Connection connection;
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(1)), HandResult::sent);
  ASSERT_EQ(inboxes.hand_off(0, connection.accepted.get(), numbered(2)), HandResult::sent);
  connection.accepted.reset();
  ForkedChild worker([&] {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t enough = limit.rlim_cur;
    limit.rlim_cur = static_cast<rlim_t>(next_descriptor());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(take_nothing(inboxes, 0), TakeError::lost);
    limit.rlim_cur = enough;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    TakeError error{};
    const auto received = inboxes.take(0, error);
    ASSERT_TRUE(received.has_value()) << "with descriptors again, the next one arrives";
    EXPECT_EQ(received->about.requests, 2U);
  });
  EXPECT_EQ(worker.wait(), 0);
  EXPECT_EQ(hear(connection.client.get()), "") << "the client is not left hanging";
}

TEST(Inbox, NamesAllItsDescriptors) {
  const Inboxes inboxes(4);
  std::vector<int> fds = {0};
  inboxes.append_fds(fds);
  ASSERT_EQ(fds.size(), 9U);
  const std::set<int> different(fds.begin(), fds.end());
  EXPECT_EQ(different.size(), 9U);
  for (std::size_t i = 1; i < fds.size(); ++i) {
    EXPECT_NE(::fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
  }
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    EXPECT_EQ(different.count(inboxes.receive_fd(slot)), 1U);
  }
}

}  // namespace
}  // namespace prefork::ipc
