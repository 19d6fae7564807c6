#include "server/native/native_request.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "server/http/request_trace.h"
#include "server/native/native_response.h"
#include "server/native/native_text.h"

namespace prefork::native {

namespace {

prefork_field to_native(const http::Field& field) {
  return {to_text(field.name), to_text(field.value)};
}

prefork_status hold(prefork_call* call) {
  if (call->held == nullptr) {
    return PREFORK_WRONG;
  }
  call->held->hold();
  return PREFORK_OK;
}

void release(prefork_call* call) { call->held->release(); }

void fill_in(NativeTrace& native, http::RequestTrace& trace) {
  const http::TraceParent& own = trace.own();
  native.shown = {sizeof native.shown,          to_text(own.trace_id()), to_text(own.span_id()),
                  to_text(trace.parent_span()), to_text(own.text()),     to_text(trace.state()),
                  own.is_sampled() ? 1 : 0};
  native.of = &trace;
}

prefork_status set_attribute(const prefork_trace* trace, prefork_text name, prefork_text value) {
  static_assert(offsetof(NativeTrace, shown) == 0);
  const auto* const native = reinterpret_cast<const NativeTrace*>(trace);
  switch (native->of->add_attribute(to_view(name), to_view(value))) {
    case http::RequestTrace::Added::yes:
      return PREFORK_OK;
    case http::RequestTrace::Added::full:
      return PREFORK_FULL;
    case http::RequestTrace::Added::wrong:
      break;
  }
  return PREFORK_WRONG;
}

prefork_status send_early_hints(prefork_interim* interim, const prefork_field* fields,
                                std::size_t count) {
  constexpr std::size_t kMaxFields = 32;
  constexpr std::size_t kMaxBytes = 8 * 1024;
  http::FieldBlock block;
  for (std::size_t i = 0; i < std::min(count, kMaxFields); ++i) {
    block.add(to_view(fields[i].name), to_view(fields[i].value));
  }
  if (count > kMaxFields || block.problem() != nullptr ||
      block.fields().wire().size() > kMaxBytes) {
    return PREFORK_WRONG;
  }
  reinterpret_cast<http::InterimResponder*>(interim)->send_early_hints(block.fields());
  return PREFORK_OK;
}

int is_abandoned(const prefork_call* call) {
  const bool abandoned =
      call->held != nullptr ? call->held->is_abandoned() : call->starter->is_abandoned();
  return abandoned ? 1 : 0;
}

}  // namespace

NativeRequest::NativeRequest(const http::Request& request, prefork_app* app, prefork_call* call,
                             http::InterimResponder* interim) {
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
  native_.content = reinterpret_cast<prefork_stream*>(request.content);
  native_.call = call;
  native_.state = &state_;
  if (request.version_minor > 0) {
    native_.interim = reinterpret_cast<prefork_interim*>(interim);
  }
  native_.app = app;
  if (request.trace != nullptr) {
    fill_in(trace_, *request.trace);
    native_.trace = &trace_.shown;
  }
}

std::shared_ptr<exchange::ClientBox> client_of(const prefork_call& call) {
  return call.held != nullptr ? call.held->client() : call.starter->client();
}

HeldRequest::HeldRequest(prefork_app* app, const exchange::Job& job)
    : owned_(job.shared_request()),
      client_(job.client()),
      sink_(job.sink),
      exchange_(job.exchange),
      id_(job.request.id),
      call_{nullptr, this, app},
      native_(job.request, app, &call_, this) {}

void HeldRequest::release() {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

void add_request_functions(prefork_api& api) {
  api.hold = hold;
  api.release = release;
  api.is_abandoned = is_abandoned;
  api.set_attribute = set_attribute;
  api.send_early_hints = send_early_hints;
}

}  // namespace prefork::native
