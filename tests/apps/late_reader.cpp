// A library, for LD_PRELOAD, as there are: it remembers where it has found a variable, and reads
// the environment again when the program ends.
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct LateReader {
  const char* found = std::getenv("TEST_LATE_READER");
  std::string value = found != nullptr ? found : "";

  ~LateReader() {
    const char* const now = std::getenv("TEST_LATE_READER");
    // The one that was found first is read too: it must still be what it was.
    if (now == nullptr || found == nullptr || value != now || value != found) {
      std::abort();
    }
  }
};

const LateReader late_reader;

}  // namespace
