// A file that came with a form, see form.hpp: a small one in memory, a larger one in a temporary
// file without a name, of which nothing is left when the process ends, however it does. One thread
// at a time.
#pragma once

#include <prefork/cxx20.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <prefork/error.hpp>
#include <prefork/multipart.hpp>
#include <prefork/quote.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

// A descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Of a call that has just failed: 507 (RFC 4918 section 11.5) where there is no room. That text is
// for clients, who need not know the names of folders.
[[noreturn]] inline void throw_file_error(const std::string& what) {
  const std::error_code code(errno, std::generic_category());
  if (code.value() == ENOSPC || code.value() == EDQUOT || code.value() == EFBIG) {
    throw Error(507, "no room for a file that was sent: " + code.message());
  }
  throw std::system_error(code, what);
}

inline void write_all(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ::ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      throw_file_error(what);
    }
  }
}

inline std::size_t read_at(int fd, std::uint64_t offset, std::span<char> room) {
  for (;;) {
    const ::ssize_t got = ::pread(fd, room.data(), room.size(), static_cast<::off_t>(offset));
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR) {
      throw_file_error("cannot read a temporary file");
    }
  }
}

// Within the kernel where that can do it between these two file systems.
inline void copy_file(int from, std::uint64_t size, int to, const std::string& what) {
  ::off_t offset = 0;
  while (static_cast<std::uint64_t>(offset) < size &&
         ::copy_file_range(from, &offset, to, nullptr, size, 0) > 0) {
  }
  std::array<char, 64 * 1024> room;
  auto at = static_cast<std::uint64_t>(offset);
  while (const std::size_t got = read_at(from, at, room)) {
    write_all(to, {room.data(), got}, what);
    at += got;
  }
}

// A path in `folder` that nothing has had in this process.
inline std::string unused_name(const std::string& folder) {
  static std::atomic<std::uint64_t> count{0};
  return folder + "/.upload-" + std::to_string(::getpid()) + "-" +
         std::to_string(count.fetch_add(1));
}

// Without a name; of a file system that has no such files, one whose name is gone already.
inline Descriptor open_nameless(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  for (int tries = 0; !file.valid() && (errno == EOPNOTSUPP || errno == EISDIR) && tries < 100;
       ++tries) {
    const std::string name = unused_name(folder);
    file = Descriptor(::open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (file.valid()) {
      ::unlink(name.c_str());
    } else if (errno == EEXIST) {
      errno = EISDIR;  // of a process that had this one's number and did not live to the unlink
    }
  }
  if (!file.valid()) {
    throw_file_error("cannot make a temporary file in '" + folder + "'");
  }
  return file;
}

inline std::string temporary_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

inline std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Gives a nameless file a name, which may be that of another file until then. False: it cannot have
// one there, as it lies in another file system.
inline bool give_name(int fd, const std::string& path) {
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  const auto link_to = [&self](const std::string& name) {
    return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link_to(path)) {
    return true;
  }
  if (errno != EEXIST) {
    return false;
  }
  std::string other = unused_name(folder_of(path));
  while (!link_to(other)) {
    if (errno != EEXIST) {
      return false;
    }
    other = unused_name(folder_of(path));
  }
  if (::rename(other.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(other.c_str());
    errno = reason;
    throw_file_error("cannot replace '" + path + "'");
  }
  return true;
}

// Bytes in memory, and once they are more than told in a temporary file.
class Spool {
 public:
  // `folder`: of the temporary file; empty: that of TMPDIR, or /tmp.
  Spool(std::size_t memory_limit, std::string folder)
      : memory_limit_(memory_limit), folder_(std::move(folder)) {}

  // Throws Error(507) and std::system_error.
  void append(std::string_view bytes) {
    if (!file_.valid() && memory_.size() + bytes.size() > memory_limit_) {
      folder_ = folder_.empty() ? temporary_folder() : std::move(folder_);
      file_ = open_nameless(folder_);
      write_all(file_.get(), memory_, what());
      memory_ = {};
    }
    if (file_.valid()) {
      write_all(file_.get(), bytes, what());
    } else {
      memory_.append(bytes);
    }
    size_ += bytes.size();
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] int fd() const { return file_.get(); }  // -1: it is in memory
  [[nodiscard]] const std::string& memory() const { return memory_; }

 private:
  [[nodiscard]] std::string what() const {
    return "cannot write a temporary file in '" + folder_ + "'";
  }

  std::size_t memory_limit_;
  std::string folder_;
  std::string memory_;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace detail

// The name of a file as a client told it, made one that may stand in a path: what comes behind its
// last slash or backslash; control characters, bytes that are no UTF-8 and a dot in front as
// underscores; at most 255 bytes. "file" where nothing is left. Response::download() takes it, too.
// It says nothing of the content, and two files may have one name.
inline std::string safe_filename(std::string_view name) {
  const std::size_t separator = name.find_last_of("/\\");
  name.remove_prefix(separator == std::string_view::npos ? 0 : separator + 1);
  std::string safe;
  while (!name.empty()) {
    const char c = name.front();
    const std::size_t known = detail::utf8_size(name);
    const std::size_t size = std::max<std::size_t>(known, 1);
    if (safe.size() + size > 255) {
      break;  // not within a character
    }
    if (known == 0 || static_cast<unsigned char>(c) < ' ' || c == '\x7F') {
      safe.push_back('_');
    } else {
      safe.append(name.substr(0, size));
    }
    name.remove_prefix(size);
  }
  if (safe.starts_with('.')) {
    safe.front() = '_';
  }
  return safe.find_first_not_of("._ ") == std::string::npos ? "file" : safe;
}

// Movable, and valid as long as the Form that it is part of.
class FormFile {
 public:
  // For the layer below.
  FormFile(detail::PartHead head, detail::Spool content)
      : head_(std::move(head)), content_(std::move(content)) {}

  // Of the field of the form: <input type="file" name="photo">.
  [[nodiscard]] const std::string& name() const { return head_.name; }
  // What the client calls it, made safe (see safe_filename), and as it was sent: not for paths.
  [[nodiscard]] std::string filename() const { return safe_filename(*head_.filename); }
  [[nodiscard]] const std::string& raw_filename() const { return *head_.filename; }
  // What the client says that it is, which need not be true.
  [[nodiscard]] std::string_view content_type() const {
    return head_.content_type.empty() ? "application/octet-stream"
                                      : std::string_view(head_.content_type);
  }
  [[nodiscard]] std::uint64_t size() const { return content_.size(); }

  [[nodiscard]] bool is_in_memory() const { return content_.fd() < 0; }
  // Of the temporary file, open for reading and writing; -1: it is in memory. Stays the form's.
  [[nodiscard]] int fd() const { return content_.fd(); }
  // All of it without a copy, where it is in memory; nothing: it is in a temporary file. Ends with
  // the form.
  [[nodiscard]] std::optional<std::string_view> view() const {
    return is_in_memory() ? std::optional<std::string_view>(content_.memory()) : std::nullopt;
  }

  // Puts bytes from `offset` on into `room` and says how many; 0: at the end. Throws
  // std::system_error.
  std::size_t read(std::uint64_t offset, std::span<char> room) const {
    if (!is_in_memory()) {
      return detail::read_at(fd(), offset, room);
    }
    const std::string& memory = content_.memory();
    return offset < memory.size() ? memory.copy(room.data(), room.size(), offset) : 0;
  }
  // All of it, as a copy, wherever it is.
  [[nodiscard]] std::string text() const {
    std::string all(static_cast<std::size_t>(size()), '\0');
    std::size_t had = 0;
    while (const std::size_t got = read(had, std::span(all).subspan(had))) {
      had += got;
    }
    return all;
  }

  // Makes it the file `path`, in the place of another one of that name: until then nothing has the
  // name, or the other one has it. `mode`: its permissions. Where `path` lies in the file system of
  // the temporary file nothing is copied; FormLimits::folder can see to that. Throws Error(507)
  // where there is no room, and std::system_error; then nothing has changed. What survives a loss
  // of power is for fsync(2).
  void save_to(const std::string& path, ::mode_t mode = 0600) const;

 private:
  void copy_to(int to, const std::string& path, ::mode_t mode) const;

  detail::PartHead head_;
  detail::Spool content_;
};

inline void FormFile::save_to(const std::string& path, ::mode_t mode) const {
  struct ::stat status {};
  const bool is_nameless = !is_in_memory() && ::fstat(fd(), &status) == 0 && status.st_nlink == 0;
  if (is_nameless && ::fchmod(fd(), mode) == 0 && detail::give_name(fd(), path)) {
    return;
  }
  const std::string folder = detail::folder_of(path);
  const detail::Descriptor copy = detail::open_nameless(folder);
  copy_to(copy.get(), path, mode);
  if (detail::give_name(copy.get(), path)) {
    return;
  }
  // A file system without nameless files, or a machine without /proc.
  const std::string other = detail::unused_name(folder);
  const detail::Descriptor named(
      ::open(other.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!named.valid()) {
    detail::throw_file_error("cannot make a file in '" + folder + "'");
  }
  try {
    copy_to(named.get(), path, mode);
    if (::rename(other.c_str(), path.c_str()) != 0) {
      detail::throw_file_error("cannot replace '" + path + "'");
    }
  } catch (...) {
    ::unlink(other.c_str());
    throw;
  }
}

inline void FormFile::copy_to(int to, const std::string& path, ::mode_t mode) const {
  const std::string what = "cannot write '" + path + "'";
  if (is_in_memory()) {
    detail::write_all(to, content_.memory(), what);
  } else {
    detail::copy_file(fd(), size(), to, what);
  }
  if (::fchmod(to, mode) != 0) {
    detail::throw_file_error(what);
  }
}

}  // namespace v1
}  // namespace prefork
