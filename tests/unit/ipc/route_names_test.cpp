#include "ipc/route_names.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace prefork::ipc {
namespace {

class RouteNamesTest : public testing::Test {
 protected:
  std::unique_ptr<RouteNames> names_ = std::make_unique<RouteNames>();
};

TEST_F(RouteNamesTest, ANameKeepsItsLabel) {
  const RouteLabel items = names_->label_of("/items/{id}");
  EXPECT_EQ(items, kFirstNamedRoute);
  EXPECT_NE(names_->label_of("/"), items);
  EXPECT_EQ(names_->label_of("/items/{id}"), items);
  EXPECT_EQ(names_->name_of(items), "/items/{id}");
  EXPECT_EQ(names_->labels(), kFirstNamedRoute + 2U);
}

TEST_F(RouteNamesTest, SomeStandForMoreThanOneRoute) {
  EXPECT_EQ(names_->labels(), std::size_t{kFirstNamedRoute});
  EXPECT_EQ(names_->name_of(kUnmatchedRoute), "unmatched");
  EXPECT_EQ(names_->name_of(kFilesRoute), "files");
  EXPECT_EQ(names_->name_of(kOtherRoute), "_other");
  EXPECT_EQ(names_->name_of(kFirstNamedRoute), "") << "nobody uses it yet";
  EXPECT_EQ(names_->name_of(kMaxRouteLabels), "");
}

TEST_F(RouteNamesTest, WhatIsTooMuchOrTooLongIsCountedTogether) {
  EXPECT_EQ(names_->label_of(std::string(kMaxRouteNameBytes + 1, 'x')), kOtherRoute);
  EXPECT_EQ(names_->label_of(""), kOtherRoute);
  const std::string longest(kMaxRouteNameBytes, 'x');
  EXPECT_EQ(names_->name_of(names_->label_of(longest)), longest);
  for (std::size_t i = 1; i < kMaxRouteNames; ++i) {
    EXPECT_NE(names_->label_of("/" + std::to_string(i)), kOtherRoute) << i;
  }
  EXPECT_EQ(names_->label_of("/one/more"), kOtherRoute);
  EXPECT_EQ(names_->labels(), kMaxRouteLabels);
}

TEST_F(RouteNamesTest, LabelsOfAnApplicationAreByNumberFromOne) {
  const std::vector<RouteLabel> labels = names_->labels_of({"/a", "/b", "/a"});
  EXPECT_EQ(labels, (std::vector<RouteLabel>{kUnmatchedRoute, kFirstNamedRoute,
                                             kFirstNamedRoute + 1, kFirstNamedRoute}));
}

TEST_F(RouteNamesTest, WorkersAddTheSameNamesAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kNames = 40;
  std::vector<std::thread> threads;
  std::vector<std::vector<RouteLabel>> labels(kThreads);
  for (auto& own : labels) {
    threads.emplace_back([this, &own] {
      for (int i = 0; i < kNames; ++i) {
        own.push_back(names_->label_of("/route/" + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const auto& own : labels) {
    for (int i = 0; i < kNames; ++i) {
      EXPECT_EQ(names_->name_of(own[static_cast<std::size_t>(i)]), "/route/" + std::to_string(i));
    }
  }
}

TEST_F(RouteNamesTest, APlaceWhoseWriterWasKilledIsLeftAlone) {
  // An entry begins with its state, of which 1 is "being written".
  const std::uint32_t is_written = 1;
  std::memcpy(static_cast<void*>(names_.get()), &is_written, sizeof is_written);
  const RouteLabel label = names_->label_of("/items");
  EXPECT_EQ(label, kFirstNamedRoute + 1);
  EXPECT_EQ(names_->name_of(kFirstNamedRoute), "");
  EXPECT_EQ(names_->name_of(label), "/items");
  EXPECT_EQ(names_->labels(), kFirstNamedRoute + 2U);
}

}  // namespace
}  // namespace prefork::ipc
