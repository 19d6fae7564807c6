#include "server/files/cache.h"

#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "ipc/base/monotonic.h"

namespace prefork::files {

std::uint64_t StaticCache::coarse_clock_ns() { return ipc::clock_ns(CLOCK_MONOTONIC_COARSE); }

StaticCacheLimits StaticCacheLimits::for_this_process() {
  constexpr rlim_t kShare = 4;
  StaticCacheLimits limits;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  limits.open_files =
      static_cast<std::size_t>(std::min<rlim_t>(limits.open_files, files.rlim_cur / kShare));
  return limits;
}

StaticCache::StaticCache(const StaticSettings& settings,
                         std::shared_ptr<const http::MimeTypes> types, StaticCacheLimits limits,
                         Clock clock)
    : settings_(settings),
      types_(std::move(types)),
      limits_(limits),
      clock_(clock),
      root_(settings.folder),
      root_checked_ns_(clock_()) {}

const StaticResource* StaticCache::find_fresh(std::string_view path) {
  const auto known = by_name_.find(path);
  if (known == by_name_.end() || clock_() - known->second->checked_ns >= kMaxAgeNs) {
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, known->second);
  return &entries_.front().resource;
}

void StaticCache::expire(std::string_view path) {
  if (const auto known = by_name_.find(path); known != by_name_.end()) {
    known->second->checked_ns = 0;
  }
}

StaticCache::Found StaticCache::find(std::string_view name) {
  if (const StaticResource* fresh = find_fresh(name)) {
    return {FileKind::file, fresh};
  }
  const std::uint64_t now_ns = clock_();
  refresh_root(now_ns);
  const auto known = by_name_.find(name);
  const bool is_known = known != by_name_.end();
  LoadedResource loaded = load(name, is_known ? &known->second->resource : nullptr);
  if (loaded.kind != FileKind::file) {
    if (is_known) {
      forget(known->second);
    }
    return {loaded.kind, nullptr};
  }
  const auto entry = is_known ? known->second : insert(name);
  entries_.splice(entries_.begin(), entries_, entry);
  fill(*entry, std::move(loaded.resource));
  entry->checked_ns = now_ns;
  make_room();
  return {FileKind::file, &entry->resource};
}

LoadedResource StaticCache::load(std::string_view name, const StaticResource* before) {
  const bool is_folder = name.ends_with('/');
  std::string path(name.substr(1));
  if (is_folder) {
    path += settings_.index;
  }
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  LoadedResource loaded = load_resource(root_, path, settings_, *types_, before, now);
  if (is_folder && loaded.kind == FileKind::folder) {
    loaded.kind = FileKind::nothing;
  }
  return loaded;
}

void StaticCache::refresh_root(std::uint64_t now_ns) {
  if (now_ns - root_checked_ns_ < kMaxAgeNs) {
    return;
  }
  root_checked_ns_ = now_ns;
  if (root_.refresh()) {
    by_name_.clear();
    entries_.clear();
    bytes_ = 0;
    open_files_ = 0;
  }
}

StaticCache::Entries::iterator StaticCache::insert(std::string_view name) {
  entries_.emplace_front().name = name;
  by_name_.emplace(entries_.front().name, entries_.begin());
  return entries_.begin();
}

void StaticCache::fill(Entry& entry, StaticResource resource) {
  bytes_ -= entry.bytes;
  open_files_ -= entry.open_files;
  entry.resource = std::move(resource);
  entry.bytes = 0;
  entry.open_files = 0;
  for (const Representation& representation : entry.resource.representations) {
    entry.bytes += representation.file->content.size();
    entry.open_files += representation.file->fd.valid() ? 1U : 0U;
  }
  bytes_ += entry.bytes;
  open_files_ += entry.open_files;
}

void StaticCache::forget(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  open_files_ -= entry->open_files;
  by_name_.erase(entry->name);
  entries_.erase(entry);
}

// The entry in front stays, whatever its size: it is being served.
void StaticCache::make_room() {
  while (entries_.size() > 1 && (entries_.size() > limits_.entries || bytes_ > limits_.bytes ||
                                 open_files_ > limits_.open_files)) {
    forget(std::prev(entries_.end()));
  }
}

}  // namespace prefork::files
