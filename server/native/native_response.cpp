#include "server/native/native_response.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "ipc/base/forked.h"
#include "ipc/base/owned_fd.h"
#include "server/exchange/body_channel.h"
#include "server/http/trailer.h"
#include "server/native/native_application.h"
#include "server/native/native_file.h"
#include "server/native/native_text.h"
#include "server/native/native_validators.h"
#include "server/native/start_folder.h"

namespace prefork::native {

namespace {

constexpr std::uint64_t kUnknownSize = std::numeric_limits<std::uint64_t>::max();

prefork_stream* to_stream(exchange::BodyChannel* channel) {
  return reinterpret_cast<prefork_stream*>(channel);
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
  auto file = std::make_shared<ipc::OwnedFd>(
      ::open(from_start_folder(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
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

prefork_status send_file(prefork_response* response, const char* path) {
  return respond_with_file(*response->asked, from_start_folder(path), *response->response)
             ? PREFORK_OK
             : PREFORK_WRONG;
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

prefork_status write(prefork_stream* stream, prefork_text bytes) {
  if (to_channel(stream).is_loop_thread()) {
    // It would wait for itself.
    return try_write(stream, bytes);
  }
  return to_channel(stream).write(to_view(bytes)) ? PREFORK_OK : PREFORK_GONE;
}

int is_gone(const prefork_stream* stream) {
  return reinterpret_cast<const exchange::BodyChannel*>(stream)->is_wanted() ? 0 : 1;
}

prefork_status add_trailer(prefork_stream* stream, prefork_text name, prefork_text value) {
  if (http::trailer_problem(to_view(name), to_view(value)) != nullptr) {
    return PREFORK_WRONG;
  }
  switch (to_channel(stream).add_trailer(to_view(name), to_view(value))) {
    case exchange::ChannelState::open:
      return PREFORK_OK;
    case exchange::ChannelState::full:
      return PREFORK_FULL;
    case exchange::ChannelState::gone:
      break;
  }
  return PREFORK_GONE;
}

void validate(prefork_response* response, int hashes_body) {
  native::validate(*response->asked, *response->response, hashes_body != 0);
  response->app->errors.dress(*response);
}

int get_status(const prefork_response* response) { return response->response->status(); }

prefork_status get_field(const prefork_response* response, std::size_t index,
                         prefork_field* field) {
  std::size_t at = 0;
  for (const http::Field& known : response->response->fields()) {
    if (at++ == index) {
      *field = {to_text(known.name), to_text(known.value)};
      return PREFORK_OK;
    }
  }
  return PREFORK_END;
}

prefork_text get_body(const prefork_response* response) {
  return to_text(response->response->content());
}

void clear_fields(prefork_response* response) { response->response->clear_fields(); }

void clear_body(prefork_response* response) { response->response->clear_content(); }

void report_failure(prefork_response* response, prefork_text what) {
  response->response->note_failure(std::string(to_view(what)));
}

prefork_status read_status(const http::SourceResult& result, std::size_t* got) {
  *got = result.size;
  switch (result.status) {
    case http::SourceStatus::more:
      return PREFORK_OK;
    case http::SourceStatus::end:
      return PREFORK_END;
    case http::SourceStatus::wait:
      return PREFORK_FULL;
    case http::SourceStatus::failed:
      break;
  }
  return PREFORK_GONE;
}

prefork_status read(prefork_stream* stream, char* room, std::size_t size, std::size_t* got) {
  *got = 0;
  if (size == 0) {
    return PREFORK_WRONG;
  }
  if (to_channel(stream).is_loop_thread()) {
    return PREFORK_REFUSED;
  }
  return read_status(to_channel(stream).read({room, size}), got);
}

prefork_status try_read(prefork_stream* stream, char* room, std::size_t size, std::size_t* got) {
  *got = 0;
  return size == 0 ? PREFORK_WRONG : read_status(to_channel(stream).read_now({room, size}), got);
}

void complete(prefork_response* response) {
  const std::unique_ptr<prefork_response> owned(response);
  exchange::Job& job = *owned->job;
  if (owned->failed) {
    job.failed = true;
    job.failure = std::move(owned->failure);
  }
  job.finish();
  owned->request->note_answered();
  exchange::Job::deliver(std::move(owned->job));
  owned->request->release();
}

void give_up(prefork_response* response) {
  response->job->skip();
  complete(response);
}

// Whoever does not get a response has been told, and is not asked for one.
void go_on_later(prefork_app* app, prefork_handler later, void* user_data,
                 std::unique_ptr<exchange::Job> job) {
  if (job != nullptr) {
    defer_native(app, later, user_data, std::move(job));
    return;
  }
  const http::Request none;
  const NativeRequest request(none, app);
  later(user_data, &request.get(), nullptr);
  ipc::end_copy();
}

prefork_status respond_later(prefork_response* response, prefork_handler later, void* user_data) {
  if (response->job != nullptr) {
    return PREFORK_WRONG;
  }
  response->response->link().later = [app = response->app, later,
                                      user_data](std::unique_ptr<exchange::Job> job) {
    go_on_later(app, later, user_data, std::move(job));
  };
  return PREFORK_OK;
}

}  // namespace

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
  api.try_read = try_read;
  api.complete = complete;
  api.give_up = give_up;
  api.respond_later = respond_later;
  api.get_status = get_status;
  api.get_field = get_field;
  api.get_body = get_body;
  api.clear_fields = clear_fields;
  api.clear_body = clear_body;
  api.report_failure = report_failure;
  api.is_gone = is_gone;
  api.send_file = send_file;
  api.validate = validate;
  api.add_trailer = add_trailer;
}

void call_native(prefork_app* app, prefork_handler handler, void* user_data,
                 const http::Request& request, http::Response& response) {
  prefork_call call{response.link().starter, nullptr, app};
  const NativeRequest native(request, app, call.starter == nullptr ? nullptr : &call,
                             response.link().interim);
  prefork_response answer;
  answer.app = app;
  answer.asked = &request;
  answer.response = &response;
  answer.shown = &native.get();
  handler(user_data, &native.get(), &answer);
  ipc::end_copy();
  if (answer.failed) {
    throw std::runtime_error(answer.failure);
  }
}

void defer_native(prefork_app* app, prefork_handler handler, void* user_data,
                  std::unique_ptr<exchange::Job> job) {
  auto answer = std::make_unique<prefork_response>();
  answer->app = app;
  answer->asked = &job->request;
  answer->response = &job->response;
  answer->request = new HeldRequest(app, *job);
  answer->shown = &answer->request->get();
  answer->job = std::move(job);
  // The answer may be complete before the handler returns, and gone with it.
  HeldRequest* const request = answer->request;
  request->hold();
  handler(user_data, &request->get(), answer.release());
  ipc::end_copy();
  request->release();
}

}  // namespace prefork::native
