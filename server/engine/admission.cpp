#include "server/engine/admission.h"

#include <cerrno>
#include <string>

#include "ipc/base/error_text.h"

namespace prefork::engine {

Admission::Verdict Admission::judge(std::size_t open, std::size_t refused) {
  if (open - refused < limit_) {
    return Verdict::admit;
  }
  counters_.add(ipc::Counter::connections_refused);
  return refused < kRefusalRoom ? Verdict::refuse : Verdict::drop;
}

void Admission::report_accept_error(int error, std::uint64_t now_ns) {
  counters_.add(ipc::Counter::accept_errors);
  const bool is_for_want_of_files = error == EMFILE || error == ENFILE;
  report_at_intervals(
      accept_error_reported_ns_, now_ns, config::LogLevel::error,
      "cannot accept connections: " + std::string(ipc::error_text(error)) +
          (is_for_want_of_files
               ? "; raise the limit of open files (ulimit -n) or lower --limit-connections"
               : ""));
}

void Admission::report_opening(const ipc::PeerAddress& peer, const char* problem,
                               std::uint64_t now_ns) {
  counters_.add(ipc::Counter::bad_requests);
  report_at_intervals(opening_reported_ns_, now_ns, config::LogLevel::warning,
                      "connection of " + ipc::to_string(peer) + " closed: " + problem);
}

// What a client can cause does not fill the log.
void Admission::report_at_intervals(std::uint64_t& last_ns, std::uint64_t now_ns,
                                    config::LogLevel level, const std::string& line) {
  if (last_ns == 0 || now_ns - last_ns >= kReportEveryNs) {
    last_ns = now_ns;
    hooks_.report(level, line);
  }
}

}  // namespace prefork::engine
