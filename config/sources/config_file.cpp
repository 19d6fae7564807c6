#include "config/sources/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "config/base/result.h"
#include "config/sources/suggest.h"

namespace prefork::config {
namespace {

class OpenFile {
 public:
  // O_NONBLOCK: opening a pipe that nobody writes to must not hang; it is refused afterwards.
  explicit OpenFile(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Problem cannot_read(const std::string& path) {
  return Problem{"cannot read " + in_quotes(path) + ": " + std::generic_category().message(errno)};
}

Result<std::string> read_text(const std::string& path) {
  const OpenFile file(path);
  struct stat status {};
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0) return cannot_read(path);
  if (S_ISDIR(status.st_mode)) return Problem{in_quotes(path) + " is a folder; name a file"};
  if (!S_ISREG(status.st_mode)) {
    return Problem{in_quotes(path) +
                   " is not a regular file; SIGHUP must be able to read it again"};
  }
  std::string text;
  std::string chunk(std::size_t{64} * 1024, '\0');
  while (true) {
    const ssize_t count = read(file.fd(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path);
    if (count == 0) return text;
    text.append(chunk, 0, static_cast<std::size_t>(count));
    if (text.size() > kLargestFile) return Problem{in_quotes(path) + " is larger than 1m"};
  }
}

// Reads the entries of one file's top-level table.
class TableReader {
 public:
  explicit TableReader(const std::string& path) : path_(path) {}

  Reading read(const toml::table& table) {
    for (const auto& [key, node] : in_order(table)) read_entry(*key, *node);
    return std::move(reading_);
  }

 private:
  using Entries = std::vector<std::pair<const toml::key*, const toml::node*>>;

  // The table is sorted by name; people read their file from the top.
  static Entries in_order(const toml::table& table) {
    Entries entries;
    for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
    std::sort(entries.begin(), entries.end(), [](const auto& left, const auto& right) {
      return left.first->source().begin < right.first->source().begin;
    });
    return entries;
  }

  std::string place_of(const toml::key& key) const {
    return path_ + ":" + std::to_string(key.source().begin.line);
  }

  void read_entry(const toml::key& key, const toml::node& node) {
    const std::string place = place_of(key);
    const std::string source = place + ": " + printable(key.str());
    if (const toml::table* table = node.as_table();
        table != nullptr && (key.str() == "app" || key.str() == "set")) {
      read_app_settings(*table);
    } else if (node.is_table() || node.is_array_of_tables()) {
      add_error(source, "tables have no meaning here; write all options at the top level");
    } else {
      read_option(key, node, place, source);
    }
  }

  void read_app_settings(const toml::table& table) {
    const OptionSpec* const option = find_option("set");
    for (const auto& [key, node] : in_order(table)) {
      const std::string place = place_of(*key);
      const std::string source = place + ": " + printable(key->str());
      if (node->is_table() || node->is_array()) {
        add_error(source, "a setting is one value: a text, a number or true or false" +
                              advice_for(std::string(key->str()), *node));
      } else {
        const std::string text = std::string(key->str()) + "=" + as_text(*node);
        reading_.settings.push_back({option, text, Level::file, source, place});
      }
    }
  }

  void read_option(const toml::key& key, const toml::node& node, const std::string& place,
                   const std::string& source) {
    const OptionSpec* option = option_of(key.str());
    if (option == nullptr) {
      add_error(source, unknown_key(key.str()));
    } else if (!may_set(*option, Level::file)) {
      add_error(source, "cannot stand in the file; use " + command_line_name(*option));
    } else if (const toml::array* array = node.as_array()) {
      read_array(*option, *array, place, source);
    } else {
      add_setting(*option, node, place, source);
    }
  }

  void read_array(const OptionSpec& option, const toml::array& array, const std::string& place,
                  const std::string& source) {
    if (!is_repeatable(option.field)) {
      add_error(source, "takes one value, not an array");
    } else if (array.empty()) {
      add_error(source, "the array is empty; remove the key or add a value");
    } else {
      for (const toml::node& node : array) {
        if (node.is_table() || node.is_array()) {
          add_error(source, "the array may hold only texts");
        } else {
          add_setting(option, node, place, source);
        }
      }
    }
  }

  void add_setting(const OptionSpec& option, const toml::node& node, const std::string& place,
                   const std::string& source) {
    reading_.settings.push_back({&option, as_text(node), Level::file, source, place});
  }

  void add_error(const std::string& source, std::string message) {
    reading_.errors.push_back({source, std::move(message)});
  }

  // TOML reads user.alice = "x" as a table `user`. Empty: it is none, or has nothing in it.
  static std::string advice_for(std::string name, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr || table->empty()) return {};
    while (table != nullptr && !table->empty()) {
      const auto [key, value] = in_order(*table).front();
      name.append(".").append(key->str());
      table = value->as_table();
    }
    return "; write \"" + printable(name) + "\" in quotes";
  }

  static const OptionSpec* option_of(std::string_view key) {
    for (const OptionSpec& option : option_table()) {
      if (file_key(option) == key) return &option;
    }
    return nullptr;
  }

  static std::string unknown_key(std::string_view key) {
    const OptionSpec* meant = nearest_option(key, Level::file);
    if (meant != nullptr) return "unknown key; did you mean " + file_key(*meant) + "?";
    return "unknown key; --help lists the options";
  }

  // All kinds of value go the same way as text: 8000 and "8000" are the same port. A date or a
  // fraction becomes a text that no option takes.
  static std::string as_text(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    std::ostringstream stream;
    node.visit([&](const auto& value) { stream << value; });
    return std::move(stream).str();
  }

  const std::string& path_;
  Reading reading_;
};

Reading only_error(std::string source, std::string message) {
  Reading reading;
  reading.errors.push_back({std::move(source), std::move(message)});
  return reading;
}

std::string syntax_message(const toml::parse_error& error) {
  constexpr std::string_view kRepeated = "Error while parsing ";
  std::string_view description = error.description();
  if (description.starts_with(kRepeated)) description.remove_prefix(kRepeated.size());
  // The table [app] in a file that has the key app.
  const bool is_app_twice = description.find("'app' as table") != description.npos;
  return "not valid TOML: " + std::string(description) +
         (is_app_twice ? "; write that table as [set]" : "");
}

}  // namespace

Reading read_config_file(const std::string& path, const std::string& named_by) {
  auto text = read_text(path);
  if (!text.ok()) {
    return only_error(named_by, text.problem().text);
  }
  return read_config_text(text.value(), path);
}

Reading read_config_text(std::string_view text, const std::string& path) {
  try {
    const toml::table table = toml::parse(text, path);
    return TableReader(path).read(table);
  } catch (const toml::parse_error& error) {
    const toml::source_position& place = error.source().begin;
    return only_error(path + ":" + std::to_string(place.line) + ":" + std::to_string(place.column),
                      syntax_message(error));
  }
}

}  // namespace prefork::config
