#include "server/exchange/in_flight_ledger.h"

namespace prefork::exchange {

InFlightLedger::InFlightLedger(ipc::WorkerRecord& record) : table_(record.unfinished_requests) {
  // The first one is on top: of few requests at a time, the memory of few boxes is touched.
  for (std::uint32_t i = 0; i < free_.size(); ++i) {
    free_[i] = static_cast<std::uint8_t>(free_.size() - 1 - i);
  }
}

InFlightLedger::Entry InFlightLedger::show(Entry entry, ipc::RequestPhase phase,
                                           const http::Request& request, std::uint64_t started_ns) {
  if (entry == kNone || entry == kUnnamed) {
    if (has_room(phase)) {
      count_unnamed(entry == kUnnamed ? unnamed_ - 1 : unnamed_);
      return name(phase, request, started_ns);
    }
    count_unnamed(entry == kUnnamed ? unnamed_ : unnamed_ + 1);
    return kUnnamed;
  }
  ipc::RequestPhase& present = phases_[entry - 1U];
  if (present == phase) {
    return entry;
  }
  if (!has_room(phase)) {
    free_box(entry);
    count_unnamed(unnamed_ + 1);
    return kUnnamed;
  }
  --shown_[static_cast<std::size_t>(present)];
  ++shown_[static_cast<std::size_t>(phase)];
  present = phase;
  table_.box(entry - 1U).move_to(phase);
  return entry;
}

void InFlightLedger::hide(Entry entry) {
  if (entry == kUnnamed) {
    count_unnamed(unnamed_ - 1);
  } else if (entry != kNone) {
    free_box(entry);
  }
}

// There is room for its phase, and so is a box.
InFlightLedger::Entry InFlightLedger::name(ipc::RequestPhase phase, const http::Request& request,
                                           std::uint64_t started_ns) {
  const std::uint32_t index = free_[--free_count_];
  phases_[index] = phase;
  ++shown_[static_cast<std::size_t>(phase)];
  table_.box(index).set(started_ns, request.id, request.peer, request.method_text, request.path,
                        phase, request.route);
  return static_cast<Entry>(index + 1);
}

void InFlightLedger::free_box(Entry entry) {
  const std::uint32_t index = entry - 1U;
  table_.box(index).clear();
  --shown_[static_cast<std::size_t>(phases_[index])];
  free_[free_count_++] = static_cast<std::uint8_t>(index);
}

void InFlightLedger::count_unnamed(std::uint32_t count) {
  if (count != unnamed_) {
    unnamed_ = count;
    table_.set_more(count);
  }
}

}  // namespace prefork::exchange
