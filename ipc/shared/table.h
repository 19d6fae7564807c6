// What the workers of an application share, by name: one shared mapping of a fixed size, made by
// the master before the first fork and never looked into by it. A directory of what there is, and
// an arena from which each thing has its piece, all zero at first, for good: it outlives the
// workers and every reload, and ends with the master.
//
// Nothing in it is a pointer or a lock of the C library. Workers write into it, so readers believe
// nothing: of a line of the directory they take what makes sense, and compute from it where its
// piece may be.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "ipc/shared/mutex.h"
#include "ipc/shared/spec.h"
#include "ipc/shared/wait_board.h"
#include "ipc/shared/wait_point.h"

namespace prefork::ipc {

class SharedTable {
 public:
  static constexpr std::uint32_t kMaxEntries = 256;
  // Pages are given out when first touched, so what is not used costs address space only.
  static constexpr std::size_t kArenaBytes = std::size_t{64} << 20;

  // A thing that there is.
  struct Entry {
    SharedSpec spec;
    std::byte* memory = nullptr;  // size_of(spec) bytes
    WaitName wait_name;
  };
  struct Found {
    Entry entry;
    std::string problem;  // for people; empty: none
  };

  // In the master. Throws std::system_error.
  SharedTable();
  // In a process that has the memory but not the mapping. Throws std::system_error.
  explicit SharedTable(OwnedFd memory);
  ~SharedTable();
  SharedTable(const SharedTable&) = delete;
  SharedTable& operator=(const SharedTable&) = delete;

  // Of the mapping.
  static std::size_t memory_bytes();
  // In a worker: the thing of that name, which is made if there is none. The spec has no fault.
  // A problem: it is another kind, or of another size, or there is no room.
  Found find_or_make(const SharedSpec& spec);
  // In a reader: all there are, in the order they were made.
  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] const WaitBoard& waiters() const;
  // Where those wait who follow topics, of all of them: to be woken after each publication.
  [[nodiscard]] WaitPoint& news() const;
  // The memory behind the mapping. Whoever needs the mapping alone may close it.
  [[nodiscard]] int fd() const { return memory_.get(); }
  void close_memory() { memory_.reset(); }
  // In the observer: it cannot write any more. Throws std::system_error.
  void make_read_only();

 private:
  static constexpr std::size_t kNameWords = 6;

  struct Line {
    // Last when it is made, with a kind that is not none.
    std::atomic<SharedKind> kind{SharedKind::none};
    std::atomic<std::uint32_t> count{0};
    std::atomic<std::uint32_t> bytes{0};
    std::atomic<std::uint64_t> interval_ns{0};
    std::atomic<std::uint64_t> offset{0};
    std::array<std::atomic<std::uint64_t>, kNameWords> name{};
  };
  struct Layout;

  [[nodiscard]] std::optional<Entry> read(std::uint32_t index) const;
  [[nodiscard]] Entry entry_at(std::uint32_t index, SharedSpec spec, std::uint64_t offset) const;
  Found find_or_make_locked(const SharedSpec& spec);
  Found make(std::uint32_t index, const SharedSpec& spec, std::uint64_t offset);

  void map();

  OwnedFd memory_;
  Layout* layout_ = nullptr;
};

}  // namespace prefork::ipc
