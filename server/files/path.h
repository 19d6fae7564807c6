// What the path of a request means below a folder of files. Pure functions; the path is one that
// the parser has decoded (once) and freed of dot segments, but nothing here depends on that: a path
// that names nothing here can do no harm either.
#pragma once

#include <string>
#include <string_view>

namespace prefork::files {

// The name of a path that leads somewhere: it starts with one slash, has no empty segments, and
// ends with a slash if the path does. Points into `path` where that is so already, else into
// `storage`. Empty: such a path names nothing, because it does not start with a slash, has a NUL in
// it or goes through a name that starts with a dot, which hides it: ".", "..", ".git", ".env". Only
// ".well-known" (RFC 8615) is not hidden.
std::string_view name_static_path(std::string_view path, std::string& storage);

// Whether the last segment looks like the name of a file: it has a dot in it.
bool has_extension(std::string_view path) noexcept;

// Whether the segment is hidden from clients.
bool is_hidden_name(std::string_view segment) noexcept;

// Whether a URL can name it: no path of a request has a control character in it.
bool is_reachable_name(std::string_view segment) noexcept;

// The path as it stands in a URL: percent-encoded but for slashes and what needs no encoding, so
// that a browser reads back the same path.
void append_url_path(std::string& out, std::string_view path);

}  // namespace prefork::files
