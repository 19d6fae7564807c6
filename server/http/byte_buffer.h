// A growing run of bytes that is written at its end and consumed from its front. Unlike a
// std::string it hands out uninitialised room to read into or to format into, and gives its memory
// back at once when asked. One thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace prefork::http {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    ByteBuffer(std::move(other)).swap(*this);
    return *this;
  }

  [[nodiscard]] char* data() { return bytes_.get() + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::string_view view() const { return {bytes_.get() + begin_, size()}; }

  // Room for `size` more bytes at the end; what lies there is undefined until committed.
  char* prepare(std::size_t size) {
    if (capacity_ - end_ < size) {
      make_room(size);
    }
    return bytes_.get() + end_;
  }
  void commit(std::size_t size) { end_ += size; }

  void append(std::string_view text) {
    if (!text.empty()) {
      std::memcpy(prepare(text.size()), text.data(), text.size());
      end_ += text.size();
    }
  }

  void consume(std::size_t size) {
    begin_ += size;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }
  // The same at the end.
  void drop_back(std::size_t size) {
    end_ -= size;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
  }
  void clear() { begin_ = end_ = 0; }

  // Empties it and gives the memory back.
  void release() { ByteBuffer().swap(*this); }

  void swap(ByteBuffer& other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  static constexpr std::size_t kSmallest = 128;

  void make_room(std::size_t size) {
    const std::size_t used = end_ - begin_;
    std::size_t capacity = capacity_ < kSmallest ? kSmallest : capacity_;
    while (capacity - used < size) {
      capacity *= 2;
    }
    if (capacity == capacity_) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, used);
    } else {
      std::unique_ptr<char[]> grown(new char[capacity]);
      if (used != 0) {
        std::memcpy(grown.get(), bytes_.get() + begin_, used);
      }
      bytes_ = std::move(grown);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace prefork::http
