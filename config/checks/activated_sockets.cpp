#include "config/checks/activated_sockets.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START
constexpr std::int64_t kMostDescriptors = 1024;
constexpr std::string_view kNoName = "unknown";  // as sd_listen_fds_with_names(3) says

std::string_view text_of(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

Problem no_such_socket(const std::string& name, const std::vector<ActivatedSocket>& sockets) {
  std::string text = "no socket called " + in_quotes(name) + " was passed by systemd; ";
  if (sockets.empty()) return Problem{text + "start the server by its socket unit"};
  std::string names;
  for (const ActivatedSocket& socket : sockets) {
    names += (names.empty() ? "" : ", ") + in_quotes(socket.name);
  }
  return Problem{text + "there are " + names + " (FileDescriptorName=)"};
}

}  // namespace

std::vector<ActivatedSocket> activated_sockets(const Environment& environment, int pid) {
  const auto count = parse_number(text_of(environment, "LISTEN_FDS"));
  if (parse_number(text_of(environment, "LISTEN_PID")) != pid || !count || *count < 1 ||
      *count > kMostDescriptors) {
    return {};
  }
  std::vector<ActivatedSocket> sockets;
  std::string_view names = text_of(environment, "LISTEN_FDNAMES");
  for (int index = 0; index < *count; ++index) {
    const std::string_view name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    sockets.push_back({kFirstDescriptor + index, std::string(name.empty() ? kNoName : name)});
  }
  return sockets;
}

Result<std::vector<Bind>> put_in_place(const std::vector<Bind>& binds,
                                       const std::vector<ActivatedSocket>& sockets) {
  std::vector<Bind> placed;
  for (const Bind& bind : binds) {
    if (bind.kind != Bind::Kind::activated) {
      placed.push_back(bind);
      continue;
    }
    const std::size_t before = placed.size();
    for (const ActivatedSocket& socket : sockets) {
      if (socket.name != bind.name) continue;
      placed.push_back(Bind::inherited_fd(socket.fd));
      placed.back().proxy_protocol = bind.proxy_protocol;
    }
    if (placed.size() == before) return no_such_socket(bind.name, sockets);
  }
  return placed;
}

}  // namespace prefork::config
