#include "server/files/resource.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include "ipc/base/monotonic.h"
#include "server/files/content_hash.h"
#include "server/http/http_date.h"

namespace prefork::files {

namespace {

struct NeighbourKind {
  http::ContentCoding coding;
  std::string_view extension;
};

// In order of preference between codings that the client likes equally.
constexpr std::array kNeighbours = {
    NeighbourKind{http::ContentCoding::br, ".br"},
    NeighbourKind{http::ContentCoding::zstd, ".zst"},
    NeighbourKind{http::ContentCoding::gzip, ".gz"},
};

bool is_compressed_name(std::string_view path) {
  return std::any_of(kNeighbours.begin(), kNeighbours.end(),
                     [&](const NeighbourKind& kind) { return path.ends_with(kind.extension); });
}

// False when the file has another size than it said.
bool read_all(int fd, std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t size =
        ::pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return false;
    }
    done += static_cast<std::size_t>(size);
  }
  return true;
}

// A file that was written to twice within one tick of the kernel's clock has one time for both.
constexpr std::int64_t kSettledNs = 20'000'000;

bool is_settled(const StoredFile& file) {
  return !file.is_in_memory || file.read_ns - file.identity.changed_ns > kSettledNs;
}

std::uint64_t version_of(const StoredFile& file) {
  if (file.is_in_memory) {
    return hash_content(file.content);
  }
  const FileIdentity& identity = file.identity;
  const std::array numbers = {identity.device, identity.inode,
                              static_cast<std::uint64_t>(identity.changed_ns)};
  return hash_content({reinterpret_cast<const char*>(numbers.data()), sizeof numbers});
}

// In memory if it is small and holds still meanwhile; else open.
std::shared_ptr<StoredFile> store(FoundFile found) {
  auto stored = std::make_shared<StoredFile>();
  stored->read_ns = static_cast<std::int64_t>(ipc::clock_ns(CLOCK_REALTIME_COARSE));
  stored->identity = found.identity;
  if (found.identity.size <= kMaxFileBytesInMemory) {
    stored->content.resize(static_cast<std::size_t>(found.identity.size));
    const bool complete = read_all(found.fd.get(), stored->content);
    found = identify(std::move(found.fd));
    stored->is_in_memory = complete && found.identity == stored->identity;
  }
  if (!stored->is_in_memory) {
    std::string().swap(stored->content);
    stored->identity = found.identity;
    stored->fd = std::move(found.fd);
  }
  stored->version = version_of(*stored);
  return stored;
}

const Representation* find_representation(const StaticResource* resource,
                                          http::ContentCoding coding) {
  if (resource == nullptr) {
    return nullptr;
  }
  const auto found =
      std::find_if(resource->representations.begin(), resource->representations.end(),
                   [&](const Representation& known) { return known.coding == coding; });
  return found == resource->representations.end() ? nullptr : &*found;
}

void add_representation(StaticResource& resource, http::ContentCoding coding, FoundFile found,
                        const StaticResource* before) {
  Representation& added = resource.representations.emplace_back();
  added.coding = coding;
  const Representation* known = find_representation(before, coding);
  if (known == nullptr || known->file->identity != found.identity) {
    added.file = store(std::move(found));
    return;
  }
  added.file = known->file;
  if (!is_settled(*known->file)) {
    auto again = store(std::move(found));
    if (again->is_in_memory && again->version == known->file->version) {
      known->file->read_ns = again->read_ns;
    } else {
      added.file = std::move(again);
    }
  }
}

// The kernel's own time of the last change, which nobody sets: a modification time that came with
// the file is that of each of its versions. Where it is younger all the same, it counts.
std::int64_t last_modified_of(const FileIdentity& identity, std::int64_t now) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  const std::int64_t modified = identity.modified_ns / kSecondNs;
  const std::int64_t changed = identity.changed_ns / kSecondNs;
  return std::min(modified <= now ? std::max(modified, changed) : changed, now);
}

std::string_view cache_control_of(const std::string& path, const StaticSettings& settings) {
  const std::string absolute = "/" + path;
  for (const config::CacheRule& rule : settings.cache_rules) {
    if (rule.matches(absolute)) {
      return rule.value;
    }
  }
  // The page that stands for all paths names the files of one build: an old copy would ask for
  // files that are gone.
  return settings.spa && path == settings.index ? "no-cache" : "";
}

void prepare_fields(Representation& made, bool varies, std::string_view cache_control,
                    std::int64_t now) {
  const FileIdentity& identity = made.file->identity;
  made.etag =
      http::make_entity_tag(identity.size, identity.modified_ns, made.file->version, made.coding);
  made.last_modified = last_modified_of(identity, now);
  made.validators.add("ETag", made.etag.view());
  // Never the present second, in which the file may be written to once more: who has this version
  // would be told that it has the next one, too.
  const std::int64_t shown = std::min(made.last_modified, now - 1);
  made.validators.add("Last-Modified", http::format_http_date(shown).view());
  if (!cache_control.empty()) {
    made.validators.add("Cache-Control", cache_control);
  }
  if (varies) {
    made.validators.add("Vary", "Accept-Encoding");
  }
  made.content.add("Accept-Ranges", "bytes");
  if (made.coding != http::ContentCoding::identity) {
    made.content.add("Content-Encoding", http::coding_name(made.coding));
  }
}

// A compressed neighbour that is older than its file was made of an earlier one. In whole seconds:
// some tools that compress copy the file's time without its fraction.
bool is_outdated(const FileIdentity& neighbour, const FileIdentity& file) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  return neighbour.modified_ns / kSecondNs < file.modified_ns / kSecondNs;
}

// `open` opens a path.
template <typename Open>
LoadedResource load(Open open, const std::string& path, const StaticSettings& settings,
                    const http::MimeTypes& types, const StaticResource* before, std::int64_t now) {
  FoundFile found = open(path);
  if (found.kind != FileKind::file) {
    return {found.kind, {}};
  }
  LoadedResource loaded{FileKind::file, {types.type_of(path), {}}};
  StaticResource& resource = loaded.resource;
  if (!is_compressed_name(path)) {
    for (const auto& [coding, extension] : kNeighbours) {
      FoundFile neighbour = open(path + std::string(extension));
      if (neighbour.kind == FileKind::file && !is_outdated(neighbour.identity, found.identity)) {
        add_representation(resource, coding, std::move(neighbour), before);
      }
    }
  }
  add_representation(resource, http::ContentCoding::identity, std::move(found), before);
  const bool varies = resource.representations.size() > 1;
  const std::string_view cache_control = cache_control_of(path, settings);
  for (Representation& made : resource.representations) {
    prepare_fields(made, varies, cache_control, now);
  }
  return loaded;
}

}  // namespace

LoadedResource load_resource(const StaticRoot& root, const std::string& path,
                             const StaticSettings& settings, const http::MimeTypes& types,
                             const StaticResource* before, std::int64_t now) {
  return load([&root](const std::string& name) { return root.open(name); }, path, settings, types,
              before, now);
}

LoadedResource load_file(const std::string& path, const http::MimeTypes& types, std::int64_t now) {
  return load(open_anywhere, path, {}, types, nullptr, now);
}

}  // namespace prefork::files
