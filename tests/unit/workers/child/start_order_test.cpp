#include "workers/child/start_order.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace prefork::child {
namespace {

StartOrder an_order() {
  StartOrder order;
  order.title = "worker 3";
  order.place = {3, 1};
  order.epoch = 17;
  order.generation = 2;
  order.master_pid = 4711;
  order.ordered_ns = 123'456'789'000;
  order.slot_capacity = 12;
  order.descriptors = {5, 6, 7, 8, 9, 19, 10, {11, 12, 13, 14}, -1, 20, 21, 22};
  order.role = ChildRole::task;
  order.tasks = {3, 256, 1'000};
  order.listeners = {{15, true, false}, {16, false, true}};
  order.log = {"/var/log/shop.log", config::LogLevel::error, 17, 18};
  order.file_limit = {1024, 4096, true};
  order.statistics_url = "http://127.0.0.1:8001/stats";
  order.urls = {"http://127.0.0.1:8000", "unix:/run/shop"};
  order.options = std::string(
      "threads\0"
      "8\0",
      10);
  return order;
}

std::string content_of(int fd) {
  std::string content(kMaxStartOrderBytes, '\0');
  const ssize_t size = ::pread(fd, content.data(), content.size(), 0);
  content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return content;
}

ipc::OwnedFd memory_with(const std::string& content, bool is_sealed = true) {
  ipc::OwnedFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::write(memory.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  if (is_sealed) {
    ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  }
  return memory;
}

std::string problem_of(const std::string& content) {
  const ipc::OwnedFd memory = memory_with(content);
  const auto head = find_start_order(memory.get());
  EXPECT_TRUE(head);
  const auto read = read_start_order(memory.get(), *head);
  return read.ok() ? "" : read.problem().text;
}

// With another number in its head.
std::string with(std::string content, std::size_t offset, std::uint32_t number) {
  return content.replace(offset, sizeof number, reinterpret_cast<const char*>(&number),
                         sizeof number);
}

TEST(StartOrders, ArriveAsTheyWereWritten) {
  const StartOrder sent = an_order();
  const ipc::OwnedFd memory = write_start_order(sent);
  ASSERT_TRUE(memory.valid());
  const auto head = find_start_order(memory.get());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->epoch, 17U);
  EXPECT_EQ(head->control_write, 6);
  const auto read = read_start_order(memory.get(), *head);
  ASSERT_TRUE(read.ok()) << read.problem().text;
  const StartOrder& got = read.value();
  EXPECT_EQ(got.role, ChildRole::task);
  EXPECT_EQ(got.descriptors.tasks, 19);
  EXPECT_EQ(got.descriptors.kept, 20);
  EXPECT_EQ(got.descriptors.log_rings, 21);
  EXPECT_EQ(got.descriptors.spans, 22);
  EXPECT_EQ(got.tasks.slots, 3U);
  EXPECT_EQ(got.tasks.jobs, 256U);
  EXPECT_EQ(got.tasks.bytes, 1'000U);
  EXPECT_EQ(got.title, sent.title);
  EXPECT_EQ(got.place, sent.place);
  EXPECT_EQ(got.generation, 2U);
  EXPECT_EQ(got.master_pid, 4711);
  EXPECT_EQ(got.ordered_ns, sent.ordered_ns);
  EXPECT_EQ(got.slot_capacity, 12U);
  EXPECT_EQ(got.inherited(), sent.inherited());
  ASSERT_EQ(got.listeners.size(), 2U);
  EXPECT_TRUE(got.listeners[0].has_preamble);
  EXPECT_FALSE(got.listeners[0].outlives_service);
  EXPECT_TRUE(got.listeners[1].outlives_service);
  EXPECT_EQ(got.log.path, sent.log.path);
  EXPECT_EQ(got.log.level, config::LogLevel::error);
  EXPECT_EQ(got.log.torn_mark, 18);
  EXPECT_EQ(got.file_limit.soft, 1024U);
  EXPECT_TRUE(got.file_limit.is_raised);
  EXPECT_EQ(got.statistics_url, sent.statistics_url);
  EXPECT_EQ(got.urls, sent.urls);
  EXPECT_EQ(got.options, sent.options);
}

TEST(StartOrders, NameEachDescriptorThatThereIs) {
  StartOrder order = an_order();
  EXPECT_EQ(order.inherited(),
            (std::vector<int>{11, 12, 13, 14, 15, 16, 5, 6, 7, 8, 9, 19, 10, 20, 21, 22, 17, 18}));
  order.descriptors.sealed_application = -1;
  order.descriptors.kept = -1;
  order.descriptors.log_rings = -1;
  order.log.file = -1;
  order.descriptors.inboxes.clear();
  EXPECT_EQ(order.inherited(), (std::vector<int>{15, 16, 5, 6, 7, 8, 9, 19, 22, 18}));
}

TEST(StartOrders, CannotBeChangedAnyMore) {
  const ipc::OwnedFd memory = write_start_order(an_order());
  EXPECT_EQ(::pwrite(memory.get(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(memory.get(), 0), -1);
}

TEST(StartOrders, AreNotFoundInAnythingElse) {
  const std::string content = content_of(write_start_order(an_order()).get());
  EXPECT_TRUE(find_start_order(memory_with(content).get()));
  EXPECT_FALSE(find_start_order(memory_with(content, false).get())) << "somebody may change it";
  EXPECT_FALSE(find_start_order(memory_with("x" + content).get()));
  EXPECT_FALSE(find_start_order(memory_with(content.substr(0, 20)).get()));
  EXPECT_FALSE(find_start_order(-1));
  const ipc::OwnedFd file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(find_start_order(file.get()));
}

TEST(StartOrders, OfAnotherVersionOrSizeAreAProblem) {
  const std::string content = content_of(write_start_order(an_order()).get());
  const auto size = static_cast<std::uint32_t>(content.size());
  EXPECT_EQ(problem_of(content), "");
  EXPECT_EQ(problem_of(with(content, 8, 5)),
            "its orders are of version 5, and this program reads version 4");
  EXPECT_EQ(problem_of(with(content, 12, size + 1)),
            "its orders are not of the size that they say");
  EXPECT_EQ(problem_of(content + "x"), "its orders are not of the size that they say");
  EXPECT_EQ(problem_of(with(content + "x", 12, size + 1)),
            "its orders are cut off or go on behind their end");
  for (std::uint32_t cut = sizeof(StartOrderHead); cut < size; ++cut) {
    EXPECT_EQ(problem_of(with(content.substr(0, cut), 12, cut)),
              "its orders are cut off or go on behind their end")
        << cut;
  }
}

TEST(StartOrders, WithAnyByteChangedAreReadWithoutHarm) {
  const std::string content = content_of(write_start_order(an_order()).get());
  for (std::size_t at = sizeof(StartOrderHead); at < content.size(); ++at) {
    std::string changed = content;
    changed[at] = '\x7f';
    problem_of(changed);
    changed[at] = '\xff';
    problem_of(changed);
  }
}

}  // namespace
}  // namespace prefork::child
