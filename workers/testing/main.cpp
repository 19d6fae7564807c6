// Where libprefork-test begins: the functions of <prefork/test/server.h>. Nothing is thrown over
// the border of the library.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "server/include/prefork/test/server.h"
#include "workers/testing/test_server.h"

struct prefork_test {
  prefork::testing::TestServer server;
};

namespace prefork::testing {

namespace {

std::string to_string(prefork_text text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

native::NativeApplication::Entry entry_of(const prefork_test_setup& setup) {
  if (setup.load == nullptr) {
    return nullptr;
  }
  return [load = setup.load, user_data = setup.user_data](
             const prefork_api* api, prefork_app* app) { return load(user_data, api, app); };
}

void tell(std::string_view problem, char* text, std::size_t room) {
  if (room != 0) {
    const std::size_t size = std::min(problem.size(), room - 1);
    std::memcpy(text, problem.data(), size);
    text[size] = '\0';
  }
}

}  // namespace

}  // namespace prefork::testing

prefork_test* prefork_test_start(const prefork_test_setup* setup, char* problem, size_t room) {
  using namespace prefork::testing;
  try {
    if (setup->size < sizeof *setup) {
      throw std::runtime_error("prefork_test_setup.size is too small");
    }
    std::vector<std::string> arguments;
    for (std::size_t i = 0; i < setup->argument_count; ++i) {
      arguments.push_back(to_string(setup->arguments[i]));
    }
    return new prefork_test{{to_string(setup->target), entry_of(*setup), arguments}};
  } catch (const std::exception& error) {
    tell(error.what(), problem, room);
    return nullptr;
  }
}

int prefork_test_connect(prefork_test* test) {
  try {
    return test->server.connect().release();
  } catch (const std::system_error& error) {
    errno = error.code().value();
    return -1;
  }
}

size_t prefork_test_read_log(prefork_test* test, size_t offset, char* text, size_t room,
                             uint64_t patience_ms) {
  constexpr std::uint64_t kLongest = 86'400'000;
  const std::string more =
      test->server.read_log(offset, std::chrono::milliseconds(std::min(patience_ms, kLongest)));
  const std::size_t size = std::min(more.size(), room);
  std::memcpy(text, more.data(), size);
  return size;
}

void prefork_test_stop(prefork_test* test) { delete test; }
