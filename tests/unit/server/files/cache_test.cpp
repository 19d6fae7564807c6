#include "server/files/cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::files {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

std::uint64_t now_ns = kSecondNs;
std::uint64_t test_clock() { return now_ns; }

class StaticCacheTest : public testing::Test {
 protected:
  StaticCacheTest() {
    settings_.folder = folder_ / "site";
    fs::create_directories(settings_.folder);
  }

  StaticCache& cache() {
    if (!cache_) {
      cache_ = std::make_unique<StaticCache>(
          settings_,
          std::make_shared<const http::MimeTypes>(http::MimeTypes::of_system("/no/such/file")),
          limits_, test_clock);
    }
    return *cache_;
  }

  std::string write(const std::string& name, std::string_view text) const {
    return folder_.write("site/" + name, text);
  }

  // The file's content as it would be served, or the kind of trouble.
  std::string content(std::string_view name) {
    const StaticCache::Found found = cache().find(name);
    if (found.kind != FileKind::file) {
      return found.kind == FileKind::nothing ? "nothing" : "trouble";
    }
    const StoredFile& file = *found.resource->plain().file;
    if (file.is_in_memory) {
      return file.content;
    }
    std::string text(static_cast<std::size_t>(file.identity.size), '\0');
    const ssize_t size = ::pread(file.fd.get(), text.data(), text.size(), 0);
    return text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }

  const config::TemporaryFolder folder_;
  StaticSettings settings_;
  StaticCacheLimits limits_;
  std::unique_ptr<StaticCache> cache_;
};

const std::string kLarge(kMaxFileBytesInMemory + 1, 'x');

TEST_F(StaticCacheTest, AFileIsFreshForASecond) {
  write("a", "one");
  EXPECT_EQ(cache().find_fresh("/a"), nullptr);
  EXPECT_EQ(content("/a"), "one");
  write("a", "three");
  now_ns += kSecondNs - 1;
  EXPECT_NE(cache().find_fresh("/a"), nullptr);
  EXPECT_EQ(content("/a"), "one");
  now_ns += 1;
  EXPECT_EQ(cache().find_fresh("/a"), nullptr);
  EXPECT_EQ(content("/a"), "three");
}

// The kernel's clock has not moved on between the two.
TEST_F(StaticCacheTest, AFileThatIsWrittenTwiceInOneInstantIsNotTakenForTheFirst) {
  for (const char* other : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    write("a", "0");
    now_ns += kSecondNs;
    EXPECT_EQ(content("/a"), "0");
    write("a", other);
    now_ns += kSecondNs;
    EXPECT_EQ(content("/a"), other);
  }
}

TEST_F(StaticCacheTest, ARenamedAndATruncatedFileAreNoticed) {
  for (const std::string& before : {std::string("before"), kLarge}) {
    const std::string path = write("a", before);
    now_ns += kSecondNs;
    EXPECT_EQ(content("/a"), before);
    fs::rename(write("new", "behind"), path);
    now_ns += kSecondNs;
    EXPECT_EQ(content("/a"), "behind");
    fs::resize_file(path, 2);
    now_ns += kSecondNs;
    EXPECT_EQ(content("/a"), "be");
  }
}

TEST_F(StaticCacheTest, ADeletedFileIsForgottenAndANewOneServedAtOnce) {
  const std::string path = write("a", kLarge);
  EXPECT_EQ(content("/a"), kLarge);
  EXPECT_EQ(cache().open_files(), 1u);
  fs::remove(path);
  now_ns += kSecondNs;
  EXPECT_EQ(content("/a"), "nothing");
  EXPECT_EQ(cache().entries(), 0u);
  EXPECT_EQ(cache().open_files(), 0u);
  write("a", "new");
  EXPECT_EQ(content("/a"), "new");
  EXPECT_EQ(cache().bytes(), 3u);
}

TEST_F(StaticCacheTest, WhatDidNotChangeIsNotReadAgain) {
  write("a", "text");
  write("a.gz", "gzip");
  const auto* first = cache().find("/a").resource->plain().file.get();
  now_ns += kSecondNs;
  EXPECT_EQ(cache().find("/a").resource->plain().file.get(), first);
  write("a.br", "brotli");
  now_ns += kSecondNs;
  const StaticResource* resource = cache().find("/a").resource;
  EXPECT_EQ(resource->plain().file.get(), first);
  ASSERT_EQ(resource->representations.size(), 3u);
  EXPECT_EQ(resource->representations[0].coding, http::ContentCoding::br);
  fs::remove(folder_ / "site/a.gz");
  now_ns += kSecondNs;
  EXPECT_EQ(cache().find("/a").resource->representations.size(), 2u);
}

TEST_F(StaticCacheTest, BeyondALimitWhatWasNotAskedForTheLongestGoes) {
  limits_ = {3, 10, 1};
  for (const char* name : {"a", "b", "c", "d"}) write(name, "1");
  for (const char* name : {"/a", "/b", "/c", "/a", "/d"}) cache().find(name);
  EXPECT_EQ(cache().entries(), 3u);
  EXPECT_EQ(cache().find_fresh("/b"), nullptr);
  EXPECT_NE(cache().find_fresh("/a"), nullptr);

  write("nine", "123456789");
  EXPECT_EQ(content("/nine"), "123456789");
  EXPECT_EQ(cache().bytes(), 10u);
  EXPECT_NE(cache().find_fresh("/a"), nullptr) << "the last one that was asked for";

  write("l1", kLarge);
  write("l2", kLarge);
  cache().find("/l1");
  cache().find("/l2");
  EXPECT_EQ(cache().open_files(), 1u);
  EXPECT_EQ(cache().find_fresh("/l1"), nullptr);
}

TEST_F(StaticCacheTest, OneThatIsLargerThanTheLimitIsServedAllTheSame) {
  limits_ = {0, 0, 0};
  write("a", "1");
  write("l", kLarge);
  EXPECT_EQ(content("/a"), "1");
  EXPECT_EQ(content("/l"), kLarge);
  EXPECT_EQ(cache().entries(), 1u);
}

TEST_F(StaticCacheTest, TheFolderIsFoundAgainByItsPath) {
  write("a", "one");
  EXPECT_EQ(content("/a"), "one");
  fs::rename(settings_.folder, folder_ / "old");
  now_ns += kSecondNs;
  EXPECT_EQ(content("/a"), "one") << "a folder that is gone for a moment stays in use";
  write("a", "two");
  now_ns += kSecondNs;
  EXPECT_EQ(content("/a"), "two");
  EXPECT_EQ(cache().entries(), 1u);
  fs::remove_all(settings_.folder);
  now_ns += kSecondNs;
  EXPECT_EQ(content("/a"), "nothing");
}

TEST_F(StaticCacheTest, ALinkThatIsTurnedToAnotherFolderIsNoticed) {
  folder_.write("v1/a", "one");
  folder_.write("v2/a", "two");
  fs::remove(settings_.folder);
  fs::create_directory_symlink("v1", settings_.folder);
  EXPECT_EQ(content("/a"), "one");
  fs::create_directory_symlink("v2", folder_ / "next");
  fs::rename(folder_ / "next", settings_.folder);
  now_ns += kSecondNs;
  EXPECT_EQ(content("/a"), "two");
}

TEST_F(StaticCacheTest, TheOpenFilesAreAtMostAQuarterOfWhatTheProcessMayHave) {
  EXPECT_LE(StaticCacheLimits::for_this_process().open_files, StaticCacheLimits{}.open_files);
  EXPECT_GT(StaticCacheLimits::for_this_process().open_files, 0u);
}

}  // namespace
}  // namespace prefork::files
