#include "workers/observer/own_host.h"

#include <gtest/gtest.h>

#include <string_view>

namespace prefork::observer {
namespace {

TEST(OwnHost, IsAnAddressOrANameThatLeadsToThisMachineAlone) {
  for (const std::string_view host :
       {"", "127.0.0.1", "127.0.0.1:8001", "10.0.0.7", "[::1]", "[::1]:8001", "localhost",
        "LocalHost:8001", "shop.localhost", "SHOP.LOCALHOST:8001"}) {
    EXPECT_TRUE(is_own_host(host)) << host;
  }
  for (const std::string_view host : {"evil.example", "evil.example:8001", "localhost.evil.example",
                                      "notlocalhost", ".localhost", "127.0.0.1.evil.example"}) {
    EXPECT_FALSE(is_own_host(host)) << host;
  }
}

TEST(OwnHost, IsAskedForOnlyWhereNobodyElseCanReachTheAddress) {
  config::AdminOptions admin;
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "LOCALHOST"}) {
    admin.address = config::Bind::tcp(host, 8001);
    EXPECT_TRUE(has_only_own_hosts(admin)) << host;
  }
  admin.address = config::Bind::unix_path("/run/shop/admin.sock");
  EXPECT_TRUE(has_only_own_hosts(admin)) << "a browser comes to it through ssh -L";
  admin.address = config::Bind::tcp("0.0.0.0", 8001);
  EXPECT_FALSE(has_only_own_hosts(admin));
  admin.address.reset();
  EXPECT_FALSE(has_only_own_hosts(admin));
}

}  // namespace
}  // namespace prefork::observer
