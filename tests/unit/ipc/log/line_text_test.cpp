#include "ipc/log/line_text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace prefork::ipc {
namespace {

class LineTextTest : public testing::Test {
 protected:
  std::string finished() { return std::string(line_.finished()); }

  LineText line_;
};

TEST_F(LineTextTest, HoldsWhatIsAppended) {
  constexpr std::array<char, 8> kFixed = {'a', 'b', 'c', 'd', 'e'};
  line_.append("one ");
  line_.append({});
  line_.append_fixed(kFixed, 5);
  line_.push_back('!');
  EXPECT_EQ(line_.size(), 10U);
  EXPECT_EQ(finished(), "one abcde!\n");
  line_.clear();
  EXPECT_EQ(finished(), "\n");
}

TEST_F(LineTextTest, WritesNumbersAsTheyAre) {
  std::uint64_t number = 1;
  for (int digits = 1; digits <= 20; ++digits, number *= 10) {
    for (const std::uint64_t one : {number - 1, number, number + 1, number * 2 + 57}) {
      line_.clear();
      line_.append_number(one);
      EXPECT_EQ(finished(), std::to_string(one) + "\n");
    }
  }
  line_.clear();
  line_.append_number(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(finished(), "18446744073709551615\n");
}

TEST_F(LineTextTest, WritesMillionthsWithDecimals) {
  const auto written = [&](std::uint64_t millionths, std::size_t decimals) {
    line_.clear();
    line_.append_millionths(millionths, decimals);
    return finished();
  };
  EXPECT_EQ(written(0, 6), "0.000000\n");
  EXPECT_EQ(written(28, 6), "0.000028\n");
  EXPECT_EQ(written(1'042'999, 3), "1.042\n");
  EXPECT_EQ(written(12'345'678'901, 6), "12345.678901\n");
  EXPECT_EQ(written(987'654, 1), "0.9\n");
}

TEST_F(LineTextTest, LeavesOutWhatIsBeyondTheLongestLine) {
  const std::string most(LineText::kMaxBytes, 'x');
  line_.append(most.substr(1));
  line_.push_back('y');
  line_.push_back('z');
  line_.append("more");
  line_.append_number(7);
  line_.append_number(1234);
  line_.append_millionths(5, 6);
  line_.append_fixed(std::array<char, LineText::kMaxFixedBytes>{}, LineText::kMaxFixedBytes);
  EXPECT_EQ(finished(), most.substr(1) + "y\n");
}

TEST_F(LineTextTest, CutsAPieceThatCrossesTheEnd) {
  const std::string most(LineText::kMaxBytes - 2, 'x');
  for (const int way : {0, 1, 2}) {
    line_.clear();
    line_.append(most);
    if (way == 0) {
      line_.append("12345");
    } else if (way == 1) {
      line_.append_number(12345);
    } else {
      line_.append_fixed(std::array<char, 5>{'1', '2', '3', '4', '5'}, 5);
    }
    EXPECT_EQ(finished(), most + "12\n") << way;
  }
  line_.clear();
  line_.append(std::string(3 * LineText::kMaxBytes, 'x'));
  EXPECT_EQ(finished(), std::string(LineText::kMaxBytes, 'x') + "\n");
}

}  // namespace
}  // namespace prefork::ipc
