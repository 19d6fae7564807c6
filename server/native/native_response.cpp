#include "server/native/native_response.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "ipc/base/owned_fd.h"
#include "server/exchange/body_channel.h"

namespace prefork::native {

namespace {

constexpr std::uint64_t kUnknownSize = std::numeric_limits<std::uint64_t>::max();

prefork_text to_text(std::string_view view) { return {view.data(), view.size()}; }

prefork_stream* to_stream(exchange::BodyChannel* channel) {
  return reinterpret_cast<prefork_stream*>(channel);
}
exchange::BodyChannel& to_channel(prefork_stream* stream) {
  return *reinterpret_cast<exchange::BodyChannel*>(stream);
}

prefork_field to_native(const http::Field& field) {
  return {to_text(field.name), to_text(field.value)};
}

// --- the functions of the interface --------------------------------------------------------------

void set_status(prefork_response* response, int status) { response->response->set_status(status); }

void add_field(prefork_response* response, prefork_text name, prefork_text value) {
  response->response->add_field(to_view(name), to_view(value));
}

void append_body(prefork_response* response, prefork_text bytes) {
  response->response->body().append(to_view(bytes));
}

prefork_status set_file(prefork_response* response, const char* path) {
  auto file = std::make_shared<ipc::OwnedFd>(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file->valid() || ::fstat(file->get(), &status) != 0) {
    return PREFORK_WRONG;
  }
  if (!S_ISREG(status.st_mode)) {
    errno = EINVAL;
    return PREFORK_WRONG;
  }
  response->response->add_piece(
      {{}, std::move(file), 0, static_cast<std::uint64_t>(status.st_size)});
  return PREFORK_OK;
}

void set_failed(prefork_response* response, prefork_text what) {
  response->failed = true;
  response->failure = to_view(what);
}

void close_connection(prefork_response* response) { response->response->close_connection(); }

prefork_stream* start_stream(prefork_response* response, std::uint64_t size) {
  try {
    return to_stream(&response->response->start_stream(
        size == kUnknownSize ? std::nullopt : std::optional<std::uint64_t>(size)));
  } catch (const std::exception&) {
    return nullptr;
  }
}

prefork_status write(prefork_stream* stream, prefork_text bytes) {
  return to_channel(stream).write(to_view(bytes)) ? PREFORK_OK : PREFORK_GONE;
}

prefork_status try_write(prefork_stream* stream, prefork_text bytes) {
  switch (to_channel(stream).try_write(to_view(bytes))) {
    case exchange::ChannelState::open:
      return PREFORK_OK;
    case exchange::ChannelState::full:
      return PREFORK_FULL;
    case exchange::ChannelState::gone:
      break;
  }
  return PREFORK_GONE;
}

prefork_status read(prefork_stream* stream, char* room, std::size_t size, std::size_t* got) {
  *got = 0;
  if (size == 0) {
    return PREFORK_WRONG;
  }
  const http::SourceResult result = to_channel(stream).read({room, size});
  *got = result.size;
  switch (result.status) {
    case http::SourceStatus::more:
      return PREFORK_OK;
    case http::SourceStatus::end:
      return PREFORK_END;
    case http::SourceStatus::wait:
    case http::SourceStatus::failed:
      break;
  }
  return PREFORK_GONE;
}

void complete(prefork_response* response) {
  const std::unique_ptr<prefork_response> owned(response);
  exchange::Job& job = *owned->job;
  if (owned->failed) {
    job.failed = true;
    job.failure = std::move(owned->failure);
  }
  job.finish();
  exchange::CompletionSink* const sink = job.sink;
  sink->deliver(std::move(owned->job));
}

}  // namespace

NativeRequest::NativeRequest(const http::Request& request) {
  const std::span<const http::Field> parameters = request.parameters;
  const std::size_t count = request.fields.size() + parameters.size();
  if (count > few_.size()) {
    many_.resize(count);
  }
  prefork_field* const fields = many_.empty() ? few_.data() : many_.data();
  prefork_field* const behind_fields =
      std::transform(request.fields.begin(), request.fields.end(), fields, to_native);
  std::transform(parameters.begin(), parameters.end(), behind_fields, to_native);
  native_.size = sizeof native_;
  native_.id = request.id;
  native_.version_minor = request.version_minor;
  native_.method = to_text(request.method_text);
  native_.target = to_text(request.target);
  native_.path = to_text(request.path);
  native_.query = to_text(request.query);
  native_.host = to_text(request.host);
  native_.scheme = to_text(request.scheme == http::Scheme::https ? "https" : "http");
  native_.root_path = to_text(request.root_path);
  native_.client = to_text(ipc::write_text(request.peer, client_));
  native_.body = to_text(request.body);
  native_.fields = fields;
  native_.field_count = request.fields.size();
  native_.parameters = behind_fields;
  native_.parameter_count = parameters.size();
  native_.content = to_stream(request.content);
}

void add_response_functions(prefork_api& api) {
  api.set_status = set_status;
  api.add_field = add_field;
  api.append_body = append_body;
  api.set_file = set_file;
  api.set_failed = set_failed;
  api.close_connection = close_connection;
  api.start_stream = start_stream;
  api.write = write;
  api.try_write = try_write;
  api.read = read;
  api.complete = complete;
}

void call_native(prefork_handler handler, void* user_data, const http::Request& request,
                 http::Response& response) {
  const NativeRequest native(request);
  prefork_response answer;
  answer.response = &response;
  handler(user_data, &native.get(), &answer);
  if (answer.failed) {
    throw std::runtime_error(answer.failure);
  }
}

void defer_native(prefork_handler handler, void* user_data, std::unique_ptr<exchange::Job> job) {
  auto answer = std::make_unique<prefork_response>();
  answer->response = &job->response;
  auto native = std::make_unique<NativeRequest>(job->request);
  const prefork_request& request = native->get();
  job->keep_alive(std::move(native));
  answer->job = std::move(job);
  handler(user_data, &request, answer.release());
}

}  // namespace prefork::native
