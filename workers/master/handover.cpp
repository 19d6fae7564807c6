#include "workers/master/handover.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "ipc/base/archive.h"
#include "ipc/base/sealed_memory.h"
#include "ipc/frames.h"
#include "ipc/inbox.h"
#include "ipc/kept/kept_requests.h"
#include "ipc/log/log_rings.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "ipc/spans/span_rings.h"
#include "workers/master/handover_check.h"

namespace prefork::master {

namespace {

// How a handover begins. The layout follows, then the rest.
struct Head {
  static constexpr std::uint64_t kMagic = 0x455641484652'5021;  // "!PRFHAVE"
  static constexpr std::uint32_t kVersion = 2;
  static constexpr std::size_t kMaxLayout = 512;

  std::uint64_t magic = kMagic;
  std::uint32_t size = 0;  // of all of it
  std::uint32_t layout_size = 0;
};

template <typename Archive, typename Items>
void pass_all(Archive& archive, Items& items) {
  for (std::size_t i = 0, count = archive.count_of(items); i < count; ++i) {
    archive(items[i]);
  }
}

template <typename Archive, typename File>
void pass_file(Archive& archive, File& file) {
  archive(file.path);
  archive(file.device);
  archive(file.inode);
}

template <typename Archive, typename Sockets>
void pass_sockets(Archive& archive, Sockets& sockets) {
  for (std::size_t i = 0, count = archive.count_of(sockets); i < count; ++i) {
    archive(sockets[i].fd);
    archive(sockets[i].bind);
    archive(sockets[i].url);
    pass_file(archive, sockets[i].file);
    archive(sockets[i].is_lost);
  }
}

template <typename Archive, typename Plans>
void pass_plans(Archive& archive, Plans& plans) {
  for (std::size_t i = 0, count = archive.count_of(plans); i < count; ++i) {
    archive(plans[i].generation);
    archive(plans[i].options);
    pass_all(archive, plans[i].sockets);
    pass_all(archive, plans[i].with_preamble);
    pass_all(archive, plans[i].admin);
    pass_all(archive, plans[i].agent);
    archive(plans[i].sealed_application);
    archive(plans[i].build_id);
  }
}

template <typename Archive, typename Failure>
void pass_failure(Archive& archive, Failure& failure) {
  if (!archive.has(failure)) {
    return;
  }
  archive(failure->kind);
  archive(failure->at.slot);
  archive(failure->at.seat);
  if (archive.has(failure->pid)) {
    archive(*failure->pid);
  }
  archive(failure->exit.code);
  archive(failure->exit.signal);
  archive(failure->exit.core);
  archive(failure->exit.cpu_us);
  archive(failure->exit.requests);
  archive(failure->exit.peak_bytes);
  archive(failure->error_number);
  ipc::pass_time(archive, failure->when);
}

template <typename Archive, typename Seat>
void pass_seat(Archive& archive, Seat& seat) {
  archive(seat.state);
  archive(seat.part);
  if (archive.has(seat.pid)) {
    archive(*seat.pid);
  }
  archive(seat.epoch);
  archive(seat.generation);
  ipc::pass_time(archive, seat.since);
  ipc::pass_time(archive, seat.started);
  ipc::pass_time(archive, seat.patience);
  const auto pass_moment = [&archive](auto& moment) {
    if (archive.has(moment)) {
      ipc::pass_time(archive, *moment);
    }
  };
  pass_moment(seat.ready_at);
  pass_moment(seat.last_beat);
  pass_moment(seat.deadline);
  if (archive.has(seat.leaves_because)) {
    archive(*seat.leaves_because);
  }
  if (archive.has(seat.signal)) {
    archive(*seat.signal);
  }
  pass_moment(seat.successor_due);
  archive(seat.successor_failures);
  archive(seat.wants_successor);
  archive(seat.is_restart);
  archive(seat.is_cut);
}

template <typename Archive, typename Settings>
void pass_settings(Archive& archive, Settings& settings) {
  ipc::pass_time(archive, settings.boot_timeout);
  ipc::pass_time(archive, settings.healthcheck_timeout);
  ipc::pass_time(archive, settings.graceful_timeout);
  if (archive.has(settings.replaced_timeout)) {
    ipc::pass_time(archive, *settings.replaced_timeout);
  }
  ipc::pass_time(archive, settings.soak);
  archive(settings.at_once);
  archive(settings.workers);
  archive(settings.capacity);
  archive(settings.observer);
  archive(settings.tasks);
}

template <typename Archive, typename Memory>
void pass_memory(Archive& archive, Memory& memory) {
  pass_settings(archive, memory.wanted.settings);
  archive(memory.wanted.generation);
  archive(memory.wanted.workers);
  archive(memory.last_epoch);
  archive(memory.any_worker_was_ready);
  ipc::pass_time(archive, memory.now);
  for (std::size_t i = 0, count = archive.count_of(memory.slots); i < count; ++i) {
    auto& slot = memory.slots[i];
    archive(slot.role);
    archive(slot.want);
    for (auto& seat : slot.seats) {
      pass_seat(archive, seat);
    }
    archive(slot.restarts);
    archive(slot.setbacks);
    archive(slot.boot_failures);
    archive(slot.quarantines);
    pass_failure(archive, slot.last_failure);
    pass_failure(archive, slot.boot_failure);
  }
}

template <typename Archive, typename Children>
void pass_children(Archive& archive, Children& children) {
  for (std::size_t i = 0, count = archive.count_of(children); i < count; ++i) {
    archive(children[i].at.slot);
    archive(children[i].at.seat);
    archive(children[i].epoch);
    archive(children[i].read_fd);
    archive(children[i].write_fd);
    archive(children[i].closed);
    archive(children[i].work_told);
    archive(children[i].last_words);
  }
}

template <typename Archive, typename Commands>
void pass_commands(Archive& archive, Commands& commands) {
  for (std::size_t i = 0, count = archive.count_of(commands); i < count; ++i) {
    archive(commands[i].observer.slot);
    archive(commands[i].observer.seat);
    archive(commands[i].id);
    archive(commands[i].kind);
    archive(commands[i].argument);
    archive(commands[i].generation);
    archive(commands[i].old);
  }
}

template <typename Archive, typename Whole>
void pass_handover(Archive& archive, Whole& whole) {
  archive(whole.program);
  pass_all(archive, whole.arguments);
  archive(whole.epoch_before);
  archive(whole.descriptors.segment);
  archive(whole.descriptors.leadership);
  archive(whole.descriptors.shared);
  archive(whole.descriptors.tasks);
  archive(whole.descriptors.kept);
  archive(whole.descriptors.log_rings);
  archive(whole.descriptors.spans);
  archive(whole.descriptors.control_socket);
  archive(whole.descriptors.pid_file);
  pass_all(archive, whole.descriptors.inboxes);
  archive(whole.tasks.slots);
  archive(whole.tasks.jobs);
  archive(whole.tasks.bytes);
  pass_sockets(archive, whole.sockets);
  pass_plans(archive, whole.plans);
  archive(whole.last_generation);
  pass_memory(archive, whole.supervisor);
  pass_children(archive, whole.children);
  pass_commands(archive, whole.commands);
  pass_all(archive, whole.fork_servers);
  archive(whole.control_path);
  pass_file(archive, whole.control_file);
  archive(whole.pid_path);
  archive(whole.log.path);
  archive(whole.log.level);
  archive(whole.log.file);
  archive(whole.log.torn_mark);
  archive(whole.log_level);
  archive(whole.file_limit.soft);
  archive(whole.file_limit.hard);
  archive(whole.file_limit.is_raised);
  archive(whole.outlives_terminal);
}

config::Problem unreadable(const std::string& why) {
  return config::Problem{"what the program before has left cannot be taken over: " + why};
}

}  // namespace

std::vector<int> Handover::inherited() const {
  std::vector<int> fds = descriptors.inboxes;
  fds.insert(fds.end(),
             {descriptors.segment, descriptors.leadership, descriptors.shared, descriptors.tasks,
              descriptors.kept, descriptors.log_rings, descriptors.spans,
              descriptors.control_socket, descriptors.pid_file, log.file, log.torn_mark});
  for (const Socket& socket : sockets) {
    fds.push_back(socket.fd);
  }
  for (const Plan& plan : plans) {
    fds.push_back(plan.sealed_application);
  }
  for (const Child& child : children) {
    fds.insert(fds.end(), {child.read_fd, child.write_fd});
  }
  std::erase_if(fds, [](int fd) { return fd >= 0 && fd <= STDERR_FILENO; });
  std::erase(fds, -1);
  return fds;
}

std::string shared_layout() {
  const auto pair = [](const char* name, std::size_t value) {
    return std::string(name) + " " + std::to_string(value);
  };
  return pair("handover", Head::kVersion) + ", " + pair("segment", ipc::kSegmentVersion) + " (" +
         std::to_string(sizeof(ipc::SegmentHeader)) + "+" + std::to_string(sizeof(ipc::SlotNotes)) +
         "+" + std::to_string(sizeof(ipc::WorkerRecord)) + "), " +
         pair("shared", ipc::SharedTable::memory_bytes()) + ", " +
         pair("job", sizeof(ipc::JobCell)) + "+" + std::to_string(sizeof(ipc::TaskRecord)) + ", " +
         pair("kept", sizeof(ipc::KeptRequests::Box)) + ", " +
         pair("log", ipc::LogRings::slot_bytes()) + " (" +
         std::to_string(ipc::LogRings::directory_bytes()) + "+" +
         std::to_string(ipc::LineRing::head_bytes()) + "), " +
         pair("spans", sizeof(ipc::SpanRing)) + " (" +
         std::to_string(ipc::SpanRings::head_bytes()) + "), " + pair("frames", ipc::kFrameVersion) +
         ", " + pair("inbox", sizeof(ipc::HandedConnection));
}

ipc::OwnedFd write_handover(const Handover& handover, const std::string& layout) {
  ipc::ArchiveWriter writer;
  pass_handover(writer, handover);
  Head head;
  head.layout_size = static_cast<std::uint32_t>(layout.size());
  head.size = static_cast<std::uint32_t>(sizeof head + layout.size() + writer.bytes().size());
  return ipc::make_sealed_memory(
      "prefork-handover",
      {{reinterpret_cast<const char*>(&head), sizeof head}, layout, writer.bytes()});
}

config::Result<Handover> read_handover(int fd) {
  Head head;
  struct stat about {};
  if (!ipc::is_sealed_memory(fd) ||
      ::pread(fd, &head, sizeof head, 0) != static_cast<ssize_t>(sizeof head) ||
      head.magic != Head::kMagic) {
    return unreadable("descriptor " + std::to_string(fd) + " holds none of it");
  }
  if (::fstat(fd, &about) != 0 || std::cmp_not_equal(about.st_size, head.size) ||
      head.layout_size > Head::kMaxLayout || head.size < sizeof head + head.layout_size ||
      head.size > kMaxHandoverBytes) {
    return unreadable("it is not of the size that it says");
  }
  std::string bytes(head.size - sizeof head, '\0');
  if (::pread(fd, bytes.data(), bytes.size(), sizeof head) != static_cast<ssize_t>(bytes.size())) {
    return unreadable("it cannot be read");
  }
  const std::string_view layout = std::string_view(bytes).substr(0, head.layout_size);
  if (layout != shared_layout()) {
    return config::Problem{
        "the memory of the workers is laid out differently in the new program, which takes a "
        "restart: " +
        std::string(layout) + " instead of " + shared_layout()};
  }
  ipc::ArchiveReader reader(std::string_view(bytes).substr(head.layout_size));
  Handover handover;
  pass_handover(reader, handover);
  if (!reader.fits()) {
    return unreadable("it is cut off or goes on behind its end");
  }
  if (const std::string fault = fault_of(handover); !fault.empty()) {
    return unreadable(fault);
  }
  return handover;
}

}  // namespace prefork::master
