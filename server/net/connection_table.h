// The open connections of a server by index, and those that are still being opened; and their
// deadlines beside each other, so that a sweep over thousands reads a few kilobytes and not each
// connection. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ipc/base/monotonic.h"
#include "ipc/counters.h"
#include "server/net/connection.h"
#include "server/net/connection_opener.h"
#include "server/net/connection_token.h"

namespace prefork::net {

class ConnectionTable {
 public:
  // Keeps the gauges of connections, which outlive the table.
  explicit ConnectionTable(ipc::Gauges& gauges) : gauges_(gauges) {}

  // The loop's key of a connection.
  [[nodiscard]] static std::uint64_t key_of(ConnectionToken token) {
    return std::uint64_t{token.serial} << 32 | token.index;
  }
  [[nodiscard]] static ConnectionToken token_of(std::uint64_t key) {
    return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  }

  // A place, which counts as open from now on. It gets an opener, then a connection, or only that.
  ConnectionToken reserve();
  ConnectionOpener& put(ConnectionToken token, std::unique_ptr<ConnectionOpener> opener);
  // The opener, if there was one, is gone with this.
  Connection& put(ConnectionToken token, std::unique_ptr<Connection> connection);
  // Destroys what is there; the token and all copies of it are stale then.
  void erase(ConnectionToken token);

  // Null for a token that is stale, or of a connection that is not open yet (or open already).
  [[nodiscard]] Connection* find(ConnectionToken token) const;
  [[nodiscard]] ConnectionOpener* find_opener(ConnectionToken token) const;

  [[nodiscard]] std::size_t size() const { return open_; }
  // Every place, used or not.
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }
  [[nodiscard]] Connection* at(std::size_t index) const { return slots_[index].connection.get(); }
  [[nodiscard]] ConnectionToken token_at(std::size_t index) const {
    return {static_cast<std::uint32_t>(index), slots_[index].serial};
  }

  void set_deadline(std::uint32_t index, std::uint64_t at_ns) {
    deadlines_ns_[index] = at_ns;
    if (at_ns < earliest_ns_) {
      earliest_ns_ = at_ns;
    }
  }
  [[nodiscard]] std::uint64_t deadline_ns(std::size_t index) const { return deadlines_ns_[index]; }
  // No deadline is earlier than this.
  [[nodiscard]] std::uint64_t earliest_deadline_ns() const { return earliest_ns_; }
  // Those whose deadline has passed, oldest place first, and the earliest one anew.
  void collect_overdue(std::uint64_t now_ns, std::vector<ConnectionToken>& overdue);

  // A connection that was accepted by whoever was awake seeks its place: where it belongs is found
  // out when it comes to rest for the first time.
  void set_seeking(std::uint32_t index, bool is_seeking) { slots_[index].is_seeking = is_seeking; }
  [[nodiscard]] bool is_seeking(std::uint32_t index) const { return slots_[index].is_seeking; }

  // A connection for which there was no place only waits until its client knows.
  void set_refused(std::uint32_t index) {
    slots_[index].is_refused = true;
    ++refused_;
  }
  [[nodiscard]] std::size_t refused() const { return refused_; }

  // Of those that only hold a place, being idle or without a whole head so far, the one that has
  // done so for longest; null when there is none. All of them have the same patience, but for those
  // that were never used, so the first deadline tells.
  [[nodiscard]] Connection* longest_waiting() const;

  // A connection tells when it stops or begins to be idle.
  void count_busy(bool is_busy);

 private:
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<ConnectionOpener> opener;
    std::uint32_t serial = 0;
    bool is_seeking = false;
    bool is_refused = false;
  };

  void publish();

  ipc::Gauges& gauges_;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> deadlines_ns_;
  std::vector<std::uint32_t> free_;
  std::uint64_t earliest_ns_ = ipc::kNever;
  std::size_t open_ = 0;
  std::size_t refused_ = 0;
  std::size_t busy_ = 0;
};

}  // namespace prefork::net
