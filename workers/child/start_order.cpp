#include "workers/child/start_order.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "ipc/base/archive.h"
#include "ipc/base/sealed_memory.h"

namespace prefork::child {

namespace {

template <typename Archive, typename Descriptors>
void pass_descriptors(Archive& archive, Descriptors& descriptors) {
  archive(descriptors.control_read);
  archive(descriptors.control_write);
  archive(descriptors.segment);
  archive(descriptors.leadership);
  archive(descriptors.shared);
  archive(descriptors.tasks);
  archive(descriptors.sealed_application);
  archive(descriptors.control_socket);
  archive(descriptors.kept);
  archive(descriptors.log_rings);
  archive(descriptors.spans);
  for (std::size_t i = 0, count = archive.count_of(descriptors.inboxes); i < count; ++i) {
    archive(descriptors.inboxes[i]);
  }
}

template <typename Archive, typename Order>
void pass(Archive& archive, Order& order) {
  archive(order.role);
  archive(order.title);
  archive(order.place.slot);
  archive(order.place.seat);
  archive(order.epoch);
  archive(order.generation);
  archive(order.master_pid);
  archive(order.ordered_ns);
  archive(order.slot_capacity);
  archive(order.tasks.slots);
  archive(order.tasks.jobs);
  archive(order.tasks.bytes);
  pass_descriptors(archive, order.descriptors);
  for (std::size_t i = 0, count = archive.count_of(order.listeners); i < count; ++i) {
    archive(order.listeners[i].fd);
    archive(order.listeners[i].has_preamble);
    archive(order.listeners[i].outlives_service);
    archive(order.listeners[i].is_for_agent);
  }
  archive(order.log.path);
  archive(order.log.level);
  archive(order.log.file);
  archive(order.log.torn_mark);
  archive(order.file_limit.soft);
  archive(order.file_limit.hard);
  archive(order.file_limit.is_raised);
  archive(order.statistics_url);
  for (std::size_t i = 0, count = archive.count_of(order.urls); i < count; ++i) {
    archive(order.urls[i]);
  }
  archive(order.options);
}

}  // namespace

std::vector<int> StartOrder::inherited() const {
  std::vector<int> fds = descriptors.inboxes;
  for (const InheritedListener& listener : listeners) {
    fds.push_back(listener.fd);
  }
  for (const int fd : {descriptors.control_read, descriptors.control_write, descriptors.segment,
                       descriptors.leadership, descriptors.shared, descriptors.tasks,
                       descriptors.sealed_application, descriptors.control_socket, descriptors.kept,
                       descriptors.log_rings, descriptors.spans, log.file, log.torn_mark}) {
    if (fd >= 0) {
      fds.push_back(fd);
    }
  }
  return fds;
}

ipc::OwnedFd write_start_order(const StartOrder& order) {
  ipc::ArchiveWriter writer;
  pass(writer, order);
  StartOrderHead head;
  head.size = static_cast<std::uint32_t>(sizeof head + writer.bytes().size());
  head.epoch = order.epoch;
  head.control_read = order.descriptors.control_read;
  head.control_write = order.descriptors.control_write;
  return ipc::make_sealed_memory(
      "prefork-start", {{reinterpret_cast<const char*>(&head), sizeof head}, writer.bytes()});
}

std::optional<StartOrderHead> find_start_order(int fd) {
  StartOrderHead head;
  if (!ipc::is_sealed_memory(fd) ||
      ::pread(fd, &head, sizeof head, 0) != static_cast<ssize_t>(sizeof head) ||
      head.magic != StartOrderHead::kMagic) {
    return std::nullopt;
  }
  return head;
}

config::Result<StartOrder> read_start_order(int fd, const StartOrderHead& head) {
  if (head.version != StartOrderHead::kVersion) {
    return config::Problem{"its orders are of version " + std::to_string(head.version) +
                           ", and this program reads version " +
                           std::to_string(StartOrderHead::kVersion)};
  }
  struct stat about {};
  if (::fstat(fd, &about) != 0 || std::cmp_not_equal(about.st_size, head.size) ||
      head.size < sizeof head || head.size > kMaxStartOrderBytes) {
    return config::Problem{"its orders are not of the size that they say"};
  }
  std::string bytes(head.size - sizeof head, '\0');
  if (::pread(fd, bytes.data(), bytes.size(), sizeof head) != static_cast<ssize_t>(bytes.size())) {
    return config::Problem{"its orders cannot be read"};
  }
  ipc::ArchiveReader reader(bytes);
  StartOrder order;
  pass(reader, order);
  if (!reader.fits()) {
    return config::Problem{"its orders are cut off or go on behind their end"};
  }
  return order;
}

}  // namespace prefork::child
