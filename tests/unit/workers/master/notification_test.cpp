#include "workers/master/notification.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "tests/unit/workers/master/plans_support.h"

namespace prefork::master {
namespace {

TEST(Notification, NamesTheAddressesAndEndsWithTheWord) {
  const auto plan = plan_without_observer();
  EXPECT_EQ(notification_text(*plan), "listening http://127.0.0.1:8000\nready\n");
  plan->sockets.push_back(socket_at(config::Bind::inherited_fd(3), "unix:/run/shop.sock"));
  plan->admin.push_back(socket_at(config::Bind::tcp("127.0.0.1", 8001), "http://127.0.0.1:8001"));
  EXPECT_EQ(notification_text(*plan),
            "listening http://127.0.0.1:8000\nlistening unix:/run/shop.sock\n"
            "admin http://127.0.0.1:8001\nready\n");
}

TEST(Notification, IsWrittenAtOnceAndThenTheFileEnds) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const ipc::OwnedFd read_end(ends[0]);
  const auto plan = plan_without_observer();
  plan->options.general.notify_fd = ends[1];
  EXPECT_EQ(notify(*plan), 0);
  std::array<char, 256> bytes{};
  const ssize_t got = ::read(read_end.get(), bytes.data(), bytes.size());
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(bytes.data(), static_cast<std::size_t>(got)), notification_text(*plan));
  EXPECT_EQ(::read(read_end.get(), bytes.data(), bytes.size()), 0);
}

TEST(Notification, SaysWhenNobodyWasTold) {
  const auto plan = plan_without_observer();
  EXPECT_EQ(notify(*plan), 0) << "nobody wants to know";
  plan->options.general.notify_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(notify(*plan), EBADF);
}

}  // namespace
}  // namespace prefork::master
