#include "ipc/in_flight.h"

namespace prefork::ipc {

std::string_view to_string(RequestPhase phase) {
  switch (phase) {
    case RequestPhase::reading:
      return "reading";
    case RequestPhase::queued:
      return "queued";
    case RequestPhase::handling:
      return "handling";
    case RequestPhase::deferred:
      return "deferred";
    case RequestPhase::sending:
      return "sending";
  }
  return "";
}

std::optional<InFlightRequest> InFlightBox::get() const {
  const auto words = box_.read();
  if (!words || (*words)[kStarted] == 0) {
    return std::nullopt;
  }
  InFlightRequest request;
  request.started_ns = (*words)[kStarted];
  request.request_id = (*words)[kId];

  char method[InFlightRequest::kMaxMethodBytes];
  std::memcpy(method, &(*words)[kMethod], sizeof method);
  request.method.assign(method, ::strnlen(method, sizeof method));

  const std::uint64_t meta = (*words)[kMeta];
  request.peer.family = static_cast<PeerAddress::Family>(meta >> 8 & 0xFF);
  request.peer.port = static_cast<std::uint16_t>(meta >> 16);
  request.phase = static_cast<RequestPhase>(
      std::min<std::uint64_t>(meta >> kPhaseShift & 0xFF, kRequestPhases - 1));
  request.route = static_cast<std::uint16_t>(meta >> kRouteShift);
  std::memcpy(request.peer.bytes.data(), &(*words)[kPeer], request.peer.bytes.size());

  // The length comes out of shared memory: never trust it beyond what the box holds.
  const std::size_t size = std::min<std::size_t>(meta & 0xFF, InFlightRequest::kMaxPathBytes);
  char path[InFlightRequest::kMaxPathBytes];
  std::memcpy(path, &(*words)[kPath], sizeof path);
  request.path.assign(path, size);
  return request;
}

}  // namespace prefork::ipc
