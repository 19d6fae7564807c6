// Who is answered on the admin listener.
#include "workers/observer/access_guard.h"

#include <gtest/gtest.h>

#include <vector>

namespace prefork::observer {
namespace {

const std::string kToken = "0123456789abcdef";

// Answers every path.
class Everything : public exchange::Application {
 public:
  [[nodiscard]] exchange::RouteMatch route(const http::Request&,
                                           exchange::RouteParameters&) const noexcept override {
    exchange::RouteMatch match;
    match.handler = &answer_;
    return match;
  }

 private:
  const exchange::Handler answer_ = [](const http::Request&, http::Response& response) {
    response.set_status(204);
  };
};

class AccessGuardTest : public testing::Test {
 protected:
  // The status, and the field WWW-Authenticate.
  std::pair<int, std::string> ask(const config::AdminOptions& admin, std::string_view path,
                                  std::string_view authorization, std::string_view host = "") {
    const AccessGuard guard(everything_, admin);
    std::vector<http::Field> fields;
    if (!authorization.empty()) {
      fields.push_back({"Authorization", authorization});
    }
    http::Request request;
    request.path = path;
    request.host = host;
    request.fields = http::FieldView(fields);
    exchange::RouteParameters parameters;
    const exchange::RouteMatch match = guard.route(request, parameters);
    if (match.handler == nullptr) {
      return {match.status, ""};
    }
    http::Response response;
    (*match.handler)(request, response);
    return {response.status(),
            std::string(response.fields().find("www-authenticate").value_or(""))};
  }

  static config::AdminOptions with_token() {
    config::AdminOptions admin;
    admin.token = kToken;
    return admin;
  }

 private:
  Everything everything_;
};

TEST_F(AccessGuardTest, AsksNobodyForATokenThatThereIsNot) {
  for (const char* path : {"/", "/stats", "/metrics", "/commands/stop"}) {
    EXPECT_EQ(ask({}, path, "").first, 204) << path;
  }
}

TEST_F(AccessGuardTest, AsksForTheTokenWhateverThePathIs) {
  for (const char* path : {"/stats", "/events", "/metrics", "/commands/stop", "/nothing", "/stats/",
                           "//", "/healthz/", "*"}) {
    EXPECT_EQ(ask(with_token(), path, ""),
              std::make_pair(401, std::string(R"(Bearer realm="prefork-server")")))
        << path;
    EXPECT_EQ(ask(with_token(), path, "Bearer " + kToken).first, 204) << path;
  }
  for (const char* path : {"/", "/healthz", "/readyz"}) {
    EXPECT_EQ(ask(with_token(), path, "").first, 204) << path;
  }
}

TEST_F(AccessGuardTest, TakesNothingButTheToken) {
  const std::string wrong = R"(Bearer realm="prefork-server", error="invalid_token")";
  for (const std::string& sent :
       {std::string("Bearer"), std::string("Bearer "), "Basic " + kToken, kToken,
        "Bearer " + kToken + "x", "Bearer " + kToken.substr(1),
        std::string("Bearer 0123456789abcdeF"), "Bearer " + std::string(kToken.size(), '\0'),
        "Bearer\t" + kToken}) {
    EXPECT_EQ(ask(with_token(), "/stats", sent), std::make_pair(401, wrong)) << sent;
  }
  EXPECT_EQ(ask(with_token(), "/stats", "bearer  " + kToken).first, 204);
}

TEST_F(AccessGuardTest, ShowsStrangersWhatItIsToldTo) {
  config::AdminOptions admin = with_token();
  admin.is_metrics_public = true;
  admin.is_health_public = false;
  EXPECT_EQ(ask(admin, "/metrics", "").first, 204);
  EXPECT_EQ(ask(admin, "/healthz", "").first, 401);
  EXPECT_EQ(ask(admin, "/readyz", "").first, 401);
  EXPECT_EQ(ask(admin, "/stats", "").first, 401);
}

TEST_F(AccessGuardTest, RefusesForeignNamesBeforeItLooksForTheToken) {
  EXPECT_EQ(ask(with_token(), "/stats", "Bearer " + kToken, "evil.example").first, 421);
  EXPECT_EQ(ask(with_token(), "/healthz", "", "evil.example").first, 421);
  EXPECT_EQ(ask(with_token(), "/stats", "Bearer " + kToken, "localhost:8001").first, 204);
}

}  // namespace
}  // namespace prefork::observer
