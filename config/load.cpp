#include "config/load.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include "config/base/columns.h"
#include "config/base/working_folder.h"
#include "config/checks/account.h"
#include "config/checks/admin_token.h"
#include "config/checks/cpu_count.h"
#include "config/checks/cpu_plan.h"
#include "config/checks/cpu_topology.h"
#include "config/checks/cross_checks.h"
#include "config/checks/listening.h"
#include "config/checks/start_method.h"
#include "config/checks/starting_folder.h"
#include "config/checks/target.h"
#include "config/completions.h"
#include "config/help.h"
#include "config/man_pages.h"
#include "config/new_command.h"
#include "config/print_config.h"
#include "config/sources/command_line.h"
#include "config/sources/config_file.h"
#include "config/sources/merge.h"

namespace prefork::config {
namespace {

struct FallbackVariable {
  const char* name;
  std::string_view option;
};

constexpr std::array kFallbackVariables = {
    FallbackVariable{"PORT", "port"},
    FallbackVariable{"WEB_CONCURRENCY", "workers"},
    FallbackVariable{"FORWARDED_ALLOW_IPS", "forwarded-allow-ips"},
};

const Setting* find_setting(const Reading& reading, std::string_view option) {
  const auto found =
      std::find_if(reading.settings.begin(), reading.settings.end(),
                   [&](const Setting& setting) { return setting.option->name == option; });
  return found == reading.settings.end() ? nullptr : &*found;
}

bool asks_for(const Reading& command_line, std::string_view action) {
  const Setting* setting = find_setting(command_line, action);
  return setting != nullptr && parse_switch(setting->value) == true;
}

void append(Reading& all, Reading more) {
  std::move(more.settings.begin(), more.settings.end(), std::back_inserter(all.settings));
  std::move(more.errors.begin(), more.errors.end(), std::back_inserter(all.errors));
}

// Without a file when none is named.
Reading read_named_file(const Reading& command_line, const Reading& environment) {
  const Setting* named = find_setting(command_line, "config");
  if (named == nullptr) named = find_setting(environment, "config");
  // An empty name is told where all values are checked.
  if (named == nullptr || named->value.empty()) return {};
  return read_config_file(named->value, named->source);
}

// These variables belong to others too: they count only where nothing else is said, and an empty
// one is as good as none.
void add_fallbacks(Reading& all, const Environment& environment) {
  for (const auto& [name, option] : kFallbackVariables) {
    const auto variable = environment.find(name);
    if (variable == environment.end() || variable->second.empty()) continue;
    if (find_setting(all, option) != nullptr) continue;
    all.settings.push_back({find_option(option), variable->second, Level::fallback_variable, name,
                            std::string("environment ") + name});
  }
}

void resolve_workers(Merged& merged) {
  if (!merged.options.processes.workers_auto) return;
  AutoWorkers chosen = choose_auto_workers(affinity_cpus(), cgroup_cpu_quota());
  merged.options.processes.workers = chosen.workers;
  merged.origin("workers").text += ", auto: " + chosen.basis;
  merged.options.processes.workers_basis = std::move(chosen.basis);
}

// After resolve_workers().
void resolve_cpus(Merged& merged) {
  ProcessOptions& processes = merged.options.processes;
  if (processes.cpu_affinity.mode == CpuAffinity::Mode::off) return;
  const CpuSet allowed = allowed_cpus();
  const CpuSet& used = processes.cpu_affinity.mode == CpuAffinity::Mode::list
                           ? processes.cpu_affinity.cpus
                           : allowed;
  auto plan = choose_cpus(processes.cpu_affinity, processes.workers,
                          {allowed, cores_of(used), online_cpus(), cgroup_cpu_quota()});
  if (!plan.ok()) {
    merged.add_error(merged.origin("cpu-affinity").source, plan.problem().text);
    return;
  }
  processes.worker_cpus = std::move(plan.value().workers);
  processes.cpu_basis = std::move(plan.value().basis);
  merged.origin("cpu-affinity").text += ": " + processes.cpu_basis;
}

// Who tries an application out wants to see what it is asked.
void resolve_access_log(Merged& merged) {
  Origin& origin = merged.origin("access-log");
  if (origin.level == Level::by_default && merged.options.development.reload) {
    merged.options.logging.access_log = "-";
    origin.text += " with --reload";
  }
}

std::string fine_text(const Options& options) {
  std::string output = "prefork-server: the configuration is fine: ";
  output += std::to_string(options.processes.workers) +
            (options.processes.workers == 1 ? " worker on " : " workers on ");
  for (const Bind& bind : options.listening.binds) {
    if (&bind != &options.listening.binds.front()) output += ", ";
    output += printable(bind.text());
  }
  return output + "\n";
}

Loaded print(std::string output) { return {Action::print_and_exit, {}, std::move(output), {}, {}}; }

// `output` is empty where there is nothing of that name.
Loaded print_or_fail(std::string output, const Setting& setting, std::string_view names) {
  if (!output.empty()) return print(std::move(output));
  return {
      Action::fail,
      {},
      {},
      {},
      {{setting.source, in_quotes(setting.value) + " is not known; use " + std::string(names)}}};
}

// Nothing: neither --print-completion nor --print-man is there.
std::optional<Loaded> read_printed(const Reading& command_line) {
  if (const Setting* shell = find_setting(command_line, "print-completion")) {
    return print_or_fail(completion_script(shell->value), *shell, kCompletionShells);
  }
  if (const Setting* page = find_setting(command_line, "print-man")) {
    return print_or_fail(man_page(page->value), *page, kManPages);
  }
  return std::nullopt;
}

Loaded load(std::span<const std::string> arguments, const Environment& environment,
            LoadPhase phase) {
  Reading all = read_command_line(arguments);
  if (asks_for(all, "help")) return print(help_text(help_width()));
  if (asks_for(all, "version")) return print(version_text());
  if (const auto printed = read_printed(all)) return *printed;
  const bool checks = asks_for(all, "check-config");
  const bool prints = asks_for(all, "print-config");

  Reading variables = read_environment(environment);
  Reading file = read_named_file(all, variables);
  append(all, std::move(variables));
  append(all, std::move(file));
  add_fallbacks(all, environment);

  Merged merged(std::move(all.settings));
  if (const auto name = environment.find("PWD");
      name != environment.end() && names_working_folder(name->second)) {
    merged.working_folder = name->second;
  }
  resolve_starting_folder(merged);
  resolve_account(merged);
  resolve_workers(merged);
  resolve_cpus(merged);
  resolve_listening(merged, environment);
  resolve_target(merged);
  resolve_start_method(merged);
  resolve_reload(merged, phase);
  resolve_access_log(merged);
  resolve_admin_token(merged);
  cross_check(merged, phase);

  std::move(merged.errors.begin(), merged.errors.end(), std::back_inserter(all.errors));
  if (!all.errors.empty()) return {Action::fail, {}, {}, {}, std::move(all.errors)};
  if (!checks && !prints) return {Action::run, std::move(merged.options), {}, {}, {}};
  std::string output =
      (prints ? print_config(merged) : "") + (checks ? fine_text(merged.options) : "");
  if (!checks) return print(std::move(output));
  return {Action::check, std::move(merged.options), std::move(output), {}, {}};
}

}  // namespace

Loaded load_options(std::span<const std::string> arguments, const Environment& environment,
                    LoadPhase phase) {
  try {
    if (is_new_command(arguments)) return read_new_command(arguments);
    return load(arguments, environment, phase);
  } catch (const std::exception& error) {
    return {Action::fail, {}, {}, {}, {{"configuration", error.what()}}};
  }
}

}  // namespace prefork::config
