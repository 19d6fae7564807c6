// A file as it is served: its content in each coding that lies beside it, with the fields of its
// answers made once. Immutable, but for being replaced as a whole when the file has changed. One
// thread: the event loop.
//
// A neighbour such as app.js.br is taken for the same content in that coding, whatever its age, as
// nginx does: whoever writes app.js has to write its neighbours too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "server/files/root.h"
#include "server/files/settings.h"
#include "server/http/accept_encoding.h"
#include "server/http/etag.h"
#include "server/http/mime_types.h"
#include "server/http/response.h"

namespace prefork::files {

// Files up to this size are kept in memory: they are copied with the head of the answer in one
// system call. Larger ones are kept open and go out by sendfile(2).
inline constexpr std::size_t kMaxFileBytesInMemory = 32 * 1024;

struct StoredFile {
  FileIdentity identity;
  // Tells this content from every other of the same size and time. Of what is in memory it is made
  // of the bytes, so that copies of a site on several machines agree; of the rest, of the identity.
  std::uint64_t version = 0;
  std::int64_t read_ns = 0;  // when the bytes were read last, by the clock of the file's times
  bool is_in_memory = false;
  std::string content;  // if in memory
  ipc::OwnedFd fd;      // if not
};

struct Representation {
  http::ContentCoding coding = http::ContentCoding::identity;
  std::shared_ptr<StoredFile> file;  // shared with what is sent: only read_ns changes
  http::EntityTagText etag;
  // In seconds: when the content came to be here, but never later than when it was loaded. Clients
  // are told of no second that is not over.
  std::int64_t last_modified = 0;
  http::FieldBlock validators;  // ETag, Last-Modified, Vary, Cache-Control: also of a 304
  http::FieldBlock content;     // Accept-Ranges, Content-Encoding
};

struct StaticResource {
  std::string_view type;                        // Content-Type; of the MimeTypes
  std::vector<Representation> representations;  // in order of preference; the last is the file

  [[nodiscard]] const Representation& plain() const { return representations.back(); }
};

// What a path leads to.
struct LoadedResource {
  FileKind kind = FileKind::nothing;
  StaticResource resource;  // of a file
};

// `path` is relative to the root. What has not changed since `before` (may be null) is shared with
// it. `now` is in seconds.
LoadedResource load_resource(const StaticRoot& root, const std::string& path,
                             const StaticSettings& settings, const http::MimeTypes& types,
                             const StaticResource* before, std::int64_t now);
// The same of a path that the application itself names.
LoadedResource load_file(const std::string& path, const http::MimeTypes& types, std::int64_t now);

}  // namespace prefork::files
