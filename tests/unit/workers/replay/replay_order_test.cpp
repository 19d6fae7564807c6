#include "workers/replay/replay_order.h"

#include <gtest/gtest.h>

namespace prefork::replay {
namespace {

using Texts = std::vector<std::string>;

TEST(ReplayOrder, IsAFileAndWhatServesIt) {
  const auto order = read_replay_order({"a.request", "./libshop.so", "--", "--threads", "2"});
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order.value().file, "a.request");
  EXPECT_EQ(order.value().arguments, (Texts{"./libshop.so", "--threads", "2"}));
  EXPECT_TRUE(read_replay_order({"a.request"}).value().arguments.empty());
}

TEST(ReplayOrder, NeedsAFile) {
  EXPECT_NE(read_replay_order({}).problem().text.find("there is no file"), std::string::npos);
  EXPECT_FALSE(read_replay_order({"--threads", "2"}).ok());
}

TEST(ReplayOrder, RefusesWhatIsTheReplaysOwn) {
  for (const char* const option : {"--workers", "--workers=4", "--bind", "--log-file=x"}) {
    const auto order = read_replay_order({"a.request", option, "4"});
    ASSERT_FALSE(order.ok()) << option;
    EXPECT_NE(order.problem().text.find("is not for the server of a replay"), std::string::npos);
  }
}

}  // namespace
}  // namespace prefork::replay
