#include "ipc/in_flight_table.h"

namespace prefork::ipc {

void InFlightTable::clear() {
  const std::size_t used = boxes().size();
  for (InFlightBox& box : std::span(boxes_).first(used)) {
    box.clear();
  }
  used_.store(0, std::memory_order_relaxed);
  set_more(0);
}

}  // namespace prefork::ipc
