#include "config/checks/listening.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

Lines binds_of(const Arguments& arguments, const Environment& environment = {}) {
  Lines lines;
  for (const Bind& bind : options_of(arguments, environment).listening.binds)
    lines.push_back(bind.text());
  return lines;
}

class ListeningFromFile : public testing::Test {
 protected:
  std::string file(std::string_view text) { return folder_.write("shop.toml", text); }

  TemporaryFolder folder_;
};

TEST(Listening, IsOnOneAddressByDefault) { EXPECT_EQ(binds_of({}), (Lines{"127.0.0.1:8000"})); }

TEST(Listening, TakesEachForm) {
  EXPECT_EQ(binds_of({"--host", "::", "--port", "0"}), (Lines{"[::]:0"}));
  EXPECT_EQ(binds_of({"--port", "80"}), (Lines{"127.0.0.1:80"}));
  EXPECT_EQ(binds_of({"--host", "localhost"}), (Lines{"localhost:8000"}));
  EXPECT_EQ(binds_of({"--uds", "/tmp/a.sock"}), (Lines{"unix:/tmp/a.sock"}));
  EXPECT_EQ(binds_of({"--fd", "0"}), (Lines{"fd://0"}));
  EXPECT_EQ(binds_of({"--bind", ":2", "--bind", "unix:/tmp/b"}),
            (Lines{"0.0.0.0:2", "unix:/tmp/b"}));
}

TEST_F(ListeningFromFile, JoinsHostAndPortOfDifferentSources) {
  const std::string path = file("port = 9000\n");
  EXPECT_EQ(binds_of({"--config", path}, {{"PREFORK_HOST", "0.0.0.0"}}), (Lines{"0.0.0.0:9000"}));
}

TEST_F(ListeningFromFile, LetsTheStrongerSourceDecideTheForm) {
  const std::string path = file("bind = [\":1\", \":2\"]\n");
  EXPECT_EQ(binds_of({"--config", path}), (Lines{"0.0.0.0:1", "0.0.0.0:2"}));
  EXPECT_EQ(binds_of({"--config", path, "--port", "9000"}), (Lines{"127.0.0.1:9000"}));
  EXPECT_EQ(binds_of({"--config", path, "--bind", ":3"}), (Lines{"0.0.0.0:3"}));
  EXPECT_EQ(binds_of({"--config", path}, {{"PREFORK_UDS", "/tmp/a"}}), (Lines{"unix:/tmp/a"}));
  EXPECT_EQ(binds_of({"--config", path, "--fd", "0"}, {{"PREFORK_UDS", "/tmp/a"}}),
            (Lines{"fd://0"}));
}

TEST_F(ListeningFromFile, SaysWhatIsNotUsed) {
  const std::string path = file("uds = \"/tmp/x\"\n");
  const Loaded loaded =
      load_options(Arguments{"--config", path, "--port", "9000", "--print-config"}, {});
  const std::string unused = path + ":1, not used: --port decides\n";
  EXPECT_NE(loaded.output.find(unused), std::string::npos) << loaded.output;
}

TEST(Listening, RefusesTwoFormsInOneSource) {
  const std::string mend = "; use one of bind, uds, fd, or host with port";
  EXPECT_EQ(errors_of({"--bind", ":1", "--port", "80"}),
            (Lines{"--bind: contradicts --port" + mend}));
  EXPECT_EQ(errors_of({"--bind", ":1", "--host", "::"}),
            (Lines{"--bind: contradicts --host" + mend}));
  EXPECT_EQ(errors_of({"--uds", "/tmp/a", "--fd", "0"}), (Lines{"--fd: contradicts --uds" + mend}));
  EXPECT_EQ(errors_of({"--uds", "/tmp/a", "--port", "80"}),
            (Lines{"--uds: contradicts --port" + mend}));
  EXPECT_EQ(errors_of({}, {{"PREFORK_BIND", ":1,:2"}, {"PREFORK_PORT", "80"}}),
            (Lines{"PREFORK_PORT: contradicts PREFORK_BIND" + mend}));
  EXPECT_EQ(errors_of({"--bind", ":1", "--bind", ":2", "--uds", "/tmp/a", "--host", "::", "--port",
                       "1", "--fd", "0"}),
            (Lines{"--uds: contradicts --host" + mend, "--fd: contradicts --host" + mend,
                   "--bind: contradicts --host" + mend}));
}

TEST_F(ListeningFromFile, RefusesTwoFormsInTheFileEvenWhenTheCommandLineDecides) {
  const std::string path = file("port = 80\nbind = \":1\"\n");
  EXPECT_EQ(errors_of({"--config", path, "--fd", "0"}),
            (Lines{path + ":2: bind: contradicts " + path +
                   ":1: port; use one of bind, uds, fd, or host with port"}));
}

TEST(Listening, RefusesTheSameAddressTwice) {
  EXPECT_EQ(errors_of({"--bind", ":1", "--bind", "0.0.0.0:1", "--bind", ":1"}),
            (Lines{"--bind: 0.0.0.0:1 is given more than once; give it once"}));
  EXPECT_EQ(errors_of({"--bind", "unix:/tmp/a", "--bind", "unix:/tmp/../tmp//a"}),
            (Lines{"--bind: unix:/tmp/../tmp//a is given more than once; give it once"}));
  EXPECT_EQ(errors_of({"--bind", "[0::1]:1", "--bind", "[::1]:1"}),
            (Lines{"--bind: [::1]:1 is given more than once; give it once"}));
}

TEST(Listening, RefusesTheSameAddressWithAndWithoutTheProxyProtocol) {
  EXPECT_EQ(errors_of({"--bind", ":1", "--bind", ":1,proxy-protocol"}),
            (Lines{"--bind: 0.0.0.0:1,proxy-protocol is given more than once; give it once"}));
  EXPECT_EQ(errors_of({"--bind", ":1,proxy-protocol", "--admin", "0.0.0.0:1"}),
            (Lines{"--admin: 0.0.0.0:1 is also an address to serve on (--bind); use another one"}));
}

TEST(Listening, ExpectsTheProxyProtocolWhereItIsAskedFor) {
  EXPECT_EQ(binds_of({"--bind", ":1,proxy-protocol", "--bind", ":2"}),
            (Lines{"0.0.0.0:1,proxy-protocol", "0.0.0.0:2"}));
  EXPECT_EQ(binds_of({"--proxy-protocol", "--bind", ":1,proxy-protocol", "--bind", ":2"}),
            (Lines{"0.0.0.0:1,proxy-protocol", "0.0.0.0:2,proxy-protocol"}));
  EXPECT_EQ(binds_of({"--proxy-protocol"}), (Lines{"127.0.0.1:8000,proxy-protocol"}));
  EXPECT_EQ(binds_of({"--proxy-protocol", "--fd", "0"}), (Lines{"fd://0,proxy-protocol"}));
  EXPECT_FALSE(options_of({"--proxy-protocol"}).admin.address->proxy_protocol);
}

TEST(Listening, TakesAFreePortAsOftenAsItIsAskedFor) {
  EXPECT_EQ(binds_of({"--bind", ":0", "--bind", ":0", "--admin", "0.0.0.0:0"}).size(), 2u);
}

TEST(Listening, TakesAtMost64Addresses) {
  Arguments arguments;
  for (int port = 1; port <= 64; ++port) {
    arguments.push_back("--bind");
    arguments.push_back(":" + std::to_string(port));
  }
  EXPECT_EQ(binds_of(arguments).size(), kMaxBinds);
  arguments.insert(arguments.end(), {"--bind", ":65"});
  EXPECT_EQ(errors_of(arguments), (Lines{"--bind: 65 addresses are given; use at most 64"}));
}

TEST(Listening, RefusesAnAdminAddressThatServesToo) {
  EXPECT_EQ(errors_of({"--admin", "127.0.0.1:8000"}),
            (Lines{"--admin: 127.0.0.1:8000 is also an address to serve on (--host and --port); "
                   "use another one"}));
  EXPECT_EQ(errors_of({"--bind", "unix:/tmp/a"}, {{"PREFORK_ADMIN", "unix:/tmp/./a"}}),
            (Lines{"PREFORK_ADMIN: unix:/tmp/./a is also an address to serve on (--bind); use "
                   "another one"}));
}

TEST(Listening, LeavesADefaultAdminAddressToFallBackWhenItServesToo) {
  const Options options = options_of({"--port", "8001"});
  EXPECT_TRUE(options.admin.is_default);
  EXPECT_EQ(options.admin.address, Bind::tcp("127.0.0.1", 8001));
}

TEST(Listening, DoesNotBlameAnAddressForAnotherError) {
  EXPECT_EQ(errors_of({"--port", "99999", "--admin", "127.0.0.1:8000"}),
            (Lines{"--port: 99999 is out of range; use 0 to 65535"}));
}

}  // namespace
}  // namespace prefork::config
