#include "config/checks/listening.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "config/checks/activated_sockets.h"

namespace prefork::config {
namespace {

enum class Form { host_port, uds, fd, bind, activation };

struct FormOfOption {
  std::string_view option;
  Form form;
};

constexpr std::array kForms = {
    FormOfOption{"host", Form::host_port}, FormOfOption{"port", Form::host_port},
    FormOfOption{"uds", Form::uds},        FormOfOption{"fd", Form::fd},
    FormOfOption{"bind", Form::bind},
};

constexpr std::array kLevels = {Level::file, Level::environment, Level::command_line};

std::optional<Form> form_of(std::string_view option) {
  for (const FormOfOption& entry : kForms) {
    if (entry.option == option) return entry.form;
  }
  return std::nullopt;
}

// The first setting of this level that says where to listen, after reporting those of the level
// that say it in another form.
const Setting* form_of_level(Merged& merged, Level level) {
  const Setting* first = nullptr;
  std::set<Form> seen;
  for (const Setting& setting : merged.settings()) {
    const auto form = form_of(setting.option->name);
    if (setting.level != level || !form) continue;
    if (first == nullptr) first = &setting;
    if (!seen.insert(*form).second || seen.size() == 1) continue;
    merged.add_error(setting.source, "contradicts " + first->source +
                                         "; use one of bind, uds, fd, or host with port");
  }
  return first;
}

std::vector<Bind> binds_of(Form form, const ListenOptions& listen) {
  switch (form) {
    case Form::uds:
      return {Bind::unix_path(listen.uds)};
    case Form::fd:
      return {Bind::inherited_fd(listen.fd)};
    case Form::bind:
      return listen.given_binds;
    case Form::host_port:
    case Form::activation:
      break;
  }
  return {Bind::tcp(listen.host, listen.port)};
}

bool is_usable(Form form, const Merged& merged) {
  for (const FormOfOption& entry : kForms) {
    if (entry.form == form && !merged.origin(entry.option).is_valid) return false;
  }
  return true;
}

void note_unused(Merged& merged, Form used, const std::string& deciding) {
  for (const FormOfOption& entry : kForms) {
    if (entry.form == used) continue;
    Origin& origin = merged.origin(entry.option);
    const bool has_value = !field_texts(find_option(entry.option)->field, merged.options).empty();
    if (has_value) origin.text += ", not used: " + deciding + " decides";
  }
}

// Two ways of writing one path are the same socket; port 0 is a new port each time.
std::string identity(const Bind& bind) {
  if (bind.kind != Bind::Kind::unix_path) return bind.address();
  return "unix:" + std::filesystem::path(bind.path).lexically_normal().string();
}

void check_binds(Merged& merged) {
  const std::string& source = merged.listening_source;
  const std::vector<Bind>& binds = merged.options.listening.binds;
  if (binds.size() > kMaxBinds) {
    merged.add_error(source, std::to_string(binds.size()) + " addresses are given; use at most " +
                                 std::to_string(kMaxBinds));
  }
  std::set<std::string> seen;
  std::set<std::string> told;
  for (const Bind& bind : binds) {
    const bool is_free_port = bind.kind == Bind::Kind::tcp && bind.port == 0;
    const std::string same = identity(bind);
    if (is_free_port || seen.insert(same).second || !told.insert(same).second) continue;
    merged.add_error(source, printable(bind.text()) + " is given more than once; give it once");
  }
  if (!merged.options.admin.address || merged.options.admin.is_default) return;
  const Bind& admin = *merged.options.admin.address;
  const bool is_free_port = admin.kind == Bind::Kind::tcp && admin.port == 0;
  if (!is_free_port && seen.contains(identity(admin))) {
    merged.add_error(merged.origin("admin").source, printable(admin.text()) +
                                                        " is also an address to serve on (" +
                                                        source + "); use another one");
  }
}

}  // namespace

void resolve_listening(Merged& merged, const Environment& environment) {
  const std::vector<ActivatedSocket> sockets = activated_sockets(environment, getpid());
  const Setting* deciding = nullptr;
  for (const Level level : kLevels) {
    if (const Setting* setting = form_of_level(merged, level)) deciding = setting;
  }
  Form form = Form::host_port;
  merged.listening_source = "--host and --port";
  if (deciding != nullptr) {
    form = *form_of(deciding->option->name);
    merged.listening_source = deciding->source;
    note_unused(merged, form, deciding->source);
  } else if (!sockets.empty()) {
    form = Form::activation;
    merged.listening_source = "LISTEN_FDS";
    note_unused(merged, form, merged.listening_source);
  }
  if (!is_usable(form, merged)) return;
  std::vector<Bind> binds;
  for (const ActivatedSocket& socket : sockets) binds.push_back(Bind::inherited_fd(socket.fd));
  if (form != Form::activation) binds = binds_of(form, merged.options.listening);
  auto placed = put_in_place(binds, sockets);
  if (!placed.ok()) {
    merged.add_error(merged.listening_source, placed.problem().text);
    return;
  }
  merged.options.listening.binds = std::move(placed).value();
  if (merged.options.proxies.proxy_protocol) {
    for (Bind& bind : merged.options.listening.binds) bind.proxy_protocol = true;
  }
  check_binds(merged);
}

}  // namespace prefork::config
