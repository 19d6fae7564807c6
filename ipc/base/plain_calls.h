// The system calls of each request, without the C library's cancellation points: in a process with
// threads they cost as much as the rest of the library's wrapper and more, and nobody cancels an
// event loop (pthreads(7)). Errors are those of the calls, in errno. Where a sanitizer has to see
// the calls they are the library's.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PREFORK_LIBRARY_CALLS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(SYS_epoll_wait)
#define PREFORK_LIBRARY_CALLS
#endif

namespace prefork::ipc {

#if defined(PREFORK_LIBRARY_CALLS)
// read(2)
inline ssize_t plain_read(int fd, void* bytes, std::size_t capacity) {
  return ::read(fd, bytes, capacity);
}
// write(2)
inline ssize_t plain_write(int fd, const void* bytes, std::size_t size) {
  return ::write(fd, bytes, size);
}
// recv(2)
inline ssize_t plain_recv(int socket, void* bytes, std::size_t capacity) {
  return ::recv(socket, bytes, capacity, 0);
}
// send(2)
inline ssize_t plain_send(int socket, const void* bytes, std::size_t size, int flags) {
  return ::send(socket, bytes, size, flags);
}
// epoll_wait(2)
inline int plain_epoll_wait(int epoll, epoll_event* events, int capacity, int timeout_ms) {
  return ::epoll_wait(epoll, events, capacity, timeout_ms);
}
#else
inline ssize_t plain_read(int fd, void* bytes, std::size_t capacity) {
  return ::syscall(SYS_read, fd, bytes, capacity);
}
inline ssize_t plain_write(int fd, const void* bytes, std::size_t size) {
  return ::syscall(SYS_write, fd, bytes, size);
}
inline ssize_t plain_recv(int socket, void* bytes, std::size_t capacity) {
  return ::syscall(SYS_recvfrom, socket, bytes, capacity, 0, nullptr, nullptr);
}
inline ssize_t plain_send(int socket, const void* bytes, std::size_t size, int flags) {
  return ::syscall(SYS_sendto, socket, bytes, size, flags, nullptr, 0);
}
inline int plain_epoll_wait(int epoll, epoll_event* events, int capacity, int timeout_ms) {
  return static_cast<int>(::syscall(SYS_epoll_wait, epoll, events, capacity, timeout_ms));
}
#endif

}  // namespace prefork::ipc
