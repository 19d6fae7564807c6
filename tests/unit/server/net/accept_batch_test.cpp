#include "server/net/accept_batch.h"

#include <gtest/gtest.h>

namespace prefork::net {
namespace {

// How many full turns it takes until more are tried.
int turns_until_more(AcceptBatch& batch) {
  const int before = batch.size();
  int turns = 0;
  while (batch.size() == before && turns < 2 * AcceptBatch::kMostPatience) {
    batch.on_full();
    ++turns;
  }
  return turns;
}

TEST(AcceptBatch, IsOneUntilSoManyTurnsHaveBeenFull) {
  AcceptBatch batch;
  EXPECT_EQ(batch.size(), 1);
  EXPECT_EQ(turns_until_more(batch), AcceptBatch::kLeastPatience);
  EXPECT_EQ(batch.size(), 2);
}

TEST(AcceptBatch, GrowsToItsLimitWhileAllAreThere) {
  AcceptBatch batch;
  for (int i = 0; i < 100 * AcceptBatch::kLeastPatience; ++i) {
    batch.on_full();
    ASSERT_LE(batch.size(), AcceptBatch::kMost);
  }
  EXPECT_EQ(batch.size(), AcceptBatch::kMost);
}

TEST(AcceptBatch, TriesMoreHalfAsOftenEachTimeThatTheyWereNotThere) {
  AcceptBatch batch;
  for (int patience = AcceptBatch::kLeastPatience; patience < AcceptBatch::kMostPatience;
       patience *= 2) {
    ASSERT_EQ(turns_until_more(batch), patience);
    batch.on_short(1);
    ASSERT_EQ(batch.size(), 1);
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(turns_until_more(batch), AcceptBatch::kMostPatience) << "but not ever more rarely";
    batch.on_short(1);
  }
}

TEST(AcceptBatch, IsPatientNoLongerOnceMoreAreThere) {
  AcceptBatch batch;
  turns_until_more(batch);
  batch.on_short(1);
  EXPECT_EQ(turns_until_more(batch), 2 * AcceptBatch::kLeastPatience);
  EXPECT_EQ(turns_until_more(batch), 2 * AcceptBatch::kLeastPatience);
  EXPECT_EQ(turns_until_more(batch), AcceptBatch::kLeastPatience);
}

TEST(AcceptBatch, ASiblingThatWasFasterSaysNothingAboutHowManyCome) {
  AcceptBatch batch;
  turns_until_more(batch);
  batch.on_short(0);
  EXPECT_EQ(batch.size(), 1);
  EXPECT_EQ(turns_until_more(batch), AcceptBatch::kLeastPatience);
}

}  // namespace
}  // namespace prefork::net
