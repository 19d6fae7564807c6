#include "config/options/listen_options.h"

#include <string>
#include <utility>

#include "config/base/config_error.h"
#include "config/values/file_mode.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

}  // namespace

Result<void> set_host(Options& options, std::string_view text) {
  return store(parse_host(text), options.listening.host);
}

Texts host_texts(const Options& options) { return {options.listening.host}; }

Result<void> set_port(Options& options, std::string_view text) {
  return store(parse_port(text), options.listening.port);
}

Texts port_texts(const Options& options) { return {std::to_string(options.listening.port)}; }

Result<void> set_uds(Options& options, std::string_view text) {
  return store(parse_unix_path(text), options.listening.uds);
}

Texts uds_texts(const Options& options) {
  return options.listening.uds.empty() ? Texts{} : Texts{options.listening.uds};
}

Result<void> set_uds_mode(Options& options, std::string_view text) {
  auto mode = parse_file_mode(text);
  if (!mode.ok()) return mode.problem();
  options.listening.uds_mode = mode.value();
  return {};
}

Texts uds_mode_texts(const Options& options) {
  const auto& mode = options.listening.uds_mode;
  return mode ? Texts{file_mode_text(*mode)} : Texts{};
}

Result<void> set_fd(Options& options, std::string_view text) {
  return store(parse_descriptor(text), options.listening.fd);
}

Texts fd_texts(const Options& options) {
  return options.listening.fd < 0 ? Texts{} : Texts{std::to_string(options.listening.fd)};
}

Result<void> add_bind(Options& options, std::string_view text) {
  Bind bind;
  auto stored = store(parse_bind(text), bind);
  if (stored.ok()) options.listening.given_binds.push_back(std::move(bind));
  return stored;
}

Texts bind_texts(const Options& options) {
  Texts texts;
  for (const Bind& bind : options.listening.given_binds) texts.push_back(bind.text());
  return texts;
}

Result<void> set_control(Options& options, std::string_view text) {
  const bool is_on = text != "off";
  options.control = {is_on, is_on ? std::string(text) : ""};
  return {};
}

Texts control_texts(const Options& options) {
  if (!options.control.is_on) return {"off"};
  return options.control.path.empty() ? Texts{} : Texts{options.control.path};
}

}  // namespace prefork::config
