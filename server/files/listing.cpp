#include "server/files/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "server/files/path.h"

namespace prefork::files {

namespace {

struct Listed {
  std::string name;
  bool is_folder = false;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // in seconds
};

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirectoryCloser>;

constexpr std::string_view kPageHead = R"(<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>)";
constexpr std::string_view kStyle = R"(</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid #dde2e6; padding: .3rem .6rem .3rem 0; }
td + td { text-align: right; white-space: nowrap; color: #5a6774; }
a { text-decoration: none; } a:hover { text-decoration: underline; }
</style>
</head>
<body>
<h1>)";

void append_escaped(std::string& html, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        html.append("&amp;");
        break;
      case '<':
        html.append("&lt;");
        break;
      case '>':
        html.append("&gt;");
        break;
      case '"':
        html.append("&quot;");
        break;
      default:
        html.push_back(c);
    }
  }
}

// Whether it is served, and what it is. Only a link has to be followed for that.
bool describe(const StaticRoot& root, int folder, std::string_view folder_name, Listed& listed) {
  struct stat status {};
  if (::fstatat(folder, listed.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return false;
  }
  if (S_ISLNK(status.st_mode)) {
    const FoundFile target = root.open(std::string(folder_name.substr(1)) + listed.name);
    listed.is_folder = target.kind == FileKind::folder;
    listed.size = target.identity.size;
    listed.modified = target.identity.modified_ns / 1'000'000'000;
    return target.kind == FileKind::file || listed.is_folder;
  }
  listed.is_folder = S_ISDIR(status.st_mode);
  listed.size = static_cast<std::uint64_t>(status.st_size);
  listed.modified = status.st_mtim.tv_sec;
  return S_ISREG(status.st_mode) || listed.is_folder;
}

// By this process, as what it is. A folder may have an index that is served without being listed.
bool is_readable(int folder, const Listed& listed) {
  return ::faccessat(folder, listed.name.c_str(), listed.is_folder ? X_OK : R_OK, AT_EACCESS) == 0;
}

void append_time(std::string& html, std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char text[sizeof "-2147483648-01-01 00:00"];
  if (::gmtime_r(&time, &parts) != nullptr) {
    html.append(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts));
  }
}

// "17", "17.5 KiB": three digits say enough.
void append_size(std::string& html, std::uint64_t size) {
  constexpr std::string_view kUnits[] = {"", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  std::size_t unit = 0;
  std::uint64_t tenths = 0;
  for (; size >= 1024; size /= 1024, ++unit) {
    tenths = size % 1024 * 10 / 1024;
  }
  html.append(std::to_string(size));
  if (unit != 0 && size < 100) {
    html.append(".").append(std::to_string(tenths));
  }
  html.append(kUnits[unit]);
}

void append_row(std::string& html, const Listed& listed) {
  const std::string_view slash = listed.is_folder ? "/" : "";
  std::string url;
  append_url_path(url, listed.name);
  html.append("<tr><td><a href=\"");
  append_escaped(html, url);
  html.append(slash).append("\">");
  append_escaped(html, listed.name);
  html.append(slash).append("</a></td><td>");
  if (!listed.is_folder) {
    append_size(html, listed.size);
  }
  html.append("</td><td>");
  append_time(html, listed.modified);
  html.append("</td></tr>\n");
}

bool comes_before(const Listed& left, const Listed& right) {
  return left.is_folder != right.is_folder ? left.is_folder : left.name < right.name;
}

}  // namespace

std::string listing_page(const StaticRoot& root, FoundFile folder, std::string_view name) {
  const Directory directory(::fdopendir(folder.fd.get()));
  if (!directory) {
    return {};
  }
  const int fd = folder.fd.release();  // the directory's now
  std::vector<Listed> found;
  bool is_complete = true;
  while (const dirent* entry = ::readdir(directory.get())) {
    Listed listed;
    listed.name = entry->d_name;
    if (is_hidden_name(listed.name) || !is_reachable_name(listed.name) ||
        !describe(root, fd, name, listed) || !is_readable(fd, listed)) {
      continue;
    }
    if (found.size() == kMaxListedNames) {
      is_complete = false;
      break;
    }
    found.push_back(std::move(listed));
  }
  std::sort(found.begin(), found.end(), comes_before);

  std::string html(kPageHead);
  append_escaped(html, name);
  html.append(kStyle);
  append_escaped(html, name);
  html.append("</h1>\n<table>\n");
  if (name != "/") {
    html.append("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
  }
  for (const Listed& listed : found) {
    append_row(html, listed);
  }
  html.append("</table>\n");
  if (!is_complete) {
    html.append("<p>There is more; only ").append(std::to_string(kMaxListedNames));
    html.append(" names are shown.</p>\n");
  }
  html.append("</body>\n</html>\n");
  return html;
}

}  // namespace prefork::files
