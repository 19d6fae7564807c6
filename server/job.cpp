#include "server/job.h"

#include <exception>

#include "ipc/monotonic.h"

namespace prefork {

void Job::own_request(const Request& from) {
  std::size_t size = from.method_text.size() + from.target.size() + from.path.size() +
                     from.query.size() + from.host.size() + from.body.size();
  for (const Field& field : from.fields) {
    size += field.name.size() + field.value.size();
  }
  // Reserved in full first, so that no append moves what earlier views point to.
  bytes_.reserve(size);
  const auto copy = [this](std::string_view text) -> std::string_view {
    const std::size_t at = bytes_.size();
    bytes_.append(text);
    return {bytes_.data() + at, text.size()};
  };
  fields_.reserve(from.fields.size());
  for (const Field& field : from.fields) {
    fields_.push_back({copy(field.name), copy(field.value)});
  }
  request = from;
  request.method_text = copy(from.method_text);
  request.target = copy(from.target);
  request.path = copy(from.path);
  request.query = copy(from.query);
  request.host = copy(from.host);
  request.body = copy(from.body);
  request.fields = fields_;
}

void Job::run() {
  started_ns = monotonic_ns();
  failed = !call_handler(*handler, request, response, failure);
  finished_ns = monotonic_ns();
}

bool call_handler(const Handler& handler, const Request& request, Response& response,
                  std::string& failure) {
  try {
    handler(request, response);
    return true;
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "an exception that is no std::exception";
  }
  return false;
}

}  // namespace prefork
