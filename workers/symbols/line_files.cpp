#include "workers/symbols/line_files.h"

#include <utility>

namespace prefork::symbols {

namespace {

// More than a compiler writes of one translation unit.
constexpr std::uint64_t kMaxEntries = 100'000;

enum Content : std::uint64_t { kPath = 1, kFolder = 2 };
enum Form : std::uint64_t {
  kData2 = 0x05,
  kData4 = 0x06,
  kData8 = 0x07,
  kString = 0x08,
  kBlock = 0x09,
  kData1 = 0x0B,
  kStrp = 0x0E,
  kUdata = 0x0F,
  kData16 = 0x1E,
  kLineStrp = 0x1F,
};

}  // namespace

LineFiles::LineFiles(ByteReader header, int version, bool is_long, std::string_view line_str,
                     std::string_view str)
    : is_long_(is_long), line_str_(line_str), str_(str) {
  if (version >= 5) {
    folders_ = read_table(header);
    files_ = read_table(header);
  } else {
    read_lists(header);
  }
}

// The numbers begin with 1; folder 0 is the one that was compiled in, whose name stands elsewhere.
void LineFiles::read_lists(ByteReader& header) {
  folders_.emplace_back();
  for (std::string_view name = header.text(); !name.empty(); name = header.text()) {
    folders_.push_back({name, 0});
  }
  files_.emplace_back();
  for (std::string_view name = header.text(); !name.empty(); name = header.text()) {
    files_.push_back({name, header.leb()});
    header.leb();  // when it was changed
    header.leb();  // how long it is
  }
}

std::vector<LineFiles::Entry> LineFiles::read_table(ByteReader& header) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> fields;
  for (int left = header.number<std::uint8_t>(); left > 0; --left) {
    const std::uint64_t content = header.leb();
    fields.emplace_back(content, header.leb());
  }
  std::vector<Entry> entries;
  for (std::uint64_t left = header.leb(); left > 0 && !header.has_failed(); --left) {
    if (entries.size() == kMaxEntries) {
      break;
    }
    Entry& entry = entries.emplace_back();
    for (const auto& [content, form] : fields) {
      read_field(header, content, form, entry);
    }
  }
  return entries;
}

void LineFiles::read_field(ByteReader& header, std::uint64_t content, std::uint64_t form,
                           Entry& entry) const {
  std::string_view text;
  std::uint64_t number = 0;
  switch (form) {
    case kString:
      text = header.text();
      break;
    case kLineStrp:
      text = ByteReader(bytes_from(line_str_, header.word(is_long_))).text();
      break;
    case kStrp:
      text = ByteReader(bytes_from(str_, header.word(is_long_))).text();
      break;
    case kUdata:
      number = header.leb();
      break;
    case kData1:
      number = header.number<std::uint8_t>();
      break;
    case kData2:
      number = header.number<std::uint16_t>();
      break;
    case kData4:
      number = header.number<std::uint32_t>();
      break;
    case kData8:
      number = header.number<std::uint64_t>();
      break;
    case kData16:
      header.take(16);
      break;
    case kBlock:
      header.take(header.leb());
      break;
    default:
      header.take(header.rest().size() + 1);  // nobody knows where the next one begins
  }
  if (content == kPath) {
    entry.name = text;
  } else if (content == kFolder) {
    entry.folder = number;
  }
}

std::string LineFiles::name(std::uint64_t number) const {
  if (number >= files_.size()) {
    return "";
  }
  const Entry& file = files_[number];
  std::string path(file.name);
  if (path.starts_with('/') || file.folder >= folders_.size()) {
    return path;
  }
  const std::string folder(folders_[file.folder].name);
  path = folder.empty() ? path : folder + "/" + path;
  const bool is_below = !folder.starts_with('/') && file.folder != 0 && !folders_[0].name.empty();
  return is_below ? std::string(folders_[0].name) + "/" + path : path;
}

}  // namespace prefork::symbols
