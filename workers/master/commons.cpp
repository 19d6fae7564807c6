#include "workers/master/commons.h"

#include <vector>

#include "workers/master/inheritance.h"
#include "workers/master/serving_plan.h"

namespace prefork::master {

Commons::Commons(const config::Options& options)
    : segment(slot_capacity(options)), inboxes(segment.slot_capacity()) {
  const config::TaskOptions& wanted = options.tasks;
  if (wanted.workers != 0) {
    tasks = std::make_unique<ipc::TaskBoard>(
        ipc::TaskBoard::Shape{wanted.workers, wanted.queue, wanted.bytes});
  }
  if (!options.logging.keep_requests.empty()) {
    kept = std::make_unique<ipc::KeptRequests>(segment.slot_capacity());
  }
  if (options.tracing.mode == config::TraceMode::otlp) {
    spans = std::make_unique<ipc::SpanRings>(segment.slot_capacity());
  }
}

Commons::Commons(const Handover& handover)
    : segment(duplicate(handover.descriptors.segment),
              handover.supervisor.wanted.settings.capacity),
      inboxes(duplicates(handover.descriptors.inboxes)),
      leadership(duplicate(handover.descriptors.leadership)),
      shared(duplicate(handover.descriptors.shared)) {
  if (handover.descriptors.tasks >= 0) {
    tasks = std::make_unique<ipc::TaskBoard>(handover.tasks, duplicate(handover.descriptors.tasks));
  }
  if (handover.descriptors.kept >= 0) {
    kept = std::make_unique<ipc::KeptRequests>(duplicate(handover.descriptors.kept),
                                               segment.slot_capacity());
  }
  if (handover.descriptors.log_rings >= 0) {
    log_rings = std::make_unique<ipc::LogRings>(duplicate(handover.descriptors.log_rings),
                                                segment.slot_capacity());
  }
  if (handover.descriptors.spans >= 0) {
    spans = std::make_unique<ipc::SpanRings>(duplicate(handover.descriptors.spans),
                                             segment.slot_capacity());
  }
}

void Commons::hand_over(Handover& handover) const {
  handover.descriptors.segment = segment.fd();
  handover.descriptors.leadership = leadership.fd();
  handover.descriptors.shared = shared.fd();
  inboxes.append_fds(handover.descriptors.inboxes);
  if (kept) {
    handover.descriptors.kept = kept->fd();
  }
  if (log_rings) {
    handover.descriptors.log_rings = log_rings->fd();
  }
  if (spans) {
    handover.descriptors.spans = spans->fd();
  }
  if (tasks) {
    handover.descriptors.tasks = tasks->fd();
    handover.tasks = tasks->shape();
  }
}

}  // namespace prefork::master
