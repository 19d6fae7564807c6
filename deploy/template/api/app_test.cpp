#include <gtest/gtest.h>

#include <prefork/test.hpp>

TEST(Notes, AreKeptUntilTheyAreDeleted) {
  prefork::TestClient client;
  const prefork::TestResponse made =
      client.request("POST", "/notes").form({{"text", "buy \"tea\""}}).send();
  ASSERT_EQ(made.status(), 201) << client.log();
  const std::string place = made.header("Location").value();
  EXPECT_EQ(client.get(place).body(), R"({"text":"buy \"tea\""})");
  EXPECT_EQ(client.del(place).status(), 204);
  EXPECT_EQ(client.get(place).status(), 404);
}

TEST(Notes, WithoutATextAreRefused) {
  prefork::TestClient client;
  const prefork::TestResponse refused = client.post("/notes");
  EXPECT_EQ(refused.status(), 400);
  EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(client.get("/nowhere").body(), R"({"status":404,"title":"nothing here"})");
}

TEST(Notes, AreNoLongerThanTheServerTakes) {
  prefork::TestClient client(prefork_load, {"--limit-body", "1k"});
  EXPECT_EQ(client.post("/notes", std::string(2000, 'x')).status(), 413);
}
