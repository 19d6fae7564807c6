#include "server/exchange/access_formatter.h"

#include <array>
#include <charconv>
#include <ctime>
#include <system_error>

#include "config/base/text.h"
#include "ipc/base/monotonic.h"
#include "ipc/log/log_text.h"
#include "server/http/request_id.h"
#include "server/http/request_trace.h"

namespace prefork::exchange {

namespace {

using config::LogPiece;
using config::LogVariable;

// Longer pieces are cut: a line stays readable, and short enough for its sink. A line of JSON
// cannot be cut as a whole, and has more of them.
constexpr std::size_t kMaxPieceBytes = 1024;
constexpr std::size_t kMaxJsonBytes = 600;
constexpr std::string_view kNothing = "-";

void append_address(ipc::LineText& to, const ipc::PeerAddress& peer) {
  ipc::PeerText room;
  to.append(ipc::write_host(peer, room));
}

std::string_view or_nothing(std::string_view text) { return text.empty() ? kNothing : text; }

void append_text(ipc::LineText& to, std::string_view text) {
  ipc::append_escaped(to, or_nothing(text), kMaxPieceBytes);
}

std::string_view protocol_of(const http::Request& request) {
  return request.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

void append_request_line(ipc::LineText& to, const http::Request& request) {
  ipc::append_escaped(to, request.method_text, kMaxPieceBytes);
  to.push_back(' ');
  ipc::append_escaped(to, request.target, kMaxPieceBytes);
  to.push_back(' ');
  to.append(protocol_of(request));
}

// A proxy's, or our own.
void append_request_id(ipc::LineText& to, const http::Request& request) {
  if (const std::string_view text = http::request_id_text(request); !text.empty()) {
    append_text(to, text);
  } else {
    to.append_number(request.id);
  }
}

// Variables that say nothing where there is no request.
void append_of_request(ipc::LineText& to, const LogPiece& piece, const http::Request& request) {
  switch (piece.variable) {
    case LogVariable::header_field:
      return append_text(to, request.fields.find(piece.text).value_or(kNothing));
    case LogVariable::request:
      return append_request_line(to, request);
    case LogVariable::request_method:
      return append_text(to, request.method_text);
    case LogVariable::request_uri:
      return append_text(to, request.target);
    case LogVariable::uri:
      return append_text(to, request.path);
    case LogVariable::args:
      return append_text(to, request.query);
    case LogVariable::host:
      return append_text(to, request.host);
    case LogVariable::scheme:
      to.append(request.scheme == http::Scheme::https ? "https" : "http");
      return;
    case LogVariable::server_protocol:
      to.append(protocol_of(request));
      return;
    case LogVariable::request_id_text:
      return append_request_id(to, request);
    case LogVariable::trace_id:
      to.append(request.trace != nullptr ? request.trace->own().trace_id() : kNothing);
      return;
    case LogVariable::span_id:
      to.append(request.trace != nullptr ? request.trace->own().span_id() : kNothing);
      return;
    default:
      return;
  }
}

// The name of a member as it stands in the line, with what is around it: what is done here is not
// done for each request.
template <bool is_text>
class MemberName {
 public:
  consteval MemberName(const char* name) {  // NOLINT(google-explicit-constructor)
    put(",\"");
    put(name);
    put(is_text ? "\":\"" : "\":");
  }
  void append_to(ipc::LineText& line) const { line.append_fixed(text_, size_); }

 private:
  consteval void put(std::string_view part) {
    for (const char c : part) {
      text_[size_++] = c;
    }
  }

  std::array<char, 40> text_{};
  std::size_t size_ = 0;
};

using TextName = MemberName<true>;
using ValueName = MemberName<false>;

// Members of a JSON object, which has begun with another one.
class JsonMembers {
 public:
  explicit JsonMembers(ipc::LineText& to) : to_(to) {}

  void text(const TextName& name, std::string_view value) {
    name.append_to(to_);
    ipc::append_json(to_, value, kMaxJsonBytes);
    to_.push_back('"');
  }
  // Of nothing that JSON writes in another way.
  void plain_text(const TextName& name, std::string_view value) {
    name.append_to(to_);
    to_.append(value);
    to_.push_back('"');
  }
  void text_if_any(const TextName& name, std::string_view value) {
    if (!value.empty()) {
      text(name, value);
    }
  }
  void list_if_any(const ValueName& name, std::string_view only) {
    if (!only.empty()) {
      name.append_to(to_);
      to_.append("[\"");
      ipc::append_json(to_, only, kMaxJsonBytes);
      to_.append("\"]");
    }
  }
  void number(const ValueName& name, std::uint64_t value) {
    name.append_to(to_);
    to_.append_number(value);
  }
  void seconds(const ValueName& name, std::uint64_t microseconds) {
    name.append_to(to_);
    to_.append_millionths(microseconds, 6);
  }

 private:
  ipc::LineText& to_;
};

void add_server(JsonMembers& members, std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  members.text_if_any("server.address", host.substr(0, has_port ? colon : host.size()));
  std::uint32_t port = 0;
  if (has_port &&
      std::from_chars(host.data() + colon + 1, host.data() + host.size(), port).ec == std::errc()) {
    members.number("server.port", port);
  }
}

void add_request(JsonMembers& members, const http::Request& request) {
  members.text("http.request.method", request.method_text);
  members.plain_text("url.scheme", request.scheme == http::Scheme::https ? "https" : "http");
  const std::size_t end = request.target.find('?');
  members.text("url.path", request.target.substr(0, end));
  if (end != std::string_view::npos) {
    members.text_if_any("url.query", request.target.substr(end + 1));
  }
  add_server(members, request.host);
  members.plain_text("network.protocol.version", request.version_minor == 0 ? "1.0" : "1.1");
  members.text_if_any("user_agent.original",
                      request.fields.find(http::KnownField::user_agent).value_or(""));
  members.list_if_any("http.request.header.referer",
                      request.fields.find(http::KnownField::referer).value_or(""));
  members.list_if_any("http.request.header.x-request-id", http::request_id_text(request));
  if (request.trace != nullptr) {
    members.plain_text("trace_id", request.trace->own().trace_id());
    members.plain_text("span_id", request.trace->own().span_id());
  }
}

}  // namespace

std::string_view AccessFormatter::line(const AccessRecord& record) {
  // Some milliseconds old at most, and several times faster than the exact one.
  const std::uint64_t now_ns = ipc::clock_ns(CLOCK_REALTIME_COARSE);
  line_.clear();
  line_.append(mark_);
  if (format_.is_json) {
    append_json(record, now_ns);
  } else {
    for (const LogPiece& piece : format_.pieces) {
      append_piece(piece, record, now_ns);
    }
  }
  return line_.finished();
}

std::string_view AccessFormatter::dropped_line(std::uint64_t lines) {
  if (!format_.is_json) {
    return {};
  }
  line_.clear();
  line_.append(mark_);
  line_.append("{\"dropped\":");
  line_.append_number(lines);
  line_.push_back('}');
  return line_.finished();
}

void AccessFormatter::append_piece(const LogPiece& piece, const AccessRecord& record,
                                   std::uint64_t now_ns) {
  if (piece.variable == LogVariable::text) {
    line_.append(piece.text);
  } else if (append_of_exchange(piece.variable, record, now_ns)) {
    return;
  } else if (record.request == nullptr) {
    line_.append(kNothing);
  } else {
    append_of_request(line_, piece, *record.request);
  }
}

// False for what only a request can tell.
bool AccessFormatter::append_of_exchange(LogVariable variable, const AccessRecord& record,
                                         std::uint64_t now_ns) {
  switch (variable) {
    case LogVariable::remote_addr:
      append_address(line_, *record.client);
      return true;
    case LogVariable::remote_port:
      line_.append_number(record.client->port);
      return true;
    case LogVariable::remote_user:
      line_.append(kNothing);
      return true;
    case LogVariable::time_local:
      line_.append(time_.common_log(now_ns));
      return true;
    case LogVariable::time_iso8601:
      line_.append(time_.rfc3339(now_ns));
      return true;
    case LogVariable::status:
      line_.append_number(static_cast<unsigned>(record.status));
      return true;
    case LogVariable::body_bytes_sent:
      line_.append_number(record.bytes_sent);
      return true;
    case LogVariable::body_bytes_received:
      line_.append_number(record.bytes_received);
      return true;
    case LogVariable::request_id:
      line_.append_number(record.request != nullptr ? record.request->id : 0);
      return true;
    case LogVariable::request_time:
      line_.append_millionths(record.duration_us, 3);
      return true;
    case LogVariable::request_time_us:
      line_.append_number(record.duration_us);
      return true;
    case LogVariable::queue_time_us:
      line_.append_number(record.queue_us);
      return true;
    case LogVariable::handler_time_us:
      line_.append_number(record.handler_us);
      return true;
    case LogVariable::receive_delay_ms:
      if (record.receive_delay_ms) {
        line_.append_number(*record.receive_delay_ms);
      } else {
        line_.push_back('-');
      }
      return true;
    case LogVariable::worker:
      line_.append_number(writer_.worker);
      return true;
    case LogVariable::generation:
      line_.append_number(writer_.generation);
      return true;
    case LogVariable::cut:
      if (record.cut != Cut::none) {
        line_.append(" cut=");
        line_.append(name_of(record.cut));
      }
      return true;
    default:
      return false;
  }
}

// Names that OpenTelemetry has for things are used; ours begin with `prefork`.
void AccessFormatter::append_json(const AccessRecord& record, std::uint64_t now_ns) {
  line_.append("{\"timestamp\":\"");
  line_.append(time_.rfc3339(now_ns));
  line_.push_back('"');
  JsonMembers members(line_);
  ipc::PeerText room;
  members.plain_text("client.address", ipc::write_host(*record.client, room));
  members.number("client.port", record.client->port);
  if (record.request != nullptr) {
    add_request(members, *record.request);
    members.number("prefork.request.id", record.request->id);
  }
  members.number("http.response.status_code", static_cast<unsigned>(record.status));
  members.number("http.request.body.size", record.bytes_received);
  members.number("http.response.body.size", record.bytes_sent);
  members.seconds("http.server.request.duration", record.duration_us);
  members.seconds("prefork.queue.duration", record.queue_us);
  members.seconds("prefork.handler.duration", record.handler_us);
  members.number("prefork.worker", writer_.worker);
  members.number("prefork.generation", writer_.generation);
  if (record.cut != Cut::none) {
    members.plain_text("prefork.cut", name_of(record.cut));
  }
  line_.push_back('}');
}

}  // namespace prefork::exchange
