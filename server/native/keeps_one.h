// Memory for objects of which a thread makes one after the other: it keeps that of the last one it
// destroyed for the next one it makes. By a base class, Kind being the class itself. Any thread.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace prefork::native {

template <typename Kind>
class KeepsOne {
 public:
  static void* operator new(std::size_t size) {
    void* const kept = std::exchange(spare().memory, nullptr);
    return kept != nullptr ? kept : ::operator new(size);
  }
  static void operator delete(void* memory) {
    if (void* const other = std::exchange(spare().memory, memory)) {
      ::operator delete(other);
    }
  }

 protected:
  KeepsOne() = default;
  ~KeepsOne() = default;

 private:
  struct Spare {
    Spare() = default;
    ~Spare() { ::operator delete(std::exchange(memory, nullptr)); }
    Spare(const Spare&) = delete;
    Spare& operator=(const Spare&) = delete;

    void* memory = nullptr;
  };
  static Spare& spare() {
    thread_local Spare one;
    return one;
  }
};

}  // namespace prefork::native
