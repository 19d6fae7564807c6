// How an application declares what its workers share (locks.hpp, stores.hpp,
// topics.hpp). App derives from it.
// In PREFORK_APP only, by one thread.
//
// A name has letters, digits and _ . : -, begins with a letter or _, and has at most 47 characters;
// it names one thing. There is room for 256 things and 64 MiB. Throws std::invalid_argument, which
// says why, for a bad name or size, and std::runtime_error when the server is too old. A thing of a
// name that the server has from before a reload is that one, with what is in it; if it was declared
// as something else or with other sizes, the reload is given up, and the log says so.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <prefork/abi.h>
#include <prefork/locks.hpp>
#include <prefork/request.hpp>
#include <prefork/stores.hpp>
#include <prefork/topics.hpp>

namespace prefork {
inline namespace v1 {

class Sharing {
 public:
  Atomic atomic(std::string_view name) { return make<Atomic>(PREFORK_ATOMIC, name); }
  Event event(std::string_view name) { return make<Event>(PREFORK_EVENT, name); }
  Mutex mutex(std::string_view name) { return make<Mutex>(PREFORK_MUTEX, name); }
  RwLock rw_lock(std::string_view name) { return make<RwLock>(PREFORK_RW_LOCK, name); }
  Once once(std::string_view name) { return make<Once>(PREFORK_ONCE, name); }
  // 1 to 256 units.
  Semaphore semaphore(std::string_view name, std::uint32_t units) {
    return make<Semaphore>(PREFORK_SEMAPHORE, name, units);
  }
  // 1 to 256 parties.
  Barrier barrier(std::string_view name, std::uint32_t parties) {
    return make<Barrier>(PREFORK_BARRIER, name, parties);
  }
  // `burst` at once (1 to 1,000,000), and `count` per `period` in the long run.
  RateLimit rate_limit(std::string_view name, std::uint32_t count, std::chrono::nanoseconds period,
                       std::uint32_t burst) {
    const auto interval_ns =
        count > 0 && period.count() > 0 ? static_cast<std::uint64_t>(period.count()) / count : 0;
    return make<RateLimit>(PREFORK_RATE_LIMIT, name, burst, 0, interval_ns);
  }
  // Pieces there is room for, and the longest one in bytes; 1 to 65,536 each.
  Queue queue(std::string_view name, std::uint32_t pieces, std::uint32_t piece_bytes) {
    return {api_, app_, declare_thing(PREFORK_QUEUE, name, pieces, piece_bytes, 0), piece_bytes};
  }
  // Keys there is room for at least, 1 to 65,536; about 800 bytes each.
  Map map(std::string_view name, std::uint32_t keys) { return make<Map>(PREFORK_MAP, name, keys); }
  // Pieces that are kept for those who are late, and the longest one in bytes; 1 to 65,536 each.
  Topic topic(std::string_view name, std::uint32_t pieces, std::uint32_t piece_bytes) {
    if (!PREFORK_HAS(&api_, subscribe_topic)) {
      throw std::runtime_error("topics need a newer server than this one");
    }
    return {api_, app_, declare_thing(PREFORK_TOPIC, name, pieces, piece_bytes, 0), piece_bytes};
  }

 protected:
  // Both outlive it.
  Sharing(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  ~Sharing() = default;

 private:
  template <typename Kind>
  Kind make(prefork_thing_kind kind, std::string_view name, std::uint32_t count = 0,
            std::uint32_t bytes = 0, std::uint64_t interval_ns = 0) {
    return Kind(api_, app_, declare_thing(kind, name, count, bytes, interval_ns));
  }

  std::uint32_t declare_thing(prefork_thing_kind kind, std::string_view name, std::uint32_t count,
                              std::uint32_t bytes, std::uint64_t interval_ns) {
    if (!PREFORK_HAS(&api_, erase_map)) {
      throw std::runtime_error("what workers share needs a newer server than this one");
    }
    prefork_thing thing{};
    thing.size = sizeof thing;
    thing.kind = kind;
    thing.name = detail::text(name);
    thing.count = count;
    thing.bytes = bytes;
    thing.interval_ns = interval_ns;
    std::uint32_t number = 0;
    if (api_.declare_thing(app_, &thing, &number) != PREFORK_OK) {
      throw std::invalid_argument(std::string(detail::view(api_.get_failure(app_))));
    }
    return number;
  }

  const prefork_api& api_;
  prefork_app* app_;
};

}  // namespace v1
}  // namespace prefork
