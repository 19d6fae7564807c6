// A running nginx with files in a private folder, on a free port, in a process group of its own. It
// answers every path: /json as the demo application does, all others with the request's body. One
// thread.
#pragma once

#include <memory>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace prefork::test {

class NginxProcess {
 public:
  // Returns when it accepts connections; throws std::runtime_error with its own words otherwise.
  NginxProcess();
  ~NginxProcess();
  NginxProcess(const NginxProcess&) = delete;
  NginxProcess& operator=(const NginxProcess&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  [[nodiscard]] std::string configuration(int port) const;

  TemporaryFolder folder_;
  std::string url_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace prefork::test
