// Something that is done once by one thread of all processes, for which the others wait. In shared
// memory; all zero: not yet done. Where it fails, or its process dies, the next one does it. Any
// process, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "ipc/base/atomic.h"
#include "ipc/shared/wait_point.h"

namespace prefork::ipc {

class Once {
 public:
  enum class Turn : std::uint8_t {
    is_done,          // by somebody, before
    yours,            // do it, then call end()
    yours_from_dead,  // the same; who was at it has died and may have done a part
    timed_out,
  };

  Turn begin(const WaitName& name, std::uint64_t timeout_ns);
  // After it was one's own turn. `not_owner`: it was not.
  Outcome end(bool is_done);

  [[nodiscard]] bool is_done() const { return word_.load() == kDone; }
  // Who is at it; none: nobody.
  [[nodiscard]] ProcessKey owner() const { return ProcessKey(word_.load()); }

 private:
  static constexpr std::uint64_t kDone = 1;  // no owner

  std::optional<Turn> try_begin(Look look);

  Atomic<std::uint64_t> word_{0};
  WaitPoint waiting_;
};

}  // namespace prefork::ipc
