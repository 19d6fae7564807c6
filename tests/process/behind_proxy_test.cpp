// The configurations of deploy/proxies, each with the program it is for: connections to the server
// are kept, the client is the one that the proxy names, and a reload is noticed by nobody.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace prefork::test {
namespace {

struct Proxy {
  const char* name;
  const char* file;         // in deploy/proxies
  const char* listen;       // there
  const char* listen_here;  // instead, before the path of a socket
  const char* before;       // the text of the file, to run as a test
  const char* after;
  std::vector<std::string> arguments;  // before the name of the file
};

const Proxy kProxies[] = {
    {"nginx",
     "nginx.conf",
     "listen 80;",
     "listen unix:",
     "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\n"
     "access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; "
     "uwsgi_temp_path u; scgi_temp_path s;\n",
     "}\n",
     {"-p", ".", "-e", "stderr", "-c"}},
    {"haproxy", "haproxy.cfg", "bind :80", "bind ", "", "", {"-db", "-f"}},
    {"caddy",
     "Caddyfile",
     ":80 {",
     "http:// {\n\tbind unix/",
     "{\n\tadmin off\n\tauto_https off\n}\n",
     "",
     {"run", "--adapter", "caddyfile", "--config"}},
};

std::string path_of(const std::string& program) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
    if (::access((folder + program).c_str(), X_OK) == 0) {
      return folder + program;
    }
  }
  return "";
}

void replace(std::string& text, std::string_view what, const std::string& with) {
  const std::size_t at = text.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), with);
}

class BehindProxy : public testing::TestWithParam<Proxy> {
 protected:
  // The file as it is, but for the addresses.
  std::string configuration() const {
    const Proxy& proxy = GetParam();
    std::string text = read_file(std::string(PREFORK_DEPLOY) + "/proxies/" + proxy.file);
    replace(text, "127.0.0.1:8000", server_.url().substr(std::string_view("http://").size()));
    const bool is_statement = std::string_view(proxy.listen).ends_with(';');
    replace(text, proxy.listen, proxy.listen_here + socket() + (is_statement ? ";" : ""));
    return proxy.before + text + proxy.after;
  }
  std::string socket() const { return folder_ / "proxy.sock"; }

  Launch launch() const {
    Launch launch;
    launch.program = path_of(GetParam().name);
    launch.arguments = GetParam().arguments;
    launch.arguments.push_back(folder_.write(GetParam().file, configuration()));
    launch.environment = {{"HOME", folder_.path()}};
    launch.working_folder = folder_.path();
    launch.stderr_path = folder_ / "stderr";
    return launch;
  }

  TemporaryFolder folder_;
  ServerProcess server_{
      {"--workers", "2", "--proxy-headers", "--timeout-keep-alive", "75s", "--threads", "2"}};
};

TEST_P(BehindProxy, ConnectionsAreKeptAndAReloadIsNotNoticed) {
  if (path_of(GetParam().name).empty()) {
    GTEST_SKIP() << GetParam().name << " is not installed";
  }
  const ChildProcess proxy(launch());
  ASSERT_TRUE(wait_until([&] { return Client("unix:" + socket()).is_connected(); }))
      << read_file(folder_ / "stderr");
  Client client("unix:" + socket());
  for (int i = 0; i < 60; ++i) {
    if (i % 20 == 10) {
      server_.send_signal(SIGHUP);
    }
    const Reply reply = client.get("/plaintext");
    ASSERT_EQ(reply.status, 200) << "request " << i << ": " << reply << client.problem() << "\n"
                                 << read_file(folder_ / "stderr");
  }
  ASSERT_TRUE(server_.has_logged({"reload to generation 2 is done"}));
  client.send("GET /client HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Proto: gopher\r\n\r\n");
  const Reply who = client.receive();
  EXPECT_EQ(who.status, 200) << who;
  EXPECT_NE(who.body.find("http"), std::string::npos) << who.body;
  EXPECT_EQ(who.body.find("gopher"), std::string::npos) << who.body;
  const auto accepted =
      server_.statistics()["totals"]["connections"]["accepted"].get<std::uint64_t>();
  EXPECT_LE(accepted, 6U) << "of one connection for each process, and what reloads cost";
}

INSTANTIATE_TEST_SUITE_P(Each, BehindProxy, testing::ValuesIn(kProxies),
                         [](const auto& proxy) { return std::string(proxy.param.name); });

}  // namespace
}  // namespace prefork::test
