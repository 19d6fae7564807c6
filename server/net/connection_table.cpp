#include "server/net/connection_table.h"

#include <algorithm>
#include <utility>

namespace prefork::net {

ConnectionToken ConnectionTable::reserve() {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    deadlines_ns_.push_back(ipc::kNever);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  ++open_;
  publish();
  return {index, ++slots_[index].serial};
}

ConnectionOpener& ConnectionTable::put(ConnectionToken token,
                                       std::unique_ptr<ConnectionOpener> opener) {
  slots_[token.index].opener = std::move(opener);
  // Somebody is on the way: not idle.
  count_busy(true);
  return *slots_[token.index].opener;
}

Connection& ConnectionTable::put(ConnectionToken token, std::unique_ptr<Connection> connection) {
  Slot& slot = slots_[token.index];
  if (slot.opener) {
    slot.opener.reset();
    count_busy(false);
  }
  slot.connection = std::move(connection);
  return *slot.connection;
}

void ConnectionTable::erase(ConnectionToken token) {
  Slot& slot = slots_[token.index];
  if (slot.opener) {
    slot.opener.reset();
    count_busy(false);
  }
  slot.connection.reset();
  slot.is_seeking = false;
  refused_ -= std::exchange(slot.is_refused, false) ? 1U : 0U;
  set_deadline(token.index, ipc::kNever);
  free_.push_back(token.index);
  --open_;
  publish();
}

Connection* ConnectionTable::find(ConnectionToken token) const {
  if (token.index >= slots_.size() || slots_[token.index].serial != token.serial) {
    return nullptr;
  }
  return slots_[token.index].connection.get();
}

ConnectionOpener* ConnectionTable::find_opener(ConnectionToken token) const {
  if (token.index >= slots_.size() || slots_[token.index].serial != token.serial) {
    return nullptr;
  }
  return slots_[token.index].opener.get();
}

Connection* ConnectionTable::longest_waiting() const {
  Connection* longest = nullptr;
  for (const Slot& slot : slots_) {
    Connection* const connection = slot.connection.get();
    if (connection != nullptr && (connection->is_idle() || connection->messages() == 0) &&
        (longest == nullptr || connection->deadline_ns() < longest->deadline_ns())) {
      longest = connection;
    }
  }
  return longest;
}

void ConnectionTable::collect_overdue(std::uint64_t now_ns, std::vector<ConnectionToken>& overdue) {
  earliest_ns_ = ipc::kNever;
  for (std::size_t i = 0; i < deadlines_ns_.size(); ++i) {
    if (deadlines_ns_[i] <= now_ns) {
      overdue.push_back(token_at(i));
    } else {
      earliest_ns_ = std::min(earliest_ns_, deadlines_ns_[i]);
    }
  }
}

void ConnectionTable::count_busy(bool is_busy) {
  busy_ = is_busy ? busy_ + 1 : busy_ - 1;
  publish();
}

void ConnectionTable::publish() {
  gauges_.set(ipc::Gauge::connections_active, open_);
  gauges_.set(ipc::Gauge::connections_idle, open_ - busy_);
}

}  // namespace prefork::net
