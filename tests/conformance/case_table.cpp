#include "tests/conformance/case_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "config/base/text.h"

namespace prefork::test {

namespace {

struct Macro {
  std::string_view name;
  std::string_view meaning;  // written like a `send`
};

constexpr std::array kMacros = {
    Macro{"{R}", "GET / HTTP/1.1\\r\\nHost: a\\r\\n"},
    Macro{"{H}", "Host: a\\r\\n"},
    Macro{"{P}", "POST / HTTP/1.1\\r\\nHost: a\\r\\n"},
    Macro{"{C}", "POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"},
    Macro{"{S}", "GET /static/big.txt HTTP/1.1\\r\\nHost: a\\r\\n"},
    Macro{"{CL}", "Connection: close\\r\\n"},
};

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  throw std::invalid_argument(std::string(what) + ": " + std::string(text));
}

std::size_t number_in(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    refuse("not a number", text);
  }
  return number;
}

std::string with_macros(std::string_view text) {
  std::string result(text);
  for (const auto& [macro, meaning] : kMacros) {
    for (std::size_t at = 0; (at = result.find(macro, at)) != std::string::npos;) {
      result.replace(at, macro.size(), meaning);
      at += meaning.size();
    }
  }
  return result;
}

// The character at the front of `text`, which is taken away.
char take_character(std::string_view& text) {
  const auto take = [&text](std::size_t size) { text.remove_prefix(size); };
  const char first = text.front();
  if (first != '\\') {
    take(1);
    return first;
  }
  const char kind = text.size() > 1 ? text[1] : '\0';
  constexpr std::string_view kLetters = "rnt\\";
  constexpr std::string_view kMeanings = "\r\n\t\\";
  if (const std::size_t known = kLetters.find(kind); known != std::string_view::npos) {
    take(2);
    return kMeanings[known];
  }
  const auto high = kind == 'x' && text.size() > 3 ? config::hex_value(text[2]) : std::nullopt;
  const auto low = high ? config::hex_value(text[3]) : std::nullopt;
  if (!low) {
    refuse("bad escape", text);
  }
  take(4);
  return static_cast<char>(*high << 4 | *low);
}

// Removes `prefix` where it is there.
bool take_prefix(std::string_view& text, std::string_view prefix) {
  const bool there = text.starts_with(prefix);
  text.remove_prefix(there ? prefix.size() : 0);
  return there;
}

Outcome parse_outcome(std::string_view text) {
  Outcome outcome;
  if (text == "close") {
    outcome.closes = true;
    return outcome;
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view answer = config::trim(text.substr(0, end));
    if (answer.size() < 3 || outcome.closes) {
      refuse("not an outcome", text);
    }
    std::string_view marks = answer.substr(3);
    outcome.answers.push_back(
        {static_cast<int>(number_in(answer.substr(0, 3))), take_prefix(marks, "h")});
    outcome.closes = take_prefix(marks, "c");
    if (!marks.empty()) {
      refuse("not an outcome", text);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return outcome;
}

std::vector<Outcome> parse_outcomes(std::string_view text) {
  std::vector<Outcome> outcomes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('|'), text.size());
    outcomes.push_back(parse_outcome(config::trim(text.substr(0, end))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return outcomes;
}

Condition parse_condition(std::string_view text) {
  using Kind = Condition::Kind;
  Condition condition;
  if (text.size() > 4 && text[3] == ':') {
    condition.only_for_status = static_cast<int>(number_in(text.substr(0, 3)));
    text = config::trim(text.substr(4));
  }
  const auto text_of_body = [&](Kind kind) {
    condition.kind = kind;
    condition.text = unescape(text);
  };
  if (take_prefix(text, "no header ")) {
    condition.kind = Kind::no_header;
    condition.name = text;
  } else if (take_prefix(text, "header ")) {
    const std::size_t colon = text.find(':');
    condition.name = text.substr(0, colon);
    if (colon != std::string_view::npos) {
      condition.text = config::trim(text.substr(colon + 1));
    }
  } else if (text == "body empty") {
    condition.kind = Kind::body;
    condition.text = "";
  } else if (take_prefix(text, "body contains ")) {
    text_of_body(Kind::body_holds);
  } else if (take_prefix(text, "body lacks ")) {
    text_of_body(Kind::body_lacks);
  } else if (take_prefix(text, "body size ")) {
    condition.kind = Kind::body_size;
    condition.size = number_in(text);
  } else if (take_prefix(text, "body at most ")) {
    condition.kind = Kind::body_at_most;
    condition.size = number_in(text);
  } else if (take_prefix(text, "body ")) {
    text_of_body(Kind::body);
  } else {
    refuse("not a condition", text);
  }
  return condition;
}

// "38. two Host fields [9112 3.2]"
Case parse_title(std::string_view line) {
  const std::size_t dot = line.find(". ");
  const std::size_t bracket = line.rfind(" [");
  if (dot == line.npos || bracket == line.npos || bracket <= dot || line.back() != ']') {
    refuse("not a title", line);
  }
  Case result;
  result.number = static_cast<int>(number_in(line.substr(0, dot)));
  result.name = config::trim(line.substr(dot + 2, bracket - dot - 2));
  result.section = line.substr(bracket + 2, line.size() - bracket - 3);
  return result;
}

void parse_line(std::string_view line, std::vector<Case>& cases) {
  if (line.front() != ' ') {
    cases.push_back(parse_title(line));
    return;
  }
  if (cases.empty()) {
    refuse("before the first title", line);
  }
  std::vector<Step>& steps = cases.back().steps;
  std::string_view rest = config::trim(line);
  if (take_prefix(rest, "send ")) {
    if (steps.empty() || !steps.back().accepted.empty()) {
      steps.emplace_back();
    }
    constexpr std::string_view kEnd = " EOF";
    steps.back().then_end = rest.ends_with(kEnd);
    rest.remove_suffix(steps.back().then_end ? kEnd.size() : 0);
    steps.back().send += rest;
  } else if (rest == "at once") {
    cases.back().at_once = true;
  } else if (take_prefix(rest, "want ") && !steps.empty()) {
    steps.back().accepted = parse_outcomes(rest);
    steps.back().want = rest;
  } else if (take_prefix(rest, "with ") && !steps.empty()) {
    steps.back().conditions.push_back(parse_condition(rest));
  } else {
    refuse("none of: send, want, with, at once", line);
  }
}

void load_file(const std::filesystem::path& path, std::vector<Case>& cases) {
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    try {
      if (!line.empty() && line.front() != '#') {
        parse_line(line, cases);
      }
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(path.string() + ":" + std::to_string(number) + ": " + error.what());
    }
  }
}

}  // namespace

std::string unescape(std::string_view text) {
  const std::string expanded = with_macros(text);
  std::string_view rest = expanded;
  std::string bytes;
  std::size_t repeated_from = std::string::npos;
  while (!rest.empty()) {
    if (rest.front() != '~' && (rest.front() != '*' || repeated_from == std::string::npos)) {
      bytes.push_back(take_character(rest));
    } else if (rest.front() == '~') {
      repeated_from = bytes.size();
      rest.remove_prefix(1);
    } else {
      const std::size_t end = rest.find('~');
      if (end == std::string_view::npos) {
        refuse("a repetition without an end", text);
      }
      const std::string piece = bytes.substr(repeated_from);
      for (std::size_t times = number_in(rest.substr(1, end - 1)); times > 1; --times) {
        bytes += piece;
      }
      repeated_from = std::string::npos;
      rest.remove_prefix(end + 1);
    }
  }
  return bytes;
}

std::string Case::test_name() const {
  std::string digits = std::to_string(number);
  std::string result = std::string(3 - std::min<std::size_t>(3, digits.size()), '0') + digits;
  bool gap = true;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      result += std::exchange(gap, false) ? "_" : "";
      result += config::to_lower(c);
    } else {
      gap = true;
    }
  }
  return result;
}

void PrintTo(const Case& test_case, std::ostream* stream) {
  *stream << "case " << test_case.number << ", " << test_case.name << " (RFC " << test_case.section
          << ")";
}

std::string cases_folder() { return PREFORK_CONFORMANCE_CASES; }

std::vector<Case> load_cases(std::string_view group) {
  std::vector<Case> cases;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(cases_folder()) / group)) {
    load_file(entry.path(), cases);
  }
  std::sort(cases.begin(), cases.end(),
            [](const Case& left, const Case& right) { return left.number < right.number; });
  return cases;
}

std::vector<Case> load_cases_in_pieces(std::string_view group) {
  std::vector<Case> cases = load_cases(group);
  std::erase_if(cases, [](const Case& one) { return one.at_once; });
  return cases;
}

}  // namespace prefork::test
