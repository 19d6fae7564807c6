// The files that a process has mapped to run code from, by address: what turns an address of its
// call stacks into a place in a file, after its end too. Lives in shared memory; written by one
// thread of the process. Readers bound all they find.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ipc/base/seqlock.h"

namespace prefork::ipc {

struct LoadedObject {
  static constexpr std::size_t kMaxBuildIdBytes = 20;  // ld(1) makes that many
  static constexpr std::size_t kMaxPathBytes = 192;

  std::uint64_t start = 0;  // of its addresses, in the process
  std::uint64_t end = 0;    // the first behind them
  std::uint64_t bias = 0;   // what the addresses in the file are smaller by
  std::string build_id;     // its bytes; empty: it has none
  std::string path;         // cut after kMaxPathBytes
};

class ObjectTable {
 public:
  static constexpr std::uint32_t kMaxObjects = 128;

  // For its writer: all of them anew. Those that find no room are left out.
  void set(const std::vector<LoadedObject>& objects);
  // When nobody writes any more.
  void clear() { count_.store(0, std::memory_order_release); }

  [[nodiscard]] std::vector<LoadedObject> get() const;

 private:
  enum Word : std::size_t { kStart, kEnd, kBias, kSizes, kBuildId, kPath = kBuildId + 3 };
  static constexpr unsigned kPathShift = 32;
  static constexpr std::size_t kWords = kPath + LoadedObject::kMaxPathBytes / 8;
  using Box = SeqlockBox<kWords>;

  static Box::Words pack(const LoadedObject& object);
  static LoadedObject unpack(const Box::Words& words);

  std::atomic<std::uint32_t> count_{0};
  std::array<Box, kMaxObjects> boxes_;
};

// The one with this address; null: none.
const LoadedObject* find_object(const std::vector<LoadedObject>& objects, std::uint64_t address);

}  // namespace prefork::ipc
