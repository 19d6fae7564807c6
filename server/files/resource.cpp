#include "server/files/resource.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

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

// In memory if it is small and holds still meanwhile; else open.
std::shared_ptr<const StoredFile> store(FoundFile found) {
  auto stored = std::make_shared<StoredFile>();
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
  added.file = known != nullptr && known->file->identity == found.identity
                   ? known->file
                   : store(std::move(found));
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
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  const FileIdentity& identity = made.file->identity;
  made.etag = http::make_entity_tag(identity.size, identity.modified_ns, made.coding);
  made.last_modified = std::min(identity.modified_ns / kSecondNs, now);
  made.validators.add("ETag", made.etag.view());
  made.validators.add("Last-Modified", http::format_http_date(made.last_modified).view());
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

}  // namespace

LoadedResource load_resource(const StaticRoot& root, const std::string& path,
                             const StaticSettings& settings, const http::MimeTypes& types,
                             const StaticResource* before, std::int64_t now) {
  FoundFile found = root.open(path);
  if (found.kind != FileKind::file) {
    return {found.kind, {}};
  }
  LoadedResource loaded{FileKind::file, {types.type_of(path), {}}};
  StaticResource& resource = loaded.resource;
  if (!is_compressed_name(path)) {
    for (const auto& [coding, extension] : kNeighbours) {
      FoundFile neighbour = root.open(path + std::string(extension));
      if (neighbour.kind == FileKind::file) {
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

}  // namespace prefork::files
