#include <gtest/gtest.h>

#include <prefork/test.hpp>

TEST(Events, ReachEverybodyWhoListens) {
  prefork::TestClient client;
  prefork::TestStream one = client.stream("/events");
  prefork::TestStream two = client.stream("/events");
  EXPECT_EQ(one.header("Content-Type"), "text/event-stream");
  // The welcome: from here on nothing is missed.
  EXPECT_EQ(one.read(), ": welcome\n\n");
  EXPECT_EQ(two.read(), ": welcome\n\n");

  EXPECT_EQ(client.post("/events", "tea is ready\nin the kitchen").status(), 204);
  EXPECT_EQ(one.event()->data, "tea is ready\nin the kitchen");
  EXPECT_EQ(two.event()->data, "tea is ready\nin the kitchen");
}

TEST(Events, ThatAreTooLongAreRefused) {
  prefork::TestClient client;
  EXPECT_EQ(client.post("/events", std::string(5000, 'x')).status(), 413);
}

TEST(Events, EndWithTheWorker) {
  auto client = std::make_unique<prefork::TestClient>();
  prefork::TestStream events = client->stream("/events");
  events.read();
  client.reset();
  EXPECT_FALSE(events.event());
}
