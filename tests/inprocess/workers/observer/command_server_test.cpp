#include "workers/observer/command_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ipc/base/monotonic.h"

namespace prefork::observer {
namespace {

using ipc::CommandKind;

// A command server on an abstract address, whose master is the test.
class CommandServerTest : public testing::Test {
 protected:
  CommandServerTest() {
    static int instances = 0;
    const std::string name =
        "prefork-test-" + std::to_string(::getpid()) + "-" + std::to_string(++instances);
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path + 1, name.data(), name.size());
    listening_.reset(new_socket());
    EXPECT_EQ(::bind(listening_.get(), address(), sizeof address_), 0);
    EXPECT_EQ(::listen(listening_.get(), 100), 0);
    server_.emplace(listening_.get(),
                    CommandServer::Parts{loop_,
                                         [this](const ipc::CommandFrame& command) {
                                           passed_.push_back(command);
                                           return master_reads_;
                                         },
                                         [](bool is_detailed) {
                                           return std::string(is_detailed ? "all" : "numbers");
                                         },
                                         [] { return std::string("options"); }});
  }

  static int new_socket() {
    return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }

  ipc::OwnedFd connect() {
    ipc::OwnedFd fd(new_socket());
    EXPECT_EQ(::connect(fd.get(), address(), sizeof address_), 0);
    serve();
    return fd;
  }
  void serve() {
    while (loop_.poll()) {
    }
  }
  void send(const ipc::OwnedFd& client, const ipc::Message& message) {
    const ipc::FrameBytes bytes = ipc::encode({0, message});
    EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t{256});
    serve();
  }

  // "id verdict text", with the attached text in brackets; "" when nothing is there, "end" at the
  // end.
  static std::string receive(const ipc::OwnedFd& client) {
    ipc::FrameBytes bytes;
    iovec part{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const ssize_t size = ::recvmsg(client.get(), &message, MSG_CMSG_CLOEXEC);
    if (size <= 0) {
      return size == 0 || errno == ECONNRESET ? "end" : "";
    }
    const auto decoded = ipc::decode(bytes);
    const auto& outcome = std::get<ipc::OutcomeFrame>(std::get<ipc::Frame>(decoded).message);
    std::string text = std::to_string(outcome.id) + " " +
                       std::to_string(static_cast<int>(outcome.verdict)) + " " + outcome.text;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
      const ipc::OwnedFd memory(fd);
      std::array<char, 100> content{};
      const ssize_t read = ::pread(fd, content.data(), content.size(), 0);
      text += "[" + std::string(content.data(), static_cast<std::size_t>(read)) + "]";
      EXPECT_LT(::pwrite(fd, "x", 1, 0), 0) << "it is sealed";
    }
    return text;
  }

  sockaddr_un address_{};
  ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  ipc::OwnedFd listening_;
  bool master_reads_ = true;
  std::vector<ipc::CommandFrame> passed_;
  std::optional<CommandServer> server_;
};

TEST_F(CommandServerTest, WhatItKnowsItAnswersItself) {
  const ipc::OwnedFd client = connect();
  send(client, ipc::CommandFrame{5, CommandKind::statistics});
  EXPECT_EQ(receive(client), "5 1 [numbers]");
  send(client, ipc::CommandFrame{6, CommandKind::statistics, 1});
  EXPECT_EQ(receive(client), "6 1 [all]");
  send(client, ipc::CommandFrame{7, CommandKind::configuration});
  EXPECT_EQ(receive(client), "7 1 [options]");
  EXPECT_TRUE(passed_.empty());
}

TEST_F(CommandServerTest, TheRestIsPassedOnAndAnsweredWithTheClientsOwnNumber) {
  const ipc::OwnedFd first = connect();
  const ipc::OwnedFd second = connect();
  send(first, ipc::CommandFrame{5, CommandKind::restart, 3, 1});
  send(second, ipc::CommandFrame{5, CommandKind::scale, 4, 1});
  ASSERT_EQ(passed_.size(), 2U);
  EXPECT_EQ(passed_[0].kind, CommandKind::restart);
  EXPECT_EQ(passed_[0].argument, 3U);
  EXPECT_EQ(passed_[0].sender, ::getpid()) << "as the kernel says, not the client";
  EXPECT_TRUE(server_->has_work());
  server_->answer({passed_[1].id, ipc::Verdict::failed, "no"});
  EXPECT_EQ(receive(second), "5 3 no");
  EXPECT_EQ(receive(first), "");
  server_->answer({passed_[0].id, ipc::Verdict::done, ""});
  EXPECT_EQ(receive(first), "5 1 ");
  server_->answer({passed_[0].id, ipc::Verdict::done, ""});
  EXPECT_EQ(receive(first), "") << "nothing is answered twice";
  EXPECT_FALSE(server_->has_work());
}

TEST_F(CommandServerTest, AConnectionTakesOneCommandAtATime) {
  const ipc::OwnedFd client = connect();
  send(client, ipc::CommandFrame{1, CommandKind::reload, 1});
  send(client, ipc::CommandFrame{2, CommandKind::stop});
  EXPECT_EQ(receive(client), "2 2 the command before it has not been answered yet");
  EXPECT_EQ(passed_.size(), 1U);
}

TEST_F(CommandServerTest, JunkIsToldAndTheConnectionClosed) {
  for (const std::string& junk : {std::string("hello"), std::string(256, '\0'),
                                  std::string(256, 'x'), std::string(5000, 'x')}) {
    const ipc::OwnedFd client = connect();
    EXPECT_GT(::send(client.get(), junk.data(), junk.size(), MSG_NOSIGNAL), 0);
    serve();
    EXPECT_TRUE(receive(client).starts_with("0 2 ")) << junk.size();
    EXPECT_EQ(receive(client), "end");
  }
  const ipc::OwnedFd client = connect();
  send(client, ipc::ReadyFrame{5});
  EXPECT_EQ(receive(client), "0 2 this is no command");
  EXPECT_EQ(receive(client), "end");
  EXPECT_TRUE(passed_.empty());
}

TEST_F(CommandServerTest, WhoGoesAwayBeforeTheAnswerHarmsNobody) {
  {
    const ipc::OwnedFd client = connect();
    send(client, ipc::CommandFrame{1, CommandKind::stop});
  }
  serve();
  EXPECT_FALSE(server_->has_work());
  server_->answer({passed_[0].id, ipc::Verdict::done, ""});
}

TEST_F(CommandServerTest, WhoDoesNotReadHisAnswersIsLeft) {
  const ipc::OwnedFd client = connect();
  const ipc::FrameBytes bytes = ipc::encode({0, ipc::CommandFrame{1, CommandKind::stop}});
  const ipc::FrameBytes question =
      ipc::encode({0, ipc::CommandFrame{1, CommandKind::configuration}});
  int asked = 0;
  while (asked < 100'000 &&
         ::send(client.get(), question.data(), question.size(), MSG_NOSIGNAL) > 0) {
    serve();
    ++asked;
  }
  EXPECT_LT(asked, 100'000);
  EXPECT_LT(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  EXPECT_TRUE(passed_.empty());
}

TEST_F(CommandServerTest, BeyondItsBoundTheIdleGiveWayAndThoseThatWaitDoNot) {
  std::vector<ipc::OwnedFd> clients;
  for (std::size_t i = 0; i < CommandServer::kMaxClients; ++i) {
    clients.push_back(connect());
  }
  send(clients[0], ipc::CommandFrame{1, CommandKind::stop});
  clients.push_back(connect());
  EXPECT_EQ(receive(clients[0]), "");
  EXPECT_EQ(receive(clients[1]), "end") << "it was idle for longest";
  EXPECT_EQ(receive(clients[2]), "");
  for (std::size_t i = 2; i < clients.size(); ++i) {
    send(clients[i], ipc::CommandFrame{1, CommandKind::stop});
  }
  const ipc::OwnedFd refused = connect();
  EXPECT_EQ(receive(refused), "0 2 too many operators wait for an answer already");
  EXPECT_EQ(receive(refused), "end");
}

TEST_F(CommandServerTest, AMasterThatDoesNotReadIsTold) {
  master_reads_ = false;
  const ipc::OwnedFd client = connect();
  send(client, ipc::CommandFrame{1, CommandKind::stop});
  EXPECT_EQ(receive(client), "1 2 the master does not take commands at present");
  EXPECT_FALSE(server_->has_work());
}

TEST_F(CommandServerTest, WhoConnectsWhenItLeavesIsForTheNextOne) {
  const ipc::OwnedFd before = connect();
  server_->stop_accepting();
  const ipc::OwnedFd after = connect();
  send(after, ipc::CommandFrame{1, CommandKind::configuration});
  EXPECT_EQ(receive(after), "");
  send(before, ipc::CommandFrame{1, CommandKind::configuration});
  EXPECT_EQ(receive(before), "1 1 [options]");
}

TEST_F(CommandServerTest, WhoHasConnectedAndNotAskedYetIsWaitedFor) {
  const ipc::OwnedFd client = connect();
  server_->stop_accepting();
  EXPECT_TRUE(server_->awaits_command());
  EXPECT_FALSE(server_->has_work());
  const ipc::FrameBytes bytes = ipc::encode({0, ipc::CommandFrame{1, CommandKind::configuration}});
  ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t{256});
  server_->serve();
  EXPECT_FALSE(server_->awaits_command()) << "what was sent is answered before anybody leaves";
  EXPECT_EQ(receive(client), "1 1 [options]");
}

}  // namespace
}  // namespace prefork::observer
