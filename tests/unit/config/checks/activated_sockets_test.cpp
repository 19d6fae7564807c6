#include "config/checks/activated_sockets.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

using Sockets = std::vector<ActivatedSocket>;

Environment activation(const std::string& count, const std::string& names,
                       int pid = static_cast<int>(::getpid())) {
  return {{"LISTEN_PID", std::to_string(pid)}, {"LISTEN_FDS", count}, {"LISTEN_FDNAMES", names}};
}

TEST(ActivatedSockets, HaveTheNamesThatTheEnvironmentGives) {
  EXPECT_EQ(activated_sockets(activation("2", "web:admin", 7), 7),
            (Sockets{{3, "web"}, {4, "admin"}}));
  EXPECT_EQ(activated_sockets(activation("3", "web", 7), 7),
            (Sockets{{3, "web"}, {4, "unknown"}, {5, "unknown"}}));
  EXPECT_EQ(activated_sockets({{"LISTEN_PID", "7"}, {"LISTEN_FDS", "1"}}, 7),
            (Sockets{{3, "unknown"}}));
}

TEST(ActivatedSockets, AreNoneWhereTheEnvironmentSpeaksToSomebodyElse) {
  EXPECT_EQ(activated_sockets(activation("1", "web", 7), 8), Sockets{});
  EXPECT_EQ(activated_sockets(activation("0", "", 7), 7), Sockets{});
  EXPECT_EQ(activated_sockets(activation("x", "", 7), 7), Sockets{});
  EXPECT_EQ(activated_sockets(activation("99999999", "", 7), 7), Sockets{});
  EXPECT_EQ(activated_sockets({{"LISTEN_FDS", "1"}}, 7), Sockets{});
}

TEST(PutInPlace, TakesEverySocketOfAName) {
  Bind wanted = Bind::activated("web");
  wanted.proxy_protocol = true;
  const auto placed =
      put_in_place({Bind::tcp("127.0.0.1", 1), wanted}, {{3, "web"}, {4, "admin"}, {5, "web"}});
  ASSERT_TRUE(placed.ok());
  ASSERT_EQ(placed.value().size(), 3u);
  EXPECT_EQ(placed.value()[0], Bind::tcp("127.0.0.1", 1));
  EXPECT_EQ(placed.value()[1].text(), "fd://3,proxy-protocol");
  EXPECT_EQ(placed.value()[2].text(), "fd://5,proxy-protocol");
}

TEST(PutInPlace, SaysWhichNamesThereAre) {
  EXPECT_EQ(put_in_place({Bind::activated("web")}, {}).problem().text,
            "no socket called 'web' was passed by systemd; start the server by its socket unit");
  EXPECT_EQ(put_in_place({Bind::activated("web")}, {{3, "a"}, {4, "b"}}).problem().text,
            "no socket called 'web' was passed by systemd; there are 'a', 'b' "
            "(FileDescriptorName=)");
}

// Standard input is open, and stands for a socket.
TEST(Activation, IsUsedInPlaceOfTheDefaultAndOfNothingElse) {
  const int taken = ::dup2(STDIN_FILENO, 3);
  ASSERT_EQ(taken, 3);
  const Environment environment = activation("1", "web");
  EXPECT_EQ(options_of({}, environment).listening.binds, std::vector{Bind::inherited_fd(3)});
  EXPECT_EQ(options_of({"--port", "0"}, environment).listening.binds,
            std::vector{Bind::tcp("127.0.0.1", 0)});
  EXPECT_EQ(options_of({"--bind", "systemd:web", "--bind", ":0"}, environment).listening.binds,
            (std::vector{Bind::inherited_fd(3), Bind::tcp("0.0.0.0", 0)}));
  EXPECT_EQ(errors_of({"--bind", "systemd:other"}, environment),
            (Lines{"--bind: no socket called 'other' was passed by systemd; there are 'web' "
                   "(FileDescriptorName=)"}));
  ::close(taken);
}

TEST(Activation, HasNamesThatAreNoHostsAndPorts) {
  EXPECT_EQ(parse_bind("systemd:web").value(), Bind::activated("web"));
  EXPECT_EQ(parse_bind("systemd:web").value().text(), "systemd:web");
  EXPECT_EQ(parse_bind("systemd:8000").value(), Bind::tcp("systemd", 8000));
  EXPECT_FALSE(parse_bind("systemd:").ok());
  EXPECT_FALSE(parse_bind("systemd:a b").ok());
}

}  // namespace
}  // namespace prefork::config
