// multipart/form-data read in the plainest way there is, with the whole body at hand: what the
// parser is held against.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prefork/multipart.hpp>

namespace prefork::testing_include {

struct PlainPart {
  std::string name;
  std::optional<std::string> filename;
  std::string content_type;
  std::string content;
  friend bool operator==(const PlainPart&, const PlainPart&) = default;
};

struct PlainForm {
  bool is_broken = false;
  std::vector<PlainPart> parts;
};

// Whether what stands behind "--boundary" is the end of its line; `at`: moved behind it.
inline bool skip_line_end(std::string_view body, std::size_t& at) {
  while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) {
    ++at;
  }
  const bool is_end = body.substr(at, 2) == "\r\n";
  at += 2;
  return is_end;
}

// Without limits.
inline PlainForm read_plainly(std::string_view body, std::string_view boundary) {
  PlainForm form;
  form.is_broken = true;
  const std::string all = "\r\n" + std::string(body);
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::size_t at = all.find(delimiter);
  while (at != std::string::npos) {
    at += delimiter.size();
    if (all.substr(at, 2) == "--") {
      const char next = at + 2 < all.size() ? all[at + 2] : '\n';
      form.is_broken = next != '\r' && next != '\n' && next != ' ' && next != '\t';
      return form;
    }
    if (!skip_line_end(all, at)) {
      return form;
    }
    const std::size_t head_end = all.find("\r\n\r\n", at - 2);
    if (head_end == std::string::npos) {
      return form;
    }
    detail::PartHead head;
    if (detail::read_part_head(std::string_view(all).substr(at - 2, head_end - at + 2), head) !=
        nullptr) {
      return form;
    }
    // The empty line's end may be the delimiter's.
    const std::size_t content = head_end + 4;
    at = all.find(delimiter, head_end + 2);
    if (at == std::string::npos) {
      return form;
    }
    form.parts.push_back({head.name, head.filename, head.content_type,
                          at < content ? "" : all.substr(content, at - content)});
  }
  return form;
}

}  // namespace prefork::testing_include
