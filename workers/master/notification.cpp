#include "workers/master/notification.h"

#include <unistd.h>

#include <cerrno>

#include "ipc/base/owned_fd.h"

namespace prefork::master {

std::string notification_text(const ServingPlan& plan) {
  std::string text;
  for (const std::string& url : plan.urls()) {
    text += "listening " + url + "\n";
  }
  if (!plan.admin_url().empty()) {
    text += "admin " + plan.admin_url() + "\n";
  }
  return text + "ready\n";
}

int notify(const ServingPlan& plan) {
  if (plan.options.general.notify_fd < 0) {
    return 0;
  }
  const ipc::OwnedFd fd(plan.options.general.notify_fd);
  const std::string text = notification_text(plan);
  return ::write(fd.get(), text.data(), text.size()) < 0 ? errno : 0;
}

}  // namespace prefork::master
