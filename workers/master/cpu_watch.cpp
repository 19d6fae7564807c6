#include "workers/master/cpu_watch.h"

#include <utility>

namespace prefork::master {

CpuWatch::CpuWatch(std::filesystem::path root) : root_(std::move(root)), known_(read()) {}

config::AutoWorkers CpuWatch::read() const {
  return config::choose_auto_workers(config::affinity_cpus(), config::cgroup_cpu_quota(root_));
}

std::optional<CpuWatch::Change> CpuWatch::look(bool is_wanted, supervision::TimePoint now) {
  if (!is_wanted) {
    due_.reset();
    return std::nullopt;
  }
  if (due_ && now < *due_) {
    return std::nullopt;
  }
  due_ = now + kLookEvery;
  config::AutoWorkers found = read();
  if (found.workers == known_.workers) {
    known_.basis = std::move(found.basis);
    return std::nullopt;
  }
  Change change{std::move(known_), found};
  known_ = std::move(found);
  return change;
}

}  // namespace prefork::master
