#include "server/http/mime_types.h"

#include <fstream>
#include <iterator>

#include "config/base/text.h"

namespace prefork::http {

namespace {

constexpr std::string_view kUnknownType = "application/octet-stream";
// Of names that are longer than any known extension nothing has to be looked up.
constexpr std::size_t kMaxExtensionBytes = 32;

// What sites are made of, as far as browsers care about the type.
constexpr std::string_view kBuiltIn = R"(
text/html                     html htm shtml
text/css                      css
text/javascript               js mjs
text/plain                    txt text log conf ini
text/csv                      csv
text/markdown                 md markdown
text/calendar                 ics
text/vtt                      vtt
application/json              json map
application/ld+json           jsonld
application/manifest+json     webmanifest
application/xml               xml xsl
application/xhtml+xml         xhtml xht
application/atom+xml          atom
application/rss+xml           rss
application/wasm              wasm
application/pdf               pdf
application/zip               zip
application/gzip              gz tgz
application/zstd              zst
application/x-brotli          br
application/x-tar             tar
application/x-7z-compressed   7z
application/x-bzip2           bz2
application/x-xz              xz
application/java-archive      jar
application/epub+zip          epub
application/rtf               rtf
application/toml              toml
application/yaml              yaml yml
image/svg+xml                 svg svgz
image/png                     png
image/apng                    apng
image/jpeg                    jpg jpeg
image/gif                     gif
image/webp                    webp
image/avif                    avif
image/bmp                     bmp
image/tiff                    tif tiff
image/vnd.microsoft.icon      ico
font/woff                     woff
font/woff2                    woff2
font/ttf                      ttf
font/otf                      otf
font/collection               ttc
audio/mpeg                    mp3
audio/ogg                     ogg oga opus
audio/flac                    flac
audio/mp4                     m4a
audio/aac                     aac
audio/x-wav                   wav
video/mp4                     mp4 m4v
video/webm                    webm
video/ogg                     ogv
video/quicktime               mov
video/x-matroska              mkv
)";

constexpr bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view take_word(std::string_view& line) {
  while (!line.empty() && is_white_space(line.front())) {
    line.remove_prefix(1);
  }
  std::size_t size = 0;
  while (size < line.size() && !is_white_space(line[size])) {
    ++size;
  }
  const std::string_view word = line.substr(0, size);
  line.remove_prefix(size);
  return word;
}

// Two tokens with a slash between them: what may stand in Content-Type.
bool is_media_type(std::string_view text) {
  const std::string_view type = config::take_until(text, '/');
  return config::is_token(type) && config::is_token(text);
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = config::to_lower(c);
  }
  return lower;
}

}  // namespace

MimeTypes MimeTypes::of_system(const std::string& path) {
  MimeTypes types;
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  types.add_table(text);
  types.add_table(kBuiltIn);
  return types;
}

void MimeTypes::add_table(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = config::take_until(text, '\n');
    line = line.substr(0, line.find('#'));
    const std::string_view type = take_word(line);
    if (!is_media_type(type)) {
      continue;
    }
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      add(word, type);
    }
  }
}

void MimeTypes::add(std::string_view extension, std::string_view type) {
  if (extension.size() > kMaxExtensionBytes) {
    return;
  }
  std::string text = in_lower_case(type);
  if (text.starts_with("text/") || text == "application/javascript") {
    text += "; charset=utf-8";
  }
  types_.try_emplace(in_lower_case(extension), std::move(text));
}

std::string_view MimeTypes::type_of(std::string_view file_name) const {
  const std::string_view name = file_name.substr(file_name.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.size() - dot - 1 > kMaxExtensionBytes) {
    return kUnknownType;
  }
  const auto found = types_.find(in_lower_case(name.substr(dot + 1)));
  return found == types_.end() ? kUnknownType : std::string_view(found->second);
}

}  // namespace prefork::http
