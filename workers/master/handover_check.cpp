#include "workers/master/handover_check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "ipc/segment.h"
#include "ipc/shared/table.h"

namespace prefork::master {

namespace {

bool are_sockets(const std::vector<std::uint32_t>& numbers, const Handover& handover) {
  return std::all_of(numbers.begin(), numbers.end(), [&handover](std::uint32_t number) {
    return number < handover.sockets.size();
  });
}

std::string fault_of_plans(const Handover& handover) {
  std::set<supervision::Generation> known;
  for (const Handover::Plan& plan : handover.plans) {
    if (!are_sockets(plan.sockets, handover) || !are_sockets(plan.with_preamble, handover) ||
        !are_sockets(plan.admin, handover) || !are_sockets(plan.agent, handover) ||
        plan.sockets.empty()) {
      return "a generation listens where nothing does";
    }
    if (plan.generation > handover.last_generation || !known.insert(plan.generation).second) {
      return "a generation is there twice, or later than the last one";
    }
  }
  if (!known.contains(handover.supervisor.wanted.generation)) {
    return "the generation that serves is not known";
  }
  for (const supervision::Slot& slot : handover.supervisor.slots) {
    for (const supervision::Seat& seat : slot.seats) {
      if (seat.occupied() && !known.contains(seat.generation)) {
        return "a process is of a generation that is not known";
      }
    }
  }
  return "";
}

bool is_place(ipc::Place at, const Handover& handover) {
  return at.slot < handover.supervisor.slots.size() && at.seat < ipc::kSeatsPerSlot;
}

std::string fault_of_processes(const Handover& handover) {
  for (const Handover::Child& child : handover.children) {
    if (!is_place(child.at, handover) || child.read_fd < 0 || child.write_fd < 0) {
      return "a process is nowhere";
    }
  }
  for (const Handover::Command& command : handover.commands) {
    if (!is_place(command.observer, handover) || !ipc::is_for_master(command.kind) ||
        command.kind > ipc::kLastCommand) {
      return "a command is none";
    }
  }
  const std::uint32_t capacity = handover.supervisor.wanted.settings.capacity;
  if (capacity > ipc::kMaxSlots || handover.descriptors.inboxes.size() != 2UL * capacity) {
    return "the inboxes are not those of its slots";
  }
  const bool has_tasks = handover.descriptors.tasks >= 0;
  if (has_tasks != (handover.supervisor.wanted.settings.tasks != 0) ||
      (has_tasks && handover.tasks.slots != handover.supervisor.wanted.settings.tasks)) {
    return "the jobs are not those of its task processes";
  }
  return "";
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

std::string fault_of_descriptors(const Handover& handover) {
  const std::vector<int> fds = handover.inherited();
  if (std::min({handover.descriptors.segment, handover.descriptors.leadership,
                handover.descriptors.shared}) < 0 ||
      !std::all_of(fds.begin(), fds.end(), is_open)) {
    return "a descriptor is not open";
  }
  struct stat about {};
  if (::fstat(handover.descriptors.shared, &about) != 0 ||
      std::cmp_not_equal(about.st_size, ipc::SharedTable::memory_bytes())) {
    return "what the workers share is of another size";
  }
  return "";
}

}  // namespace

std::string fault_of(const Handover& handover) {
  if (std::string fault = supervision::fault_of(handover.supervisor); !fault.empty()) {
    return "the supervisor: " + fault;
  }
  if (std::string fault = fault_of_plans(handover); !fault.empty()) {
    return fault;
  }
  if (std::string fault = fault_of_processes(handover); !fault.empty()) {
    return fault;
  }
  if (handover.log.level < config::LogLevel::trace || handover.log.level > config::LogLevel::off ||
      handover.log_level < -1 || handover.log_level >= static_cast<std::int32_t>(ipc::kLogLevels)) {
    return "the log is of no level that there is";
  }
  return fault_of_descriptors(handover);
}

}  // namespace prefork::master
