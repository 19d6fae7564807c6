#include "config/checks/admin_token.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "config/base/config_error.h"
#include "config/base/working_folder.h"

namespace prefork::config {
namespace {

// Shorter ones can be guessed.
constexpr std::size_t kFewestTokenBytes = 16;
constexpr std::size_t kMostTokenBytes = 256;
constexpr std::string_view kSpaces = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

Problem unreadable(const std::string& path, int error) {
  return Problem{"file " + in_quotes(path) +
                 " cannot be read: " + std::generic_category().message(error)};
}

}  // namespace

Result<std::string> read_token(const std::string& path) {
  // Without waiting for whoever would write into a pipe.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return unreadable(path, errno);
  std::array<char, 1024> room{};
  const ssize_t size = ::read(fd, room.data(), room.size());
  const int error = errno;
  ::close(fd);
  if (size < 0) return unreadable(path, error);
  const std::string_view text(room.data(), static_cast<std::size_t>(size));
  const std::string_view token = trimmed(text.substr(0, text.find('\n')));
  const bool is_visible =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (token.size() < kFewestTokenBytes || token.size() > kMostTokenBytes || !is_visible) {
    return Problem{"the first line of " + in_quotes(path) +
                   " is no token: it has to have 16 to 256 visible ASCII characters and nothing "
                   "else, as from `openssl rand -hex 32`"};
  }
  return std::string(token);
}

void resolve_admin_token(Merged& merged) {
  AdminOptions& admin = merged.options.admin;
  const Origin& origin = merged.origin("admin-token");
  if (!origin.is_valid || !merged.origin("admin").is_valid) return;
  if (admin.token_file.empty()) {
    const Origin& shown = merged.origin("admin-public");
    if (shown.level != Level::by_default && shown.is_valid) {
      merged.add_error(shown.source,
                       "has no effect without --admin-token: everything is shown; give both or "
                       "none");
    }
    return;
  }
  if (!admin.address) {
    merged.add_error(origin.source,
                     "has no effect while --admin is off (" + merged.origin("admin").text + ")");
    return;
  }
  admin.token_file = absolute_path(admin.token_file, merged.working_folder);
  auto token = read_token(admin.token_file);
  if (!token.ok()) {
    merged.add_error(origin.source, token.problem().text);
    return;
  }
  admin.token = std::move(token).value();
}

}  // namespace prefork::config
