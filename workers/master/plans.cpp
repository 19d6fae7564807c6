#include "workers/master/plans.h"

#include <utility>

namespace prefork::master {

namespace {

bool has_process_of(const supervision::Supervisor& supervisor, supervision::Generation generation) {
  for (const supervision::Slot& slot : supervisor.slots()) {
    for (const supervision::Seat& seat : slot.seats) {
      if (seat.occupied() && seat.generation == generation) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Plans::Plans(SharedPlan first) { plans_[last_generation_] = std::move(first); }

supervision::Generation Plans::add(SharedPlan plan) {
  plans_[++last_generation_] = std::move(plan);
  return last_generation_;
}

const ServingPlan& Plans::at(supervision::Generation generation) const {
  return *plans_.at(generation);
}

SharedPlan Plans::find(supervision::Generation generation) const {
  const auto found = plans_.find(generation);
  return found == plans_.end() ? nullptr : found->second;
}

std::vector<SharedPlan> Plans::living() const {
  std::vector<SharedPlan> living;
  for (const auto& [generation, plan] : plans_) {
    living.push_back(plan);
  }
  return living;
}

std::vector<supervision::Generation> Plans::generations() const {
  std::vector<supervision::Generation> generations;
  for (const auto& [generation, plan] : plans_) {
    generations.push_back(generation);
  }
  return generations;
}

void Plans::forget_unused(const supervision::Supervisor& supervisor) {
  std::erase_if(plans_, [&supervisor](const auto& entry) {
    return !supervisor.needs(entry.first) && !has_process_of(supervisor, entry.first);
  });
}

void Plans::stop_admitting() const {
  for (const auto& [generation, plan] : plans_) {
    for (const SharedSocket& socket : plan->sockets) {
      socket->stop_admitting();
    }
  }
}

void Plans::close() const {
  for (const auto& [generation, plan] : plans_) {
    for (const SharedSocket& socket : plan->sockets) {
      socket->close();
    }
  }
}

}  // namespace prefork::master
