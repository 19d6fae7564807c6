#include "server/net/output.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace prefork::net {

namespace {

// What is offered at once to a transport that must be offered the same again: a record's worth.
constexpr std::size_t kMaxRetriedBytes = 16 * 1024;

}  // namespace

bool Output::flush(bool more_follows) {
  http::ByteBuffer& batch = services_.batch;
  if (batch.empty()) {
    return !is_blocked();
  }
  if (is_blocked() || transport_.traits().repeats_writes) {
    keep(batch.view());
    batch.clear();
    if (!is_blocked()) {
      retry();
    }
    return !is_blocked();
  }
  while (!batch.empty()) {
    const IoResult result =
        more_follows ? transport_.write_before_more(batch.view()) : transport_.write(batch.view());
    if (!on_written(result)) {
      keep(batch.view());
      batch.clear();
      return false;
    }
    batch.consume(result.size);
  }
  return true;
}

std::size_t Output::send(std::string_view text) {
  http::ByteBuffer& batch = services_.batch;
  if (transport_.traits().repeats_writes) {
    // What it does not take has to be kept as it is.
    const std::string_view piece = text.substr(0, kMaxRetriedBytes);
    batch.append(piece);
    flush();
    return piece.size();
  }
  const IoResult result =
      batch.empty() ? transport_.write(text) : transport_.write(batch.view(), text);
  if (!on_written(result)) {
    keep(batch.view());
    batch.clear();
    return 0;
  }
  const std::size_t of_batch = std::min(result.size, batch.size());
  batch.consume(of_batch);
  return result.size - of_batch;
}

IoResult Output::send_file(int file, std::uint64_t offset, std::uint64_t size) {
  http::ByteBuffer& batch = services_.batch;
  const bool as_file = transport_.traits().can_send_files;
  if (!flush(as_file)) {
    return {IoStatus::want_write, 0, false};
  }
  if (as_file) {
    const IoResult result = transport_.send_file(file, offset, size);
    if (result.status != IoStatus::end && result.status != IoStatus::unreadable) {
      on_written(result);
    }
    return result;
  }
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(size, kMaxRetriedBytes));
  const ssize_t read = ::pread(file, batch.prepare(room), room, static_cast<off_t>(offset));
  if (read <= 0) {
    return {read == 0 ? IoStatus::end : IoStatus::unreadable, 0, false};
  }
  batch.commit(static_cast<std::size_t>(read));
  flush();
  return {IoStatus::done, static_cast<std::size_t>(read), false};
}

void Output::retry() {
  if (wait_ == Wait::writable && !is_bulk_) {
    note_refill();
  }
  // A first try that moves nothing begins to wait; a later one only goes on waiting.
  bool has_moved = std::exchange(wait_, Wait::none) == Wait::none;
  if (!unsent_) {
    return;
  }
  http::ByteBuffer& bytes = unsent_->bytes;
  const bool repeats = transport_.traits().repeats_writes;
  while (!bytes.empty()) {
    std::string_view piece = bytes.view();
    if (repeats) {
      piece = piece.substr(0, unsent_->retry_size != 0 ? unsent_->retry_size : kMaxRetriedBytes);
    }
    const IoResult result = transport_.write(piece);
    if (!on_written(result)) {
      if (unsent_) {
        unsent_->retry_size = repeats ? piece.size() : 0;
      }
      has_progress_ = has_moved;
      return;
    }
    has_moved = true;
    unsent_->retry_size = 0;
    bytes.consume(result.size);
  }
  unsent_.reset();
}

void Output::note_refill() {
  const auto now_ms = static_cast<std::uint32_t>(services_.bulk.now_ns() / 1'000'000);
  refills_ = now_ms - refilled_ms_ <= BulkTransfers::kRefillMs ? refills_ + 1 : 0;
  refilled_ms_ = now_ms;
  if (refills_ == BulkTransfers::kRefills) {
    refills_ = 0;
    is_bulk_ = services_.bulk.begin(transport_.fd());
  }
}

void Output::end_bulk() {
  is_bulk_ = false;
  services_.bulk.end(transport_.fd());
}

bool Output::take_progress() { return std::exchange(has_progress_, false); }

void Output::close() {
  wait_ = Wait::gone;
  if (std::exchange(is_bulk_, false)) {
    services_.bulk.forget();
  }
  const std::size_t forgotten = services_.batch.size() + unsent_size();
  services_.batch.clear();
  unsent_.reset();
  if (forgotten != 0) {
    unsent_ = std::make_unique<Unsent>();
    unsent_->forgotten = forgotten;
  }
}

void Output::keep(std::string_view bytes) {
  if (bytes.empty() || is_gone()) {
    return;
  }
  if (!unsent_) {
    unsent_ = std::make_unique<Unsent>();
  }
  unsent_->bytes.append(bytes);
}

// False when nothing was taken: the peer has to make room, or is gone.
bool Output::on_written(const IoResult& result) {
  has_progress_ = true;
  switch (result.status) {
    case IoStatus::done:
      services_.counters.add(ipc::Counter::bytes_out, result.size);
      wait_ = result.filled ? Wait::writable : wait_;
      return true;
    case IoStatus::want_read:
      wait_ = Wait::readable;
      return false;
    case IoStatus::want_write:
      wait_ = Wait::writable;
      return false;
    case IoStatus::end:
    case IoStatus::unreadable:
    case IoStatus::reset:
      services_.counters.add(ipc::Counter::peer_resets);
      close();
      return false;
  }
  return false;
}

}  // namespace prefork::net
