// What handlers ask a form for: values with a default, what has to be there, and what files are
// called.
#include <gtest/gtest.h>

#include <prefork/form.hpp>
#include <prefork/response.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "tests/unit/server/include/made_request.h"

namespace prefork {
namespace {

Form form_of(const std::string& urlencoded) {
  const testing_include::MadeRequest made({{"Content-Type", "application/x-www-form-urlencoded"}},
                                          urlencoded);
  return read_form(made.get());
}

TEST(FormValues, HaveATextInTheirPlaceAsThoseOfARequest) {
  const Form form = form_of("title=tea&empty=");
  EXPECT_EQ(form.value("title", "none"), "tea");
  EXPECT_EQ(form.value("empty", "none"), "");
  EXPECT_EQ(form.value("other", "none"), "none");
  EXPECT_EQ(form.value("other", std::string("none")), "none");
}

TEST(SafeFilename, IsOneThatDownloadTakesWhateverTheBytes) {
  EXPECT_EQ(safe_filename("caf\xE9.txt"), "caf_.txt") << "Latin-1";
  EXPECT_EQ(safe_filename("caf\xC3\xA9.txt"), "caf\xC3\xA9.txt");
  EXPECT_EQ(safe_filename("\xED\xA0\x80.txt"), "___.txt") << "half of a pair";
  EXPECT_EQ(safe_filename("a\xE2\x82"), "a__") << "cut off";
  EXPECT_EQ(safe_filename("\xFF"), "file");
  EXPECT_EQ(safe_filename("x" + std::string(300, '\x80')), "x" + std::string(254, '_'));
  for (int first = 1; first < 256; ++first) {
    for (const char second : {'\x7F', '\x80', '\xA0', '\xBF', '\xC3', '\xFF'}) {
      const std::string name{'a', static_cast<char>(first), second};
      ASSERT_NO_THROW(static_cast<void>(Response().download(safe_filename(name))))
          << first << " " << int{second};
    }
  }
}

template <typename Ask>
std::string refusal_by_form(const Form& form, Ask ask) {
  try {
    ask(form);
    return "";
  } catch (const Error& error) {
    return std::to_string(error.status()) + " " + error.what();
  }
}

TEST(FormValues, ThatAreNeededAreThereOrA400) {
  const Form form = form_of("title=tea&empty=&count=3");
  EXPECT_EQ(form.need("title"), "tea");
  EXPECT_EQ(form.need("title").data(), form.fields()[0].value.data()) << "it was copied";
  EXPECT_EQ(form.need("empty"), "");
  EXPECT_EQ(form.need<int>("count"), 3);
  EXPECT_EQ(form.need<std::string>("title"), "tea");
  const auto text = [](const Form& asked) { static_cast<void>(asked.need("text")); };
  EXPECT_EQ(refusal_by_form(form, text), "400 form 'text': missing");
  const auto number = [](const Form& asked) { static_cast<void>(asked.need<int>("number")); };
  EXPECT_EQ(refusal_by_form(form, number), "400 form 'number': missing");
  const auto title = [](const Form& asked) { static_cast<void>(asked.need<bool>("title")); };
  EXPECT_EQ(refusal_by_form(form, title), "400 form 'title': not true or false");
}

Form form_with_file(const std::string& filename, const std::string& content,
                    std::size_t memory_per_file) {
  const testing_include::MadeRequest made(
      {{"Content-Type", "multipart/form-data; boundary=x"}},
      "--x\r\nContent-Disposition: form-data; name=\"doc\"; filename=\"" + filename + "\"\r\n\r\n" +
          content + "\r\n--x--\r\n");
  return read_form(made.get(), {.memory_per_file = memory_per_file});
}

TEST(FormValues, AFileThatIsNeededIsThereOrA400) {
  const Form form = form_with_file("a.txt", "text", 4);
  EXPECT_EQ(&form.need_file("doc"), form.file("doc"));
  const auto doc = [](const Form& asked) { static_cast<void>(asked.need_file("doc")); };
  EXPECT_EQ(refusal_by_form(form_with_file("", "", 4), doc), "400 form 'doc': a file is missing")
      << "none was chosen";
  EXPECT_EQ(refusal_by_form(form_of("doc=text"), doc), "400 form 'doc': a file is missing");
}

TEST(FormValues, AFileInMemoryIsSeenWithoutACopy) {
  const Form in_memory = form_with_file("a.txt", "text", 4);
  EXPECT_EQ(in_memory.need_file("doc").view(), "text");
  EXPECT_EQ(form_with_file("a.txt", "", 4).need_file("doc").view(), "");
  const Form in_a_file = form_with_file("a.txt", "text", 3);
  EXPECT_EQ(in_a_file.need_file("doc").view(), std::nullopt);
  EXPECT_EQ(in_a_file.need_file("doc").text(), "text");
}

}  // namespace
}  // namespace prefork
