// Forms as authors read them: fields, files in memory and in temporary files, limits.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <prefork/form.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "tests/unit/config/config_support.h"
#include "tests/unit/server/include/made_request.h"

namespace prefork {
namespace {

using testing_include::MadeRequest;

const MadeRequest::Fields kMultipart = {{"Content-Type", "multipart/form-data; boundary=b"}};
const MadeRequest::Fields kUrlencoded = {
    {"Content-Type", "Application/X-WWW-Form-URLencoded; charset=utf-8"}};

std::string a_field(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string a_file(const std::string& name, const std::string& filename, const std::string& content,
                   const std::string& type = "") {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + filename +
         "\"\r\n" + (type.empty() ? "" : "Content-Type: " + type + "\r\n") + "\r\n" + content +
         "\r\n";
}

const std::string kFormEnd = "--b--\r\n";

// The status and the text of what reading it throws.
std::string refusal_of_form(const MadeRequest& made, const FormLimits& limits = {}) {
  try {
    read_form(made.get(), limits);
  } catch (const Error& error) {
    return std::to_string(error.status()) + " " + error.what();
  }
  return "none";
}

std::string content_of_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> names_in_folder(const config::TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename());
  }
  return names;
}

TEST(Form, HasWhatWasSentInItsOrder) {
  const std::string body = a_field("tag", "one") + a_file("doc", "a.txt", "text", "text/plain") +
                           a_field("title", "") + a_field("tag", "two") +
                           a_file("doc", "C:\\b\\.c", std::string("\0\r\n", 3)) + kFormEnd;
  for (const std::size_t piece : {0U, 1U, 7U, 100'000U}) {
    MadeRequest made(kMultipart, body);
    const Form form = read_form(piece == 0 ? made.get() : made.stream(piece).get());
    EXPECT_EQ(form.value("tag"), "one");
    EXPECT_EQ(form.values("tag"), (std::vector<std::string_view>{"one", "two"}));
    EXPECT_EQ(form.value("title"), "");
    EXPECT_EQ(form.value("doc"), std::nullopt);
    ASSERT_EQ(form.fields().size(), 3U);
    EXPECT_EQ(form.fields()[1].name, "title");
    ASSERT_EQ(form.files().size(), 2U);
    const FormFile* const first = form.file("doc");
    ASSERT_EQ(first, &form.files()[0]);
    EXPECT_EQ(first->name(), "doc");
    EXPECT_EQ(first->filename(), "a.txt");
    EXPECT_EQ(first->content_type(), "text/plain");
    EXPECT_EQ(first->size(), 4U);
    EXPECT_EQ(first->text(), "text");
    const FormFile& second = form.files()[1];
    EXPECT_EQ(second.filename(), "_c");
    EXPECT_EQ(second.raw_filename(), "C:\\b\\.c");
    EXPECT_EQ(second.content_type(), "application/octet-stream");
    EXPECT_EQ(second.text(), std::string("\0\r\n", 3));
    EXPECT_EQ(form.file("tag"), nullptr);
  }
}

TEST(Form, HasNoFileWhereNoneWasChosen) {
  const MadeRequest made(kMultipart, a_file("a", "", "") + a_file("b", "", "x") + kFormEnd);
  const Form form = read_form(made.get());
  EXPECT_EQ(form.file("a"), nullptr);
  ASSERT_NE(form.file("b"), nullptr);
  EXPECT_EQ(form.file("b")->filename(), "file");
}

TEST(Form, IsReadFromUrlencodedContentToo) {
  for (const std::size_t piece : {0U, 1U, 100U}) {
    MadeRequest made(kUrlencoded, "a=1+2&&b&a=%26%3d=&=x");
    const Form form = read_form(piece == 0 ? made.get() : made.stream(piece).get());
    EXPECT_EQ(form.values("a"), (std::vector<std::string_view>{"1 2", "&=="}));
    EXPECT_EQ(form.value("b"), "");
    EXPECT_EQ(form.value(""), "x");
    EXPECT_EQ(form.fields().size(), 4U);
    EXPECT_TRUE(form.files().empty());
  }
}

TEST(Form, HasTypedValues) {
  const MadeRequest made(kUrlencoded, "count=7&price=x&paid=on");
  const Form form = read_form(made.get());
  EXPECT_EQ(form.value<int>("count"), 7);
  EXPECT_EQ(form.value<int>("none"), std::nullopt);
  EXPECT_EQ(form.value("none", 3), 3);
  EXPECT_TRUE(form.value("paid", false));
  try {
    static_cast<void>(form.value<double>("price"));
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), 400);
    EXPECT_STREQ(error.what(), "form 'price': not a number");
  }
}

TEST(Form, IsNoneOfAnotherTypeOrWithoutABoundary) {
  const std::string expected =
      "415 the content is no form: multipart/form-data or application/x-www-form-urlencoded is "
      "expected";
  EXPECT_EQ(refusal_of_form(MadeRequest({}, "a=1")), expected);
  EXPECT_EQ(refusal_of_form(MadeRequest({{"Content-Type", "application/json"}}, "{}")), expected);
  EXPECT_EQ(refusal_of_form(MadeRequest({{"Content-Type", "multipart/form-data"}}, "--b--")),
            "400 the Content-Type of a form names no boundary (RFC 2046 section 5.1.1)");
}

TEST(Form, ThatIsBrokenIsRefusedWithWhatAndWhere) {
  EXPECT_EQ(refusal_of_form(MadeRequest(kMultipart, a_field("a", "b"))),
            "400 the form is broken at byte 52: it ends within a part");
  MadeRequest streamed(kMultipart, "--b\r\nX");
  EXPECT_EQ(refusal_of_form(streamed.stream(2)),
            "400 the form is broken at byte 6: it ends within the header section of a part");
}

TEST(Form, HasLimitsOfEverything) {
  const std::string files = a_file("f", "f", "12345") + a_file("g", "g", "1");
  const std::string fields = a_field("a", "12345") + a_field("b", "1");
  const MadeRequest made(kMultipart, fields + files + kFormEnd);
  const std::size_t size = (fields + files + kFormEnd).size();
  EXPECT_EQ(refusal_of_form(made, {.fields = 2,
                                   .files = 2,
                                   .field_limit = 5,
                                   .fields_total = 8,
                                   .file_limit = 5,
                                   .total = size}),
            "none");
  EXPECT_EQ(refusal_of_form(made, {.fields = 1}), "413 more than 1 fields in a form");
  EXPECT_EQ(refusal_of_form(made, {.files = 1}), "413 more than 1 files in a form");
  EXPECT_EQ(refusal_of_form(made, {.field_limit = 4}), "413 more than 4 bytes of a field");
  EXPECT_EQ(refusal_of_form(made, {.fields_total = 7}),
            "413 more than 7 bytes of fields in a form");
  EXPECT_EQ(refusal_of_form(made, {.file_limit = 4}), "413 more than 4 bytes of a file");
  EXPECT_EQ(refusal_of_form(made, {.total = size - 1}),
            "413 more than " + std::to_string(size - 1) + " bytes of a form");
  EXPECT_EQ(refusal_of_form(made, {.head_limit = 30}),
            "413 the header section of a part has more than 30 bytes");

  const MadeRequest encoded(kUrlencoded, "a=12345&b=1");
  EXPECT_EQ(
      refusal_of_form(encoded, {.fields = 2, .field_limit = 5, .fields_total = 11, .total = 11}),
      "none");
  EXPECT_EQ(refusal_of_form(encoded, {.fields = 1}), "413 more than 1 fields in a form");
  EXPECT_EQ(refusal_of_form(encoded, {.field_limit = 4}), "413 more than 4 bytes of a field");
  EXPECT_EQ(refusal_of_form(encoded, {.fields_total = 10}),
            "413 more than 10 bytes of fields in a form");
  EXPECT_EQ(refusal_of_form(encoded, {.total = 10}), "413 more than 10 bytes of a form");
}

class FormFiles : public testing::Test {
 protected:
  // A form with one file; beyond 4 bytes it is in a temporary file of the folder.
  Form form_with(const std::string& content) const {
    MadeRequest made(kMultipart, a_file("f", "f", content) + kFormEnd);
    return read_form(made.stream(1000).get(),
                     {.memory_per_file = 4, .folder = temporary_.path().string()});
  }

  const config::TemporaryFolder temporary_;
  const config::TemporaryFolder saved_;
};

TEST_F(FormFiles, AreInMemoryOrInAFileThatNobodySees) {
  const Form small = form_with("1234");
  EXPECT_TRUE(small.file("f")->is_in_memory());
  EXPECT_EQ(small.file("f")->fd(), -1);
  const std::string content = std::string(100'000, 'x') + "end";
  const Form large = form_with(content);
  const FormFile& file = *large.file("f");
  EXPECT_FALSE(file.is_in_memory());
  EXPECT_EQ(file.size(), content.size());
  EXPECT_EQ(file.text(), content);
  std::string room(10, '\0');
  EXPECT_EQ(file.read(content.size() - 3, room), 3U);
  EXPECT_EQ(room.substr(0, 3), "end");
  EXPECT_EQ(file.read(content.size(), room), 0U);
  EXPECT_EQ(small.file("f")->read(3, room), 1U);
  EXPECT_EQ(small.file("f")->read(4, room), 0U);
  EXPECT_TRUE(names_in_folder(temporary_).empty());
  struct ::stat status {};
  ASSERT_EQ(::fstat(file.fd(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_NE(::fcntl(file.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(FormFiles, AreSavedUnderANameInThePlaceOfAnother) {
  const std::string large_content(100'000, 'l');
  const Form small = form_with("s");
  const Form large = form_with(large_content);
  const std::string path = saved_ / "file";
  small.file("f")->save_to(path, 0640);
  EXPECT_EQ(content_of_file(path), "s");
  struct ::stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  large.file("f")->save_to(path);
  EXPECT_EQ(content_of_file(path), large_content);
  // Again, and it is a file of its own.
  const std::string other = saved_ / "other";
  large.file("f")->save_to(other);
  EXPECT_EQ(content_of_file(other), large_content);
  EXPECT_FALSE(std::filesystem::equivalent(path, other));
  EXPECT_EQ(large.file("f")->text(), large_content);
  EXPECT_EQ(names_in_folder(saved_).size(), 2U);
}

TEST_F(FormFiles, AreCopiedToAnotherFileSystem) {
  struct ::stat here {};
  struct ::stat there {};
  if (::stat("/dev/shm", &there) != 0 || ::stat(saved_.path().c_str(), &here) != 0 ||
      here.st_dev == there.st_dev) {
    GTEST_SKIP() << "there is one file system";
  }
  const std::string content(3'000'000, 'c');
  MadeRequest made(kMultipart, a_file("f", "f", content) + kFormEnd);
  const Form form = read_form(made.get(), {.folder = "/dev/shm"});
  const std::string path = saved_.write("file", "before");
  form.file("f")->save_to(path);
  EXPECT_EQ(content_of_file(path), content);
  EXPECT_EQ(names_in_folder(saved_).size(), 1U);
}

TEST_F(FormFiles, ThatCannotBeSavedChangeNothing) {
  const Form form = form_with("some content");
  EXPECT_THROW(form.file("f")->save_to(saved_ / "no/such/folder"), std::system_error);
  std::filesystem::create_directory(saved_.path() / "folder");
  EXPECT_THROW(form.file("f")->save_to(saved_ / "folder"), std::system_error);
  EXPECT_THROW(form_with("s").file("f")->save_to(saved_ / "folder"), std::system_error);
  EXPECT_EQ(names_in_folder(saved_), std::vector<std::string>{"folder"});
}

// No more than so many bytes in a file: a disk that is full.
class NoRoom {
 public:
  explicit NoRoom(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const ::rlimit limit = {bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~NoRoom() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  NoRoom(const NoRoom&) = delete;
  NoRoom& operator=(const NoRoom&) = delete;

 private:
  ::rlimit before_{};
  void (*const handler_)(int);
};

TEST_F(FormFiles, WithoutRoomAre507AndLeaveNothingBehind) {
  const Form small = form_with("1234");
  const Form large = form_with(std::string(100, 'x'));
  const std::string path = saved_.write("file", "kept");
  std::vector<std::string> said;
  {
    const NoRoom full(2);
    for (const std::function<void()>& act : std::vector<std::function<void()>>{
             [this] { form_with("12345"); }, [&] { small.file("f")->save_to(path); },
             [&] {
               large.file("f")->save_to(path);  // without a copy
               large.file("f")->save_to(saved_ / "copy");
             }}) {
      try {
        act();
        said.emplace_back("nothing");
      } catch (const Error& error) {
        said.push_back(std::to_string(error.status()) + " " + error.what());
      }
    }
  }
  EXPECT_EQ(said,
            std::vector<std::string>(3, "507 no room for a file that was sent: File too large"));
  EXPECT_TRUE(names_in_folder(temporary_).empty());
  EXPECT_EQ(names_in_folder(saved_), std::vector<std::string>{"file"});
}

TEST_F(FormFiles, WithoutAFolderForThemAreAFailure) {
  MadeRequest made(kMultipart, a_file("f", "f", "12345") + kFormEnd);
  try {
    read_form(made.get(), {.memory_per_file = 4, .folder = "/no/such/folder"});
    FAIL() << "it was read";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(),
                 "cannot make a temporary file in '/no/such/folder': No such file or directory");
  }
}

TEST(SafeFilename, MayStandInAPath) {
  EXPECT_EQ(safe_filename("a b.txt"), "a b.txt");
  EXPECT_EQ(safe_filename("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_filename("C:\\x\\y.txt"), "y.txt");
  EXPECT_EQ(safe_filename("/a/"), "file");
  EXPECT_EQ(safe_filename(""), "file");
  EXPECT_EQ(safe_filename("."), "file");
  EXPECT_EQ(safe_filename(".."), "file");
  EXPECT_EQ(safe_filename(" "), "file");
  EXPECT_EQ(safe_filename(".bashrc"), "_bashrc");
  EXPECT_EQ(safe_filename(std::string("a\0b\nc\x7F", 6)), "a_b_c_");
  EXPECT_EQ(safe_filename(std::string(254, 'x') + "\xC3\xA4"), std::string(254, 'x'));
  EXPECT_EQ(safe_filename(std::string(253, 'x') + "\xC3\xA4z"), std::string(253, 'x') + "\xC3\xA4");
}

TEST(Parts, AreGivenWhileTheyArriveAndSkippedWhereNobodyReads) {
  MadeRequest made(kMultipart, a_field("a", "value") + a_file("f", "x/f", std::string(1000, 'f')) +
                                   a_file("g", "", "", "text/plain") + a_field("z", "end") +
                                   kFormEnd);
  std::string all;
  read_parts(made.stream(10).get(), [&all](Part& part) {
    all += part.name() + (part.is_file() ? "=" + part.filename() + "," : "=");
    if (part.name() == "f") {
      std::string room(3, '\0');
      const std::size_t got = part.read(room);
      all.append(room, 0, got).append(part.raw_filename());
    } else {
      all += part.text();
      EXPECT_EQ(part.next(), "");
    }
    all += part.content_type() + ";";
  });
  EXPECT_EQ(all, "a=value;f=f,fffx/f;g=file,text/plain;z=end;");
}

TEST(Parts, AreReadInRoomsOfAnySize) {
  const std::string content = "some\r\ncontent\r\n--";
  for (std::size_t size = 1; size < 20; ++size) {
    MadeRequest made(kMultipart, a_file("f", "f", content) + kFormEnd);
    std::string read;
    read_parts(made.stream(5).get(), [&](Part& part) {
      std::string room(size, '\0');
      while (const std::size_t got = part.read(room)) {
        read.append(room, 0, got);
      }
    });
    EXPECT_EQ(read, content);
  }
}

TEST(Parts, HaveTheLimitsOfForms) {
  const MadeRequest made(kMultipart, a_field("a", "12345") + a_file("f", "f", "12345") + kFormEnd);
  const auto refusal = [&](const FormLimits& limits, std::size_t text_limit) -> std::string {
    try {
      read_parts(
          made.get(), [&](Part& part) { part.text(text_limit); }, limits);
      return "none";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(refusal({}, 5), "none");
  EXPECT_EQ(refusal({}, 4), "more than 4 bytes of a file");
  EXPECT_EQ(refusal({.field_limit = 4}, 9), "more than 4 bytes of a field");
  EXPECT_EQ(refusal({.file_limit = 4}, 9), "more than 4 bytes of a file");
  EXPECT_THROW(read_parts(MadeRequest(kUrlencoded, "a=1").get(), [](Part&) {}), Error);
}

}  // namespace
}  // namespace prefork
