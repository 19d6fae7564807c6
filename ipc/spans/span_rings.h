// The spans that workers leave for the observer, which sends them to a collector (--trace otlp): a
// ring for each worker process, by its place, in one mapping that the master makes before the first
// fork where somebody wants it. What a process has put there stays when it dies: it is taken all
// the same, and the next process at its place goes on where it has ended.
//
// One process writes a ring, on one thread. Those that take from it may be several for a moment,
// when one observer relieves another: each span is taken by one of them. Nobody waits: where a ring
// is full, the span is lost, and the worker counts it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "ipc/base/process_id.h"
#include "ipc/spans/span_record.h"

namespace prefork::ipc {

class SpanRing {
 public:
  static constexpr std::uint64_t kSpans = 2048;

  // By the writer: room for the next one, to be filled in; null: there is none.
  [[nodiscard]] SpanRecord* reserve() {
    const std::uint64_t next = written_.load(std::memory_order_relaxed);
    if (next - taken_.load(std::memory_order_acquire) >= kSpans) {
      return nullptr;
    }
    SpanRecord& record = records_[next % kSpans];
    record = {};
    return &record;
  }
  // What was filled in may be taken.
  void publish() {
    written_.store(written_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // Appends at most so many to `to`, the oldest first.
  void take(std::vector<SpanRecord>& to, std::size_t most);
  [[nodiscard]] bool is_empty() const {
    return written_.load(std::memory_order_acquire) == taken_.load(std::memory_order_relaxed);
  }

 private:
  alignas(64) std::atomic<std::uint64_t> written_{0};
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  alignas(64) std::array<SpanRecord, kSpans> records_;
};

// What became of those that were taken, written by the observer.
struct SpanTotals {
  std::atomic<std::uint64_t> sent{0};  // the collector has them
  std::atomic<std::uint64_t> discarded{
      0};  // it does not: it refused them, or was away for too long
};

class SpanRings {
 public:
  // Of so many slots. Both throw std::exception; the second one where the memory is no such thing.
  explicit SpanRings(std::uint32_t slots);
  SpanRings(OwnedFd memory, std::uint32_t slots);
  ~SpanRings() { unmap(); }
  SpanRings(const SpanRings&) = delete;
  SpanRings& operator=(const SpanRings&) = delete;

  // The memory behind the mapping.
  [[nodiscard]] int fd() const { return memory_.get(); }
  // In a process whom the spans do not concern. Leaves the descriptor: it may be another's there.
  void unmap();

  // A process's own, to leave spans in. Aborts where there is none.
  [[nodiscard]] SpanRing& ring_to_fill(Place at) const;
  // To take from. Those of other slots than these have never been used, and would take memory.
  [[nodiscard]] SpanRing& ring(Place at) const;
  [[nodiscard]] std::uint32_t slots_used() const;
  [[nodiscard]] SpanTotals& totals() const;

  // How the memory is laid out, for a program that finds that of another one.
  static std::size_t head_bytes();

 private:
  struct Head;

  void map();
  [[nodiscard]] Head& head() const;

  OwnedFd memory_;
  std::uint32_t slots_;
  std::size_t size_;
  void* base_ = nullptr;
};

}  // namespace prefork::ipc
