#include "ipc/kept/kept_requests.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "ipc/kept/kept_file.h"

namespace prefork::ipc {
namespace {

constexpr Place kKeeper{1, 1};

void put(const KeptRequests& requests, std::uint32_t index, std::uint64_t id, std::string_view head,
         std::string_view body) {
  KeptRequests::Box& box = requests.box(kKeeper, index);
  std::memcpy(box.head, head.data(), head.size());
  std::memcpy(box.body, body.data(), body.size());
  box.head_size = static_cast<std::uint32_t>(head.size());
  box.body_size = static_cast<std::uint32_t>(body.size());
  box.body_bytes = body.size();
  box.id.store(id);
}

TEST(KeptRequests, AreTakenOnce) {
  const KeptRequests requests(2);
  put(requests, 0, 7, "GET / HTTP/1.1\r\n\r\n", "");
  put(requests, 63, 9, "POST / HTTP/1.1\r\n\r\n", "body");
  EXPECT_TRUE(requests.take({0, 0}, 16).empty()) << "of another process";
  const auto taken = requests.take(kKeeper, 16);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].id, 7U);
  EXPECT_EQ(taken[0].head, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(taken[1].body, "body");
  EXPECT_TRUE(requests.take(kKeeper, 16).empty());
}

TEST(KeptRequests, MoreThanAskedForAreForgotten) {
  const KeptRequests requests(2);
  for (std::uint32_t i = 0; i < KeptRequests::kBoxes; ++i) {
    put(requests, i, i + 1, "GET / HTTP/1.1\r\n\r\n", "");
  }
  EXPECT_EQ(requests.take(kKeeper, 5).size(), 5U);
  EXPECT_TRUE(requests.take(kKeeper, 100).empty());
}

TEST(KeptRequests, NoSizeOfADeadProcessIsBelieved) {
  const KeptRequests requests(2);
  put(requests, 0, 7, "GET / HTTP/1.1\r\n\r\n", "body");
  requests.box(kKeeper, 0).head_size = std::numeric_limits<std::uint32_t>::max();
  requests.box(kKeeper, 0).body_size = std::numeric_limits<std::uint32_t>::max();
  const auto taken = requests.take(kKeeper, 16);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].head.size(), KeptRequests::kMaxHeadBytes);
  EXPECT_EQ(taken[0].body.size(), KeptRequests::kMaxBodyBytes);
}

TEST(KeptRequests, WithoutAHeadThereIsNothingToKeep) {
  const KeptRequests requests(2);
  put(requests, 0, 7, "", "body");
  EXPECT_TRUE(requests.take(kKeeper, 16).empty());
}

TEST(KeptRequests, AreMappedAgainByWhoHasTheMemory) {
  const KeptRequests requests(2);
  const KeptRequests again(OwnedFd(::dup(requests.fd())), 2);
  put(again, 3, 7, "GET / HTTP/1.1\r\n\r\n", "");
  EXPECT_EQ(requests.take(kKeeper, 16).size(), 1U);
  EXPECT_THROW(KeptRequests(OwnedFd(::dup(requests.fd())), 3), std::runtime_error);
}

TEST(KeptFile, ComesBackAsItWasWritten) {
  const KeptRequest request{12, 70'000, false, "POST /a HTTP/1.1\r\nHost: x\r\n\r\n", "a\n\nb"};
  const std::string text =
      kept_file_text(request, {2, 300, 4, "signal 11 (SIGSEGV), core dumped", "2026-11-29"});
  const auto file = parse_kept_file(text);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->request, request.head + request.body);
  EXPECT_EQ(file->about,
            "worker: 2 (pid 300), generation 4\n"
            "end: signal 11 (SIGSEGV), core dumped\n"
            "time: 2026-11-29\n"
            "request: 12 of that worker\n"
            "body: the first 4 of 70000 bytes\n");
}

TEST(KeptFile, SaysWhatItHasOfTheBody) {
  const KeptAbout about{0, 1, 1, "exit code 1", "now"};
  EXPECT_NE(kept_file_text({1, 3, false, "h", "abc"}, about).find("body: all of it, 3 bytes\n"),
            std::string::npos);
  EXPECT_NE(kept_file_text({1, 0, true, "h", ""}, about).find("body: not kept: "),
            std::string::npos);
}

TEST(KeptFile, IsNotWhatSomebodyElseHasWritten) {
  for (const char* const text : {"", "GET / HTTP/1.1\r\n\r\n", "prefork-request 1\n",
                                 "prefork-request 1\nworker: 0\n", "prefork-request 1\na\n\n"}) {
    EXPECT_FALSE(parse_kept_file(text)) << text;
  }
}

}  // namespace
}  // namespace prefork::ipc
