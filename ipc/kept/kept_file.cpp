#include "ipc/kept/kept_file.h"

namespace prefork::ipc {

namespace {

constexpr std::string_view kFirstLine = "prefork-request 1\n";
constexpr std::string_view kEnd = "\n\n";

std::string about_body(const KeptRequest& request) {
  if (request.is_streamed) {
    return "not kept: its handler reads it while it comes";
  }
  const std::string kept = std::to_string(request.body.size());
  return request.body.size() < request.body_bytes
             ? "the first " + kept + " of " + std::to_string(request.body_bytes) + " bytes"
             : "all of it, " + kept + " bytes";
}

}  // namespace

std::string kept_file_text(const KeptRequest& request, const KeptAbout& about) {
  std::string text(kFirstLine);
  text += "worker: " + std::to_string(about.slot) + " (pid " + std::to_string(about.pid) +
          "), generation " + std::to_string(about.generation) + "\n";
  text += "end: " + about.end + "\n";
  text += "time: " + about.time + "\n";
  text += "request: " + std::to_string(request.id) + " of that worker\n";
  text += "body: " + about_body(request) + kEnd.data();
  return text + request.head + request.body;
}

std::optional<KeptFile> parse_kept_file(std::string_view text) {
  if (!text.starts_with(kFirstLine)) {
    return std::nullopt;
  }
  text.remove_prefix(kFirstLine.size());
  const std::size_t end = text.find(kEnd);
  if (end == text.npos || end + kEnd.size() == text.size()) {
    return std::nullopt;
  }
  return KeptFile{std::string(text.substr(0, end + 1)),
                  std::string(text.substr(end + kEnd.size()))};
}

}  // namespace prefork::ipc
