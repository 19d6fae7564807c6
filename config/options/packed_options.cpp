#include "config/options/packed_options.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "config/base/config_error.h"
#include "config/options/option_table.h"

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;
using Kind = ServeTarget::Kind;

// What follows from the options, and cannot be found out again from them alone.
struct Conclusion {
  std::string_view name;
  CustomField field;
};

Result<void> set_flag(std::string_view text, bool& flag) {
  const auto value = parse_switch(text);
  if (!value) return Problem{in_quotes(text) + " is neither on nor off"};
  flag = *value;
  return {};
}

Texts flag_text(bool flag) { return {flag ? "true" : "false"}; }

Result<void> set_kind(Options& options, std::string_view text) {
  for (const Kind kind : {Kind::none, Kind::folder, Kind::application}) {
    if (text == std::to_string(static_cast<int>(kind))) {
      options.target.kind = kind;
      return {};
    }
  }
  return Problem{in_quotes(text) + " is nothing that can be served"};
}

constexpr std::array kConclusions = {
    Conclusion{
        "workers is auto",
        {[](Options& options, std::string_view text) {
           return set_flag(text, options.processes.workers_auto);
         },
         [](const Options& options) { return flag_text(options.processes.workers_auto); }, ""}},
    Conclusion{"basis of workers",
               {[](Options& options, std::string_view text) -> Result<void> {
                  options.processes.workers_basis = text;
                  return {};
                },
                [](const Options& options) { return Texts{options.processes.workers_basis}; }, ""}},
    Conclusion{"CPUs of a worker",
               {[](Options& options, std::string_view text) {
                  CpuSet cpus;
                  auto stored = store(parse_cpu_set(text), cpus);
                  if (stored.ok()) options.processes.worker_cpus.push_back(std::move(cpus));
                  return stored;
                },
                [](const Options& options) {
                  Texts texts;
                  for (const CpuSet& cpus : options.processes.worker_cpus) {
                    texts.push_back(to_text(cpus));
                  }
                  return texts;
                },
                "", true}},
    Conclusion{"basis of CPUs",
               {[](Options& options, std::string_view text) -> Result<void> {
                  options.processes.cpu_basis = text;
                  return {};
                },
                [](const Options& options) { return Texts{options.processes.cpu_basis}; }, ""}},
    Conclusion{"kind of app",
               {set_kind,
                [](const Options& options) {
                  return Texts{std::to_string(static_cast<int>(options.target.kind))};
                },
                ""}},
    Conclusion{"address",
               {[](Options& options, std::string_view text) {
                  Bind bind;
                  auto stored = store(parse_bind(text), bind);
                  if (stored.ok()) options.listening.binds.push_back(std::move(bind));
                  return stored;
                },
                [](const Options& options) {
                  Texts texts;
                  for (const Bind& bind : options.listening.binds) texts.push_back(bind.text());
                  return texts;
                },
                "", true, ',', [](Options& options) { options.listening.binds.clear(); }}},
    Conclusion{"account",
               {[](Options& options, std::string_view text) {
                  Account account;
                  auto stored = store(parse_account(text), account);
                  if (stored.ok()) options.service.account = std::move(account);
                  return stored;
                },
                [](const Options& options) {
                  const auto& account = options.service.account;
                  return account ? Texts{account_text(*account)} : Texts{};
                },
                ""}},
    Conclusion{"origin of a setting",
               {[](Options& options, std::string_view text) -> Result<void> {
                  for (AppSetting& setting : options.application.settings) {
                    if (setting.origin.empty()) {
                      setting.origin = text;
                      return {};
                    }
                  }
                  return Problem{"there is no such setting"};
                },
                [](const Options& options) {
                  Texts texts;
                  for (const AppSetting& setting : options.application.settings) {
                    texts.push_back(setting.origin);
                  }
                  return texts;
                },
                "", true}},
    Conclusion{"admin is default",
               {[](Options& options, std::string_view text) {
                  return set_flag(text, options.admin.is_default);
                },
                [](const Options& options) { return flag_text(options.admin.is_default); }, ""}},
    Conclusion{"token of admin",
               {[](Options& options, std::string_view text) -> Result<void> {
                  options.admin.token = text;
                  return {};
                },
                [](const Options& options) {
                  const std::string& token = options.admin.token;
                  return token.empty() ? Texts{} : Texts{token};
                },
                ""}},
};

// Behind each text, of which none has one in it.
constexpr char kEnd = '\0';

void append(std::string& packed, std::string_view name, const Texts& values) {
  for (const std::string& value : values) {
    packed.append(name).push_back(kEnd);
    packed.append(value).push_back(kEnd);
  }
}

// Takes a text off the front of `rest`.
std::optional<std::string_view> take(std::string_view& rest) {
  const std::size_t end = rest.find(kEnd);
  if (end == rest.npos) return std::nullopt;
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return text;
}

Result<void> set_named(Options& options, std::string_view name, std::string_view value) {
  if (const OptionSpec* const option = find_option(name)) {
    return set_field(option->field, options, value);
  }
  const auto* const found =
      std::find_if(kConclusions.begin(), kConclusions.end(),
                   [name](const Conclusion& conclusion) { return conclusion.name == name; });
  if (found == kConclusions.end()) return Problem{"there is no such option"};
  return found->field.set(options, value);
}

}  // namespace

std::string pack_options(const Options& options) {
  std::string packed;
  for (const OptionSpec& option : option_table()) {
    append(packed, option.name, field_texts(option.field, options));
  }
  for (const Conclusion& conclusion : kConclusions) {
    append(packed, conclusion.name, conclusion.field.get(options));
  }
  return packed;
}

Result<Options> unpack_options(std::string_view packed) {
  Options options;
  for (const OptionSpec& option : option_table()) clear_field(option.field, options);
  for (const Conclusion& conclusion : kConclusions) clear_field(conclusion.field, options);
  while (!packed.empty()) {
    const auto name = take(packed);
    const auto value = take(packed);
    if (!name || !value) return Problem{"the options are cut off"};
    if (const auto set = set_named(options, *name, *value); !set.ok()) {
      return Problem{"the option " + in_quotes(*name) + ": " + set.problem().text};
    }
  }
  return options;
}

}  // namespace prefork::config
