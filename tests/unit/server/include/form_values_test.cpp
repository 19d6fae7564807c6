// What handlers ask a form for: values with a default, what has to be there, and what files are
// called.
#include <gtest/gtest.h>

#include <prefork/form.hpp>
#include <prefork/response.hpp>

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

}  // namespace
}  // namespace prefork
