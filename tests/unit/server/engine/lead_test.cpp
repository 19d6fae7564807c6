// How many connections more than its siblings a process may have and still keep new ones.
#include "server/engine/lead.h"

#include <gtest/gtest.h>

namespace prefork::engine {
namespace {

TEST(Lead, BeginsWithOne) { EXPECT_EQ(Lead().most(), 1U); }

TEST(Lead, GrowsWithEachShortConnectionUpToItsLimit) {
  Lead lead;
  lead.on_answered_at_once();
  EXPECT_EQ(lead.most(), 2U);
  for (std::uint32_t i = 0; i < 2 * Lead::kMost; ++i) {
    lead.on_answered_at_once();
  }
  EXPECT_EQ(lead.most(), Lead::kMost);
}

TEST(Lead, IsGoneAfterAFewLongAnswers) {
  Lead lead;
  for (std::uint32_t i = 0; i < Lead::kMost; ++i) {
    lead.on_answered_at_once();
  }
  int answers = 0;
  for (; lead.most() != Lead::kLeast; ++answers) {
    lead.on_lasting();
  }
  EXPECT_EQ(answers, 6);
  lead.on_lasting();
  EXPECT_EQ(lead.most(), Lead::kLeast);
}

// One long answer among many short ones is no reason to have each of these travel.
TEST(Lead, StaysWideWhereLongAnswersAreRare) {
  Lead lead;
  std::uint32_t least = Lead::kMost;
  for (int i = 0; i < 2000; ++i) {
    i % 100 == 0 ? lead.on_lasting() : lead.on_answered_at_once();
    if (i >= 1000) {
      least = std::min(least, lead.most());
    }
  }
  EXPECT_EQ(least, Lead::kMost / 2);
}

}  // namespace
}  // namespace prefork::engine
