#include "server/exchange/response_body.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/config/config_support.h"

namespace prefork::exchange {
namespace {

using Next = ResponseBody::Next;
using http::SourceResult;
using http::SourceStatus;

// A source that says what it was told to say; behind that it is at its end.
class Script : public http::BodySource {
 public:
  explicit Script(std::deque<SourceResult> results) : results_(std::move(results)) {}
  SourceResult read(std::span<char>) override {
    if (results_.empty()) {
      return {SourceStatus::end, 0};
    }
    const SourceResult result = results_.front();
    results_.pop_front();
    if (result.status == SourceStatus::failed) {
      throw std::runtime_error("no disk");
    }
    return result;
  }

 private:
  std::deque<SourceResult> results_;
};

class ResponseBodyTest : public testing::Test {
 protected:
  void start(std::deque<SourceResult> results, std::optional<std::uint64_t> size = {}) {
    http::Response response;
    response.set_source(std::make_unique<Script>(std::move(results)), size);
    body_.start(response);
    body_.start_source([] {});
  }

  // Reads as a sender does; -1 for what is no content.
  std::vector<int> run() {
    std::vector<int> sizes;
    std::vector<char> room;
    while ((last_ = body_.next()) == Next::source) {
      room.resize(body_.room());
      const SourceResult result = body_.read(room);
      if (result.status == SourceStatus::wait) {
        sizes.push_back(-1);
        break;
      }
      if (result.status == SourceStatus::more) {
        sizes.push_back(static_cast<int>(result.size));
      }
    }
    return sizes;
  }

  ResponseBody body_;
  Next last_ = Next::end;
};

// A file of ten bytes of which two are sent.
class FileBeingSent : public ResponseBodyTest {
 protected:
  FileBeingSent() {
    folder_.write("file", "0123456789");
    auto fd =
        std::make_shared<ipc::OwnedFd>(::open((folder_ / "file").c_str(), O_RDWR | O_CLOEXEC));
    file_ = fd->get();
    // What is changed from now on has another time.
    const timespec long_ago[2] = {{1, 0}, {1, 0}};
    EXPECT_EQ(::futimens(file_, long_ago), 0);
    http::Response response;
    response.add_piece({{}, fd, 0, 5});
    response.add_piece({"between", fd, 6, 4});
    body_.start(response);
    EXPECT_EQ(body_.next(), Next::file);
    body_.file_sent(2);
  }

  const config::TemporaryFolder folder_;
  int file_ = -1;
};

TEST_F(FileBeingSent, GoesOnAsLongAsItIsTheSame) {
  ASSERT_EQ(::rename((folder_ / "file").c_str(), (folder_ / "old").c_str()), 0);
  ASSERT_EQ(::unlink((folder_ / "old").c_str()), 0);
  EXPECT_EQ(body_.next(), Next::file);
  body_.file_sent(3);
  EXPECT_EQ(body_.next(), Next::text);
  body_.text_sent(7);
  EXPECT_EQ(body_.next(), Next::file);
  body_.file_sent(4);
  EXPECT_EQ(body_.next(), Next::end);
}

TEST_F(FileBeingSent, IsCutOffWhereNewBytesWouldFollowOldOnes) {
  ASSERT_EQ(::pwrite(file_, "x", 1, 9), 1);
  EXPECT_EQ(body_.next(), Next::failed);
  EXPECT_STREQ(body_.problem(), "the file was rewritten while it was sent");
  EXPECT_EQ(body_.next(), Next::failed);
}

TEST_F(FileBeingSent, IsCutOffBetweenItsRangesToo) {
  body_.file_sent(3);
  EXPECT_EQ(body_.next(), Next::text);
  body_.text_sent(7);
  ASSERT_EQ(::pwrite(file_, "x", 1, 0), 1);
  EXPECT_EQ(body_.next(), Next::failed);
}

TEST_F(FileBeingSent, MayGrow) {
  for (int line = 0; line < 3; ++line) {
    ASSERT_EQ(::pwrite(file_, "x", 1, 10 + line), 1);
    EXPECT_EQ(body_.next(), Next::file);
  }
  ASSERT_EQ(::ftruncate(file_, 12), 0);
  EXPECT_EQ(body_.next(), Next::failed);
  EXPECT_STREQ(body_.problem(), "the file became shorter while it was sent");
}

TEST_F(ResponseBodyTest, WithoutContentItIsAtItsEnd) {
  EXPECT_EQ(body_.next(), Next::end);
  http::Response response;
  body_.start(response);
  EXPECT_EQ(body_.next(), Next::end);
}

TEST_F(ResponseBodyTest, GivesTheTextAndThePartOfAFileOfEachPiece) {
  const auto file = std::make_shared<const ipc::OwnedFd>(::dup(0));
  http::Response response;
  response.add_piece({"one", nullptr, 0, 0});
  response.add_piece({"two", file, 10, 5});
  body_.start(response);
  ASSERT_EQ(body_.next(), Next::text);
  EXPECT_EQ(body_.text(), "one");
  body_.text_sent(1);
  ASSERT_EQ(body_.next(), Next::text);
  EXPECT_EQ(body_.text(), "ne");
  body_.text_sent(2);
  ASSERT_EQ(body_.next(), Next::text);
  EXPECT_EQ(body_.text(), "two");
  body_.text_sent(3);
  ASSERT_EQ(body_.next(), Next::file);
  EXPECT_EQ(body_.file(), file->get());
  body_.file_sent(2);
  EXPECT_EQ(body_.file_offset(), 12U);
  EXPECT_EQ(body_.file_size(), 3U);
  body_.file_sent(3);
  EXPECT_EQ(body_.next(), Next::end);
  EXPECT_EQ(body_.content_sent(), 11U);
}

TEST_F(ResponseBodyTest, ASourceIsReadUntilItsEnd) {
  start({{SourceStatus::more, 3}, {SourceStatus::wait, 0}, {SourceStatus::more, 4}});
  EXPECT_EQ(run(), (std::vector<int>{3, -1}));
  EXPECT_EQ(run(), (std::vector<int>{4}));
  EXPECT_EQ(last_, Next::end);
  EXPECT_EQ(body_.content_sent(), 7U);
}

TEST_F(ResponseBodyTest, OffersOneByteMoreThanTheRestOfACountedSource) {
  start({{SourceStatus::more, 3}, {SourceStatus::more, 2}}, 5);
  EXPECT_EQ(body_.room(), 6U);
  EXPECT_EQ(run(), (std::vector<int>{3, 2}));
  EXPECT_EQ(last_, Next::end);
  start({}, std::uint64_t{1} << 40);
  EXPECT_EQ(body_.room(), ResponseBody::kPieceBytes);
  start({});
  EXPECT_EQ(body_.room(), ResponseBody::kPieceBytes);
}

TEST_F(ResponseBodyTest, ACountedSourceThatWaitsBehindItsLastByteIsAtItsEnd) {
  start({{SourceStatus::more, 3}, {SourceStatus::wait, 0}, {SourceStatus::more, 1}}, 3);
  EXPECT_EQ(run(), (std::vector<int>{3}));
  EXPECT_EQ(last_, Next::end);
}

TEST_F(ResponseBodyTest, SaysForGoodWhatASourceDidWrong) {
  struct Case {
    std::deque<SourceResult> results;
    std::optional<std::uint64_t> size;
    const char* problem;
  };
  for (const Case& wrong :
       {Case{{{SourceStatus::failed, 0}}, {}, "the source of the content failed"},
        Case{{{SourceStatus::more, 0}}, {}, "the source of the content failed"},
        Case{{{SourceStatus::more, 1'000'000}}, {}, "the source of the content failed"},
        Case{{{SourceStatus::more, 4}}, 3, "the content is longer than its length said"},
        Case{{{SourceStatus::more, 2}}, 3, "the content is shorter than its length said"}}) {
    start(wrong.results, wrong.size);
    run();
    EXPECT_EQ(last_, Next::failed);
    EXPECT_STREQ(body_.problem(), wrong.problem);
    EXPECT_EQ(body_.next(), Next::failed);
  }
}

TEST_F(ResponseBodyTest, AFileThatCannotBeReadFailsForGood) {
  http::Response response;
  response.add_piece({"", std::make_shared<const ipc::OwnedFd>(::dup(0)), 0, 5});
  response.add_piece({"behind", nullptr, 0, 0});
  body_.start(response);
  ASSERT_EQ(body_.next(), Next::file);
  body_.file_failed();
  EXPECT_EQ(body_.next(), Next::failed);
  EXPECT_STREQ(body_.problem(), "the file cannot be read");
  body_.reset();
  EXPECT_EQ(body_.next(), Next::end);
  EXPECT_STREQ(body_.problem(), "");
}

}  // namespace
}  // namespace prefork::exchange
