// Which requests that are not finished and that nobody runs have a box in the worker's record, for
// those who read it (ipc/requests_in_flight.h). A request gets one when it is seen to last, and
// gives it back when it is finished; those that find none free are counted. Allocates nothing.
//
// One thread: the event loop.
#pragma once

#include <array>
#include <cstdint>

#include "ipc/in_flight_table.h"
#include "ipc/segment.h"
#include "server/http/request.h"

namespace prefork::exchange {

class InFlightLedger {
 public:
  // What a request is shown by, for as long as it is; kNone: it is not.
  using Entry = std::uint16_t;
  static constexpr Entry kNone = 0;
  // So many of each phase have a box: clients that send slowly, or listen for hours, leave those of
  // the others alone. (Those that are being handled have the box of their thread.)
  static constexpr std::uint32_t kMaxOfPhase = ipc::InFlightTable::kBoxes / 4;

  // Writes to `record`, which outlives it.
  explicit InFlightLedger(ipc::WorkerRecord& record);

  // `request`, as it can be read now, has come to `phase`. Returns its entry from now on.
  [[nodiscard]] Entry show(Entry entry, ipc::RequestPhase phase, const http::Request& request,
                           std::uint64_t started_ns);
  // It is finished.
  void hide(Entry entry);

 private:
  static constexpr Entry kUnnamed = ipc::InFlightTable::kBoxes + 1;

  [[nodiscard]] bool has_room(ipc::RequestPhase phase) const {
    return shown_[static_cast<std::size_t>(phase)] < kMaxOfPhase;
  }
  Entry name(ipc::RequestPhase phase, const http::Request& request, std::uint64_t started_ns);
  void free_box(Entry entry);
  void count_unnamed(std::uint32_t count);

  ipc::InFlightTable& table_;
  std::array<std::uint8_t, ipc::InFlightTable::kBoxes> free_{};  // a stack of boxes
  std::uint32_t free_count_ = ipc::InFlightTable::kBoxes;
  std::array<ipc::RequestPhase, ipc::InFlightTable::kBoxes> phases_{};  // of those in use
  std::array<std::uint32_t, ipc::kRequestPhases> shown_{};
  std::uint32_t unnamed_ = 0;
};

}  // namespace prefork::exchange
