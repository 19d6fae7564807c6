// The forms that the options of tracing have: a ratio, where a collector is, what is done.
#include <gtest/gtest.h>

#include "config/values/collector_url.h"
#include "config/values/ratio.h"
#include "config/values/trace_mode.h"

namespace prefork::config {
namespace {

TEST(Ratios, AreReadToAMillionthAndShownAsShortAsTheyCanBe) {
  for (const char* text : {"0", "1", "0.1", "0.5", "0.000001", "0.999999", "0.25"}) {
    ASSERT_TRUE(parse_ratio(text).ok()) << text;
    EXPECT_EQ(ratio_text(parse_ratio(text).value()), text);
  }
  EXPECT_EQ(ratio_text(parse_ratio("0.10").value()), "0.1");
  EXPECT_EQ(ratio_text(parse_ratio("1.0").value()), "1");
  EXPECT_EQ(parse_ratio("0.1").value().millionths, 100'000U);
}

TEST(Ratios, ThatAreNoneAreRefused) {
  for (const char* text :
       {"", "-1", "1.1", "2", "1.000001", "0.", ".5", "0.0000001", "10%", "0,1", "1e-1", "0.1 "}) {
    EXPECT_FALSE(parse_ratio(text).ok()) << text;
  }
  EXPECT_EQ(parse_ratio("2").problem().text, "'2' is not a ratio; use 0 to 1, such as 0.1");
}

TEST(CollectorUrls, HaveANumericAddressAndAPath) {
  const CollectorUrl plain = parse_collector_url("http://10.0.0.7:4318/v1/traces").value();
  EXPECT_EQ(plain.address, "10.0.0.7");
  EXPECT_EQ(plain.port, 4318);
  EXPECT_EQ(plain.path, "/v1/traces");
  EXPECT_EQ(plain.text(), "http://10.0.0.7:4318/v1/traces");
  const CollectorUrl v6 = parse_collector_url("http://[::1]:9/x?key=1").value();
  EXPECT_EQ(v6.address, "::1");
  EXPECT_EQ(v6.port, 9);
  EXPECT_EQ(v6.host, "[::1]:9");
  EXPECT_EQ(v6.path, "/x?key=1");
  const CollectorUrl local = parse_collector_url("http://localhost").value();
  EXPECT_EQ(local.address, "127.0.0.1");
  EXPECT_EQ(local.port, 80);
  EXPECT_EQ(local.text(), "http://localhost/v1/traces");
  EXPECT_EQ(parse_collector_url(CollectorUrl{}.text()).value(), CollectorUrl{});
}

TEST(CollectorUrls, ThatAreNoneAreRefused) {
  for (const char* text :
       {"", "127.0.0.1:4318", "https://127.0.0.1:4318/", "http://", "http://collector:4318/",
        "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:/", "http://[::1/",
        "http://::1:80/", "http://user@127.0.0.1/", "http://127.0.0.1/a b", "http://127.1/"}) {
    EXPECT_FALSE(parse_collector_url(text).ok()) << text;
  }
}

TEST(TraceModes, AreWords) {
  for (const TraceMode mode : {TraceMode::off, TraceMode::propagate, TraceMode::otlp}) {
    EXPECT_EQ(parse_trace_mode(to_string(mode)).value(), mode);
  }
  EXPECT_EQ(parse_trace_mode("on").problem().text,
            "'on' is no way to trace; use off, propagate or otlp");
}

}  // namespace
}  // namespace prefork::config
