#include "config/options/service_options.h"

#include <utility>

#include "config/base/config_error.h"
#include "config/values/file_mode.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

Texts text_if_any(const std::string& text) { return text.empty() ? Texts{} : Texts{text}; }

}  // namespace

Result<void> set_user(Options& options, std::string_view text) {
  options.service.user = text;
  return {};
}

Texts user_texts(const Options& options) { return text_if_any(options.service.user); }

Result<void> set_group(Options& options, std::string_view text) {
  options.service.group = text;
  return {};
}

Texts group_texts(const Options& options) { return text_if_any(options.service.group); }

Result<void> set_umask(Options& options, std::string_view text) {
  const auto mode = parse_file_mode(text);
  if (!mode.ok()) return mode.problem();
  options.service.umask = mode.value();
  return {};
}

Texts umask_texts(const Options& options) {
  const auto& mask = options.service.umask;
  return mask ? Texts{file_mode_text(*mask)} : Texts{};
}

Result<void> set_chdir(Options& options, std::string_view text) {
  options.service.chdir = text;
  return {};
}

Texts chdir_texts(const Options& options) { return text_if_any(options.service.chdir); }

Result<void> set_pidfile(Options& options, std::string_view text) {
  options.service.pidfile = text;
  return {};
}

Texts pidfile_texts(const Options& options) { return text_if_any(options.service.pidfile); }

Result<void> set_agent_check(Options& options, std::string_view text) {
  if (text == "off") {
    options.service.agent_check.reset();
    return {};
  }
  Bind bind;
  if (auto done = store(parse_bind(text), bind); !done.ok()) return done;
  if (bind.kind != Bind::Kind::tcp || bind.proxy_protocol) {
    return Problem{in_quotes(text) + " is not where HAProxy can ask; use host:port or off"};
  }
  options.service.agent_check = std::move(bind);
  return {};
}

Texts agent_check_texts(const Options& options) {
  const auto& bind = options.service.agent_check;
  return {bind ? bind->text() : "off"};
}

}  // namespace prefork::config
