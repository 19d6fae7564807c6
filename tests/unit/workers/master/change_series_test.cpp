#include "workers/master/change_series.h"

#include <gtest/gtest.h>

#include <string>

namespace prefork::master {
namespace {

using namespace std::chrono_literals;
using Paths = std::set<std::string>;

constexpr ChangeSeries::TimePoint kStart{1000s};

TEST(ChangeSeries, IsDueOnceItHasBeenQuiet) {
  ChangeSeries changes;
  EXPECT_EQ(changes.due(), std::nullopt);
  changes.changed("/a", kStart);
  EXPECT_EQ(changes.due(), kStart + ChangeSeries::kQuietTime);
  changes.changed("/b", kStart + 100ms);
  EXPECT_EQ(changes.due(), kStart + 100ms + ChangeSeries::kQuietTime);
  EXPECT_EQ(changes.take(), (Paths{"/a", "/b"}));
  EXPECT_EQ(changes.due(), std::nullopt);
}

TEST(ChangeSeries, WithoutAnEndIsDueAfterItsLongestTime) {
  ChangeSeries changes;
  for (auto at = kStart; at < kStart + 10s; at += 100ms) {
    changes.changed("/a", at);
  }
  EXPECT_EQ(changes.due(), kStart + ChangeSeries::kLongestSeries);
}

TEST(ChangeSeries, TheNextOneStartsAnew) {
  ChangeSeries changes;
  changes.changed("/a", kStart);
  changes.take();
  changes.changed("/b", kStart + 1h);
  EXPECT_EQ(changes.due(), kStart + 1h + ChangeSeries::kQuietTime);
  EXPECT_EQ(changes.take(), Paths{"/b"});
}

TEST(ChangeSeries, AFileThatCameAndWentHasNotChanged) {
  ChangeSeries changes;
  changes.made("/4913");
  EXPECT_EQ(changes.due(), std::nullopt) << "it is still written to";
  changes.changed("/4913", kStart);
  changes.gone("/4913", kStart);
  EXPECT_EQ(changes.due(), std::nullopt);
}

TEST(ChangeSeries, AFileThatWasThereBeforeHasChangedWhenItIsGone) {
  ChangeSeries changes;
  changes.gone("/a", kStart);
  EXPECT_EQ(changes.take(), Paths{"/a"});
  changes.changed("/b", kStart);
  changes.made("/b");
  changes.gone("/b", kStart);
  EXPECT_EQ(changes.take(), Paths{"/b"}) << "made anew while the change was not told yet";
  changes.made("/c");
  changes.take();
  changes.gone("/c", kStart);
  EXPECT_EQ(changes.take(), Paths{"/c"}) << "made within an earlier series";
}

TEST(ChangeSeries, RemembersALimitedNumberOfNamesAndStillIsDue) {
  ChangeSeries changes;
  for (std::size_t i = 0; i < 2 * ChangeSeries::kMaxRemembered; ++i) {
    changes.changed("/" + std::to_string(i), kStart);
    changes.made("/made-" + std::to_string(i));
  }
  EXPECT_EQ(changes.due(), kStart + ChangeSeries::kQuietTime);
  EXPECT_EQ(changes.take().size(), ChangeSeries::kMaxRemembered);
}

}  // namespace
}  // namespace prefork::master
