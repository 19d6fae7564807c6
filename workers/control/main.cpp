// preforkctl: commands a running prefork-server over its control socket.
#include <string>
#include <vector>

#include "workers/control/run.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return prefork::control::run_control(arguments);
}
