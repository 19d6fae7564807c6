#include "workers/master/serving_plan.h"

#include <algorithm>
#include <utility>

#include "ipc/segment.h"
#include "server/native/elf_image.h"
#include "workers/master/sealed_copy.h"

namespace prefork::master {

namespace {

// Who may connect to the admin listener may command the server.
constexpr mode_t kModeOfAdmin = 0600;

std::vector<SharedSocket> sockets_of(const std::vector<SharedSocket>& open,
                                     const config::Bind& bind) {
  std::vector<SharedSocket> found;
  for (const SharedSocket& socket : open) {
    // What is spoken over it may change without opening it anew.
    if (socket->bind().address() == bind.address() && socket->can_be_reached()) {
      found.push_back(socket);
    }
  }
  return found;
}

using PlanSockets = std::vector<SharedSocket> ServingPlan::*;

std::vector<SharedSocket> find_open(const config::Bind& bind, const std::vector<SharedPlan>& living,
                                    PlanSockets which) {
  for (const SharedPlan& plan : living) {
    if (std::vector<SharedSocket> found = sockets_of((*plan).*which, bind); !found.empty()) {
      return found;
    }
  }
  return {};
}

config::Result<std::vector<SharedSocket>, ListenError> reuse_or_open(
    const config::Bind& bind, const config::ListenOptions& listening,
    const std::vector<SharedPlan>& living, PlanSockets which) {
  if (std::vector<SharedSocket> found = find_open(bind, living, which); !found.empty()) {
    return found;
  }
  const char* option = bind.kind == config::Bind::Kind::unix_path ? "--uds" : "--port";
  return open_listening_sockets(bind, static_cast<int>(listening.backlog),
                                which == &ServingPlan::admin   ? "--admin"
                                : which == &ServingPlan::agent ? "--agent-check"
                                                               : option,
                                listening.uds_mode);
}

// A second server on the same machine should start without a thought about the admin port.
config::Result<void, ListenError> open_admin(ServingPlan& plan,
                                             const std::vector<SharedPlan>& living) {
  if (!plan.options.admin.address) {
    return {};
  }
  const config::Bind& bind = *plan.options.admin.address;
  config::Bind free_bind = bind;
  free_bind.port = 0;
  config::ListenOptions listening = plan.options.listening;
  listening.uds_mode = plan.options.admin.mode.value_or(kModeOfAdmin);
  if (plan.options.admin.is_default) {
    // One that was found stays when the default is free by now: it is known to those who ask it.
    plan.admin = find_open(free_bind, living, &ServingPlan::admin);
    if (!plan.admin.empty()) {
      return {};
    }
  }
  auto opened = reuse_or_open(bind, listening, living, &ServingPlan::admin);
  if (!opened.ok() && opened.problem().code == config::ExitCode::address_in_use &&
      plan.options.admin.is_default) {
    opened = open_listening_sockets(free_bind, static_cast<int>(listening.backlog), "--admin",
                                    listening.uds_mode);
    if (opened.ok()) {
      plan.note = "the default admin address " + plan.options.admin.address->text() +
                  " is in use; a free port was taken instead (choose one with --admin)";
    }
  }
  return config::store(std::move(opened), plan.admin);
}

}  // namespace

std::vector<child::InheritedListener> ServingPlan::listeners() const {
  std::vector<child::InheritedListener> listeners;
  for (const SharedSocket& socket : sockets) {
    const bool is_inherited = socket->bind().kind == config::Bind::Kind::inherited_fd;
    listeners.push_back({socket->fd(), with_preamble.contains(socket), is_inherited});
  }
  return listeners;
}

std::vector<child::InheritedListener> ServingPlan::admin_listeners() const {
  std::vector<child::InheritedListener> listeners;
  for (const SharedSocket& socket : admin) {
    const bool is_inherited = socket->bind().kind == config::Bind::Kind::inherited_fd;
    listeners.push_back({socket->fd(), false, is_inherited});
  }
  for (const SharedSocket& socket : agent) {
    listeners.push_back({socket->fd(), false, false, true});
  }
  return listeners;
}

std::vector<std::string> ServingPlan::urls() const {
  std::vector<std::string> urls;
  for (const SharedSocket& socket : sockets) {
    urls.push_back(socket->url());
  }
  return urls;
}

std::string ServingPlan::admin_url() const { return admin.empty() ? "" : admin.front()->url(); }

std::string ServingPlan::agent_address() const {
  constexpr std::string_view kScheme = "http://";
  return agent.empty() ? "" : agent.front()->url().substr(kScheme.size());
}

std::string ServingPlan::statistics_url() const {
  const std::string url = admin_url();
  return url.starts_with("http://") ? url + "/stats" : "";
}

config::Result<SharedPlan, ListenError> make_serving_plan(const config::Options& options,
                                                          const std::vector<SharedPlan>& living) {
  auto plan = std::make_shared<ServingPlan>();
  plan->options = options;
  if (options.target.kind == config::ServeTarget::Kind::application) {
    auto copy = make_sealed_copy(options.target.path);
    if (!copy.ok()) {
      return ListenError{config::ExitCode::application_failed, copy.problem().text};
    }
    plan->sealed_application = std::move(copy).value();
    // One that is no application is told by whoever loads it.
    const auto image = native::ElfImage::read(plan->sealed_application.get());
    plan->build_id = image.ok() ? image.value().build_id() : "";
  }
  for (const config::Bind& bind : options.listening.binds) {
    auto opened = reuse_or_open(bind, options.listening, living, &ServingPlan::sockets);
    if (!opened.ok()) {
      return opened.problem();
    }
    for (SharedSocket& socket : opened.value()) {
      if (bind.proxy_protocol) {
        plan->with_preamble.insert(socket);
      }
      plan->sockets.push_back(std::move(socket));
    }
  }
  if (const auto opened = open_admin(*plan, living); !opened.ok()) {
    return opened.problem();
  }
  if (const auto& agent = options.service.agent_check) {
    auto opened = reuse_or_open(*agent, options.listening, living, &ServingPlan::agent);
    if (const auto stored = config::store(std::move(opened), plan->agent); !stored.ok()) {
      return stored.problem();
    }
  }
  return SharedPlan(std::move(plan));
}

supervision::Settings supervision_settings(const config::Options& options) {
  supervision::Settings settings;
  settings.boot_timeout = options.processes.boot_timeout;
  settings.healthcheck_timeout = options.processes.healthcheck_timeout;
  settings.graceful_timeout = options.processes.graceful_timeout;
  settings.replaced_timeout.reset();
  if (options.processes.replaced_timeout.count() != 0) {
    settings.replaced_timeout = options.processes.replaced_timeout;
  }
  settings.workers = options.processes.workers;
  settings.at_once = options.rollout.max_unavailable.of(options.processes.workers);
  settings.soak = options.rollout.soak;
  settings.observer = options.admin.address.has_value() || options.control.is_on;
  settings.tasks = options.tasks.workers;
  return settings;
}

std::uint32_t slot_capacity(const config::Options& options) {
  const std::uint32_t workers = options.processes.workers;
  return std::min(ipc::kMaxSlots, std::max(2 * workers, workers + 8));
}

supervision::Settings first_settings(const config::Options& options) {
  supervision::Settings settings = supervision_settings(options);
  settings.capacity = slot_capacity(options);
  return settings;
}

}  // namespace prefork::master
