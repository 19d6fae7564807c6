#include "config/options/admin_options.h"

#include <utility>

#include "config/base/config_error.h"
#include "config/values/file_mode.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

}  // namespace

Result<void> set_admin(Options& options, std::string_view text) {
  AdminOptions& admin = options.admin;
  if (text == "off") {
    admin.address.reset();
    admin.is_default = false;
    return {};
  }
  Bind bind;
  if (auto done = store(parse_bind(text), bind); !done.ok()) return done;
  if (bind.kind == Bind::Kind::inherited_fd || bind.kind == Bind::Kind::activated) {
    return Problem{"the admin address cannot be a descriptor; use host:port, unix:/path or off"};
  }
  if (bind.proxy_protocol) {
    return Problem{"the admin address takes no PROXY protocol; remove '" +
                   std::string(kProxyProtocolSuffix) + "'"};
  }
  admin.address = std::move(bind);
  admin.is_default = false;
  return {};
}

Texts admin_texts(const Options& options) {
  return {options.admin.address ? options.admin.address->text() : "off"};
}

Result<void> set_admin_mode(Options& options, std::string_view text) {
  const auto mode = parse_file_mode(text);
  if (!mode.ok()) return mode.problem();
  options.admin.mode = mode.value();
  return {};
}

Texts admin_mode_texts(const Options& options) {
  const auto& mode = options.admin.mode;
  return mode ? Texts{file_mode_text(*mode)} : Texts{};
}

Result<void> set_admin_token(Options& options, std::string_view text) {
  options.admin.token_file = text == "off" ? "" : text;
  return {};
}

Texts admin_token_texts(const Options& options) {
  return {options.admin.token_file.empty() ? "off" : options.admin.token_file};
}

Result<void> set_admin_public(Options& options, std::string_view text) {
  bool is_health = false;
  bool is_metrics = false;
  for (std::string_view rest = text == "off" ? "" : text; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    if (word == "health") {
      is_health = true;
    } else if (word == "metrics") {
      is_metrics = true;
    } else {
      return Problem{in_quotes(word) +
                     " is nothing that strangers could be shown; use health, metrics or off, "
                     "as in health,metrics"};
    }
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
  }
  options.admin.is_health_public = is_health;
  options.admin.is_metrics_public = is_metrics;
  return {};
}

Texts admin_public_texts(const Options& options) {
  const AdminOptions& admin = options.admin;
  if (admin.is_health_public && admin.is_metrics_public) return {"health,metrics"};
  return {admin.is_health_public ? "health" : admin.is_metrics_public ? "metrics" : "off"};
}

}  // namespace prefork::config
