// The files of a folder by the paths clients ask for, most of the time from memory. One thread: the
// event loop.
//
// What is served may be stale, but for a second (kMaxAgeNs) at most: the first request for a path
// after that looks at its file and its neighbours again, and whatever was written, renamed over,
// made or deleted is noticed then. It is stale as a whole: see is_current(). Where the folder
// itself was replaced by another one it may take two. What is not there is never remembered: a new
// file is served at once.
//
// Everything is bounded: past a limit the path that was not asked for the longest is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/files/resource.h"
#include "server/files/root.h"
#include "server/files/settings.h"
#include "server/http/mime_types.h"

namespace prefork::files {

struct StaticCacheLimits {
  std::size_t entries = 4096;
  std::size_t bytes = 16 * 1024 * 1024;  // of content in memory
  std::size_t open_files = 256;          // held open for sendfile(2)

  // No more than a quarter of the descriptors this process may have.
  static StaticCacheLimits for_this_process();
};

class StaticCache {
 public:
  static constexpr std::uint64_t kMaxAgeNs = 1'000'000'000;

  // A clock of its own for tests; 0 is no time.
  using Clock = std::uint64_t (*)();
  static std::uint64_t coarse_clock_ns();

  struct Found {
    FileKind kind = FileKind::nothing;
    const StaticResource* resource = nullptr;  // of a file; until the next call
  };

  // The settings must outlive the cache. Throws what StaticRoot throws.
  StaticCache(const StaticSettings& settings, std::shared_ptr<const http::MimeTypes> types,
              StaticCacheLimits limits = {}, Clock clock = coarse_clock_ns);
  StaticCache(const StaticCache&) = delete;
  StaticCache& operator=(const StaticCache&) = delete;

  // The file of a path that was asked for within the last second; else null. No system call, no
  // allocation. Any path may be asked for.
  const StaticResource* find_fresh(std::string_view path);

  // The file of that path is looked at again when it is asked for next.
  void expire(std::string_view path);

  // `name` is from name_static_path(). With a slash at its end it means the folder's index; without
  // one it may be a folder.
  Found find(std::string_view name);

  [[nodiscard]] const StaticRoot& root() const { return root_; }

  [[nodiscard]] std::size_t entries() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t open_files() const { return open_files_; }

 private:
  struct Entry {
    std::string name;
    StaticResource resource;
    std::uint64_t checked_ns = 0;
    std::size_t bytes = 0;
    std::size_t open_files = 0;
  };
  using Entries = std::list<Entry>;

  LoadedResource load(std::string_view name, const StaticResource* before);
  void refresh_root(std::uint64_t now_ns);
  Entries::iterator insert(std::string_view name);
  void fill(Entry& entry, StaticResource resource);
  void forget(Entries::iterator entry);
  void make_room();

  const StaticSettings& settings_;
  const std::shared_ptr<const http::MimeTypes> types_;
  const StaticCacheLimits limits_;
  const Clock clock_;
  StaticRoot root_;
  std::uint64_t root_checked_ns_;

  Entries entries_;  // the one asked for last is in front
  std::unordered_map<std::string_view, Entries::iterator> by_name_;  // names are the entries'
  std::size_t bytes_ = 0;
  std::size_t open_files_ = 0;
};

}  // namespace prefork::files
