#include "workers/child/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace prefork::child {
namespace {

TEST(JournalStreamText, IsDeviceAndInode) {
  EXPECT_EQ(parse_journal_stream("8:12345"), (JournalStream{8, 12'345}));
  for (const char* text : {"", "8", "8:", ":1", "8:1x", "8 1", "-8:1"}) {
    EXPECT_EQ(parse_journal_stream(text), std::nullopt) << text;
  }
}

// A service may have sent its standard error elsewhere since.
TEST(Journal, IsThereOnlyWhereTheDescriptorIsTheStream) {
  struct stat about {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &about), 0);
  const std::string device = std::to_string(about.st_dev) + ":";
  ::setenv("JOURNAL_STREAM", (device + std::to_string(about.st_ino)).c_str(), 1);
  EXPECT_TRUE(is_journal(STDERR_FILENO));
  ::setenv("JOURNAL_STREAM", (device + std::to_string(about.st_ino + 1)).c_str(), 1);
  EXPECT_FALSE(is_journal(STDERR_FILENO));
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(is_journal(STDERR_FILENO));
}

TEST(Journal, HasThePrioritiesOfSyslog) {
  EXPECT_EQ(journal_priority(config::LogLevel::critical), "<2>");
  EXPECT_EQ(journal_priority(config::LogLevel::warning), "<4>");
  EXPECT_EQ(journal_priority(config::LogLevel::info), "<6>");
  EXPECT_EQ(journal_priority(config::LogLevel::trace), "<7>");
}

}  // namespace
}  // namespace prefork::child
