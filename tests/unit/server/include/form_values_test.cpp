// What handlers ask a form for: values with a default, what has to be there, and what files are
// called.
#include <gtest/gtest.h>

#include <prefork/form.hpp>

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

}  // namespace
}  // namespace prefork
