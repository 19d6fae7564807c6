#include "tests/source/class_scan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

namespace prefork::test {
namespace {

using Tokens = std::vector<std::string>;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_word(const std::string& token) { return is_word(token.front()); }

bool contains(const Tokens& tokens, std::string_view token) {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

// Words, `::`, `->` and single signs. Literals become `"`; comments and directives are gone; the
// name of an operator is one word.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Tokens run() {
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] bool follows(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }
  void skip_past(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    at_ = found == text_.npos ? text_.size() : found + end.size();
  }

  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      line_is_empty_ = true;
      ++at_;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++at_;
    } else if (c == '#' && line_is_empty_) {
      skip_directive();
    } else if (follows("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (follows("/*")) {
      skip_past("*/");
    } else {
      line_is_empty_ = false;
      take_token();
    }
  }

  void skip_directive() {
    while (at_ < text_.size() && text_[at_] != '\n') at_ += text_[at_] == '\\' ? 2U : 1U;
  }

  void take_token() {
    const char c = text_[at_];
    if (follows("R\"")) {
      at_ += 2;
      const std::size_t open = text_.find('(', at_);
      const std::string end = ")" + std::string(text_.substr(at_, open - at_)) + "\"";
      skip_past(end);
      tokens_.emplace_back("\"");
    } else if (c == '"' || c == '\'') {
      skip_literal(c);
      tokens_.emplace_back("\"");
    } else if (is_word(c)) {
      take_word();
    } else if (follows("::") || follows("->")) {
      tokens_.emplace_back(text_.substr(at_, 2));
      at_ += 2;
    } else {
      tokens_.emplace_back(1, c);
      ++at_;
    }
  }

  void skip_literal(char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  void take_word() {
    const bool number = std::isdigit(static_cast<unsigned char>(text_[at_])) != 0;
    const std::size_t from = at_;
    // 80'000: the digits' separator begins no literal.
    while (at_ < text_.size() && (is_word(text_[at_]) || (number && text_[at_] == '\''))) ++at_;
    std::string word(text_.substr(from, at_ - from));
    if (word == "operator") {
      if (follows("()")) at_ += 2;
      at_ = std::min(text_.find('(', at_), text_.size());
    }
    tokens_.push_back(std::move(word));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool line_is_empty_ = true;  // so far
  Tokens tokens_;
};

// The index behind the closing sign that belongs to the opening one at `from`.
std::size_t behind_pair(const Tokens& tokens, std::size_t from, std::string_view open,
                        std::string_view close) {
  int depth = 0;
  for (std::size_t i = from; i < tokens.size(); ++i) {
    if (tokens[i] == open) ++depth;
    if (tokens[i] == close && --depth == 0) return i + 1;
  }
  return tokens.size();
}

// A declaration up to its `;` or `{`, without attributes and `template <...>`; what stands in pairs
// of <> goes too, so that each `(` left is a function's, an initialiser's or a pointer's.
Tokens plain(const Tokens& head) {
  Tokens result;
  for (std::size_t i = 0; i < head.size();) {
    if (head[i] == "[" && i + 1 < head.size() && head[i + 1] == "[") {
      i = behind_pair(head, i, "[", "]");
    } else if (head[i] == "alignas" || head[i] == "decltype" || head[i] == "__attribute__") {
      i = behind_pair(head, i + 1, "(", ")");
    } else if (head[i] == "<" && i > 0 && is_word(head[i - 1])) {
      i = behind_pair(head, i, "<", ">");
    } else if (head[i] != "template" && head[i] != "inline") {
      result.push_back(head[i++]);
    } else {
      ++i;
    }
  }
  return result;
}

// Where the parameters of the function begin that `head` declares; its size if it declares none.
std::size_t parameters_of(const Tokens& head) {
  const auto paren = std::find(head.begin(), head.end(), "(");
  const auto assigned = std::find(head.begin(), head.end(), "=");
  const auto at = static_cast<std::size_t>(paren - head.begin());
  const bool declares = paren != head.end() && paren < assigned && at > 0 &&
                        is_word(head[at - 1]) && at + 1 < head.size() && head[at + 1] != "*";
  return declares ? at : head.size();
}

bool has_initializer_list(const Tokens& head, std::size_t parameters) {
  const std::size_t behind = behind_pair(head, parameters, "(", ")");
  return std::find(head.begin() + static_cast<std::ptrdiff_t>(behind), head.end(), ":") !=
         head.end();
}

class Scanner {
 public:
  Scanner(Tokens tokens, std::string_view file) : tokens_(std::move(tokens)), file_(file) {}

  FileShape run() {
    scan_scope("", kNoClass);
    return std::move(shape_);
  }

 private:
  static constexpr std::size_t kNoClass = static_cast<std::size_t>(-1);

  // Up to the `}` of the scope, which is passed.
  void scan_scope(const std::string& scope, std::size_t owner) {
    Tokens head;
    while (at_ < tokens_.size() && tokens_[at_] != "}") {
      const std::string& token = tokens_[at_];
      if (token == ";") {
        ++at_;
        declare(plain(head), owner);
        head.clear();
      } else if (token == "{") {
        open_brace(head, scope, owner);
      } else if (token == "(") {
        const std::size_t end = behind_pair(tokens_, at_, "(", ")");
        while (at_ < end) head.push_back(tokens_[at_++]);
      } else if (token == ":" && is_access(head)) {
        ++at_;
        head.clear();
      } else {
        head.push_back(tokens_[at_++]);
      }
    }
    ++at_;
  }

  static bool is_access(const Tokens& head) {
    return head.size() == 1 &&
           (head[0] == "public" || head[0] == "private" || head[0] == "protected");
  }

  void open_brace(Tokens& head, const std::string& scope, std::size_t owner) {
    const Tokens declaration = plain(head);
    const std::size_t parameters = parameters_of(declaration);
    if (contains(declaration, "namespace")) {
      ++at_;
      scan_scope(inside(scope, namespace_of(declaration)), kNoClass);
      head.clear();
    } else if (!declaration.empty() && declaration[0] == "extern" && declaration.size() == 2) {
      ++at_;
      scan_scope(scope, kNoClass);
      head.clear();
    } else if (parameters < declaration.size() && !begins_initializer(declaration, parameters)) {
      skip_braces();
      define(declaration, parameters, scope, owner);
      head.clear();
    } else if (const std::string name = class_of(declaration); !name.empty()) {
      ++at_;
      shape_.classes.push_back({inside(scope, name), 0, 0, {}});
      scan_scope(inside(scope, name), shape_.classes.size() - 1);
      head = {"struct", name};  // a member of that type may follow
    } else {
      skip_braces();
      if (contains(declaration, "enum")) {
        head = {"enum"};
      } else {
        head.insert(head.end(), {"=", "\""});
      }
    }
  }

  // A member's, in the list of a constructor: there the function's own `{` comes behind a sign.
  static bool begins_initializer(const Tokens& head, std::size_t parameters) {
    return has_initializer_list(head, parameters) && is_word(head.back());
  }

  void skip_braces() { at_ = behind_pair(tokens_, at_, "{", "}"); }

  static std::string inside(const std::string& scope, const std::string& name) {
    return scope.empty() ? name : scope + "::" + name;
  }

  [[nodiscard]] std::string namespace_of(const Tokens& head) const {
    std::string name;
    const auto keyword = std::find(head.begin(), head.end(), "namespace");
    for (auto word = keyword + 1; word != head.end(); ++word) name += *word;
    return name.empty() ? "(" + file_ + ")" : name;
  }

  // The name of the class whose body begins; empty: it is another kind of brace.
  static std::string class_of(const Tokens& head) {
    if (contains(head, "enum") || contains(head, "=")) return {};
    constexpr std::array<std::string_view, 3> kinds{"class", "struct", "union"};
    const auto keyword = std::find_first_of(head.begin(), head.end(), kinds.begin(), kinds.end());
    if (keyword == head.end()) return {};
    std::string name;
    for (auto word = keyword + 1; word != head.end(); ++word) {
      if (*word == ":" || *word == "final") break;
      name += *word;
    }
    return name.empty() ? "(unnamed)" : name;
  }

  void declare(const Tokens& head, std::size_t owner) {
    if (owner == kNoClass || head.empty()) return;
    ClassShape& shape = shape_.classes[owner];
    constexpr std::array<std::string_view, 4> others{"using", "typedef", "static_assert", "enum"};
    if (std::find(others.begin(), others.end(), head[0]) != others.end()) return;
    const bool is_function = parameters_of(head) < head.size();
    if (head[0] == "friend") {
      if (!is_function) shape.friends.push_back(head.back());
      return;
    }
    const bool names_class = head[0] == "class" || head[0] == "struct" || head[0] == "union";
    if (names_class && head.size() == 2) return;
    if (is_function) {
      if (head.back() != "default" && head.back() != "delete") ++shape.functions;
    } else if (!contains(head, "static")) {
      const auto end = std::find(head.begin(), head.end(), "=");
      shape.data_members += 1 + static_cast<int>(std::count(head.begin(), end, ","));
    }
  }

  void define(const Tokens& head, std::size_t parameters, const std::string& scope,
              std::size_t owner) {
    if (owner != kNoClass) {
      if (head[0] != "friend") ++shape_.classes[owner].functions;
      return;
    }
    // Back over `Outer::Inner::name` and `Class::~Class`.
    std::size_t name = parameters - 1;
    if (name > 0 && head[name - 1] == "~") --name;
    std::string qualifier;
    while (name >= 2 && head[name - 1] == "::" && is_word(head[name - 2])) {
      name -= 2;
      qualifier = qualifier.empty() ? head[name] : head[name] + "::" + qualifier;
    }
    if (!qualifier.empty()) shape_.defined_outside.push_back(inside(scope, qualifier));
  }

  Tokens tokens_;
  std::string file_;
  std::size_t at_ = 0;
  FileShape shape_;
};

}  // namespace

FileShape scan_classes(std::string_view text, std::string_view file) {
  return Scanner(Lexer(text).run(), file).run();
}

}  // namespace prefork::test
