#include "workers/master/plans.h"

#include <algorithm>
#include <utility>

#include "config/options/packed_options.h"
#include "workers/master/inheritance.h"

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

using Numbers = std::vector<std::uint32_t>;

std::vector<SharedSocket> chosen(const std::vector<SharedSocket>& all, const Numbers& numbers) {
  std::vector<SharedSocket> sockets;
  for (const std::uint32_t number : numbers) {
    sockets.push_back(all[number]);
  }
  return sockets;
}

config::Result<std::vector<SharedSocket>> restored_sockets(const Handover& handover) {
  std::vector<SharedSocket> sockets;
  std::vector<config::Bind> binds;
  for (const Handover::Socket& socket : handover.sockets) {
    const auto bind = config::parse_bind(socket.bind);
    if (!bind.ok()) {
      return config::Problem{"an address of the program before: " + bind.problem().text};
    }
    binds.push_back(bind.value());
  }
  std::vector<ipc::OwnedFd> fds;
  for (const Handover::Socket& socket : handover.sockets) {
    fds.push_back(duplicate(socket.fd));
  }
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const Handover::Socket& socket = handover.sockets[i];
    sockets.push_back(
        std::make_shared<ListeningSocket>(std::move(fds[i]), binds[i], socket.url, socket.file));
    if (socket.is_lost) {
      sockets.back()->note_lost();
    }
  }
  return sockets;
}

// The number of a socket, which is written down when it is met for the first time.
std::uint32_t number_of(const SharedSocket& socket, Handover& handover) {
  const auto found =
      std::find_if(handover.sockets.begin(), handover.sockets.end(),
                   [&socket](const Handover::Socket& one) { return one.fd == socket->fd(); });
  if (found == handover.sockets.end()) {
    handover.sockets.push_back(
        {socket->fd(), socket->bind().text(), socket->url(), socket->file(), socket->is_lost()});
    return static_cast<std::uint32_t>(handover.sockets.size() - 1);
  }
  return static_cast<std::uint32_t>(found - handover.sockets.begin());
}

template <typename Sockets>
Numbers numbers_of(const Sockets& sockets, Handover& handover) {
  Numbers numbers;
  for (const SharedSocket& socket : sockets) {
    numbers.push_back(number_of(socket, handover));
  }
  return numbers;
}

}  // namespace

// Sockets come last: one that is given up again stops listening in every process.
config::Result<Plans> Plans::restore(const Handover& handover) {
  Plans plans;
  plans.last_generation_ = handover.last_generation;
  std::vector<std::shared_ptr<ServingPlan>> made;
  for (const Handover::Plan& before : handover.plans) {
    auto options = config::unpack_options(before.options);
    if (!options.ok()) {
      return config::Problem{"the options of generation " + std::to_string(before.generation) +
                             ": " + options.problem().text};
    }
    auto plan = std::make_shared<ServingPlan>();
    plan->options = std::move(options).value();
    plan->build_id = before.build_id;
    if (before.sealed_application >= 0) {
      plan->sealed_application = duplicate(before.sealed_application);
    }
    plans.plans_[before.generation] = plan;
    made.push_back(std::move(plan));
  }
  const auto sockets = restored_sockets(handover);
  if (!sockets.ok()) {
    return sockets.problem();
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Handover::Plan& before = handover.plans[i];
    made[i]->sockets = chosen(sockets.value(), before.sockets);
    const auto with_preamble = chosen(sockets.value(), before.with_preamble);
    made[i]->with_preamble = {with_preamble.begin(), with_preamble.end()};
    made[i]->admin = chosen(sockets.value(), before.admin);
    made[i]->agent = chosen(sockets.value(), before.agent);
  }
  return plans;
}

void Plans::hand_over(Handover& handover) const {
  handover.last_generation = last_generation_;
  for (const auto& [generation, plan] : plans_) {
    handover.plans.push_back(
        {generation, config::pack_options(plan->options), numbers_of(plan->sockets, handover),
         numbers_of(plan->with_preamble, handover), numbers_of(plan->admin, handover),
         numbers_of(plan->agent, handover), plan->sealed_application.get(), plan->build_id});
  }
}

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
