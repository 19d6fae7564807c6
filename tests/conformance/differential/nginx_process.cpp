#include "tests/conformance/differential/nginx_process.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "ipc/base/owned_fd.h"
#include "tests/support/http_client.h"

namespace prefork::test {

namespace {

// nginx cannot choose a port itself. Free at this moment; the range is large enough to stay so.
int free_port() {
  const ipc::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), plain, size) != 0 || ::getsockname(socket.get(), plain, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  return ntohs(address.sin_port);
}

}  // namespace

NginxProcess::NginxProcess() {
  const int port = free_port();
  url_ = "http://127.0.0.1:" + std::to_string(port);
  const std::string log = folder_ / "error.log";
  Launch launch;
  launch.program = PREFORK_NGINX;
  launch.arguments = {"-p", folder_.path(), "-e",
                      log,  "-c",           folder_.write("nginx.conf", configuration(port))};
  launch.stderr_path = folder_ / "stderr";
  child_ = std::make_unique<ChildProcess>(launch);
  const bool answers = wait_until(
      [&] { return child_->wait(Milliseconds{0}) || get(url_, "/json", kASecond).status == 200; });
  if (!answers || child_->has_ended()) {
    throw std::runtime_error("nginx did not start: " + read_file(launch.stderr_path) +
                             read_file(log));
  }
}

NginxProcess::~NginxProcess() {
  ::kill(child_->pid(), SIGTERM);
  child_->wait(kASecond * 5);
}

std::string NginxProcess::configuration(int port) const {
  std::string text = "daemon off;\nload_module " PREFORK_NGINX_ECHO_MODULE ";\n";
  if (::geteuid() == 0) {
    // Its worker has to be able to write below a private folder.
    text += "user root;\n";
  }
  const std::string folder = folder_.path() + "/";
  text += "worker_processes 1;\npid " + folder + "pid;\nerror_log " + folder + "error.log crit;\n";
  text += "events { worker_connections 1024; }\nhttp {\n  access_log off;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += "  " + std::string(kind) + "_temp_path " + folder + kind + ";\n";
  }
  text += "  keepalive_requests 1000000;\n  default_type application/octet-stream;\n";
  text += "  server {\n    listen 127.0.0.1:" + std::to_string(port) + ";\n" + R"(
    client_body_buffer_size 128k;
    location = /json { return 200 '{"message":"Hello, World!"}'; }
    location / { echo_read_request_body; echo_request_body; }
  }
}
)";
  return text;
}

}  // namespace prefork::test
