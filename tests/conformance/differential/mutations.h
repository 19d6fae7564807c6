// One change for the worse. Any thread.
#pragma once

#include <string>

#include "tests/conformance/differential/draft.h"
#include "tests/conformance/differential/random.h"

namespace prefork::test {

void mutate(Draft& draft, Random& random);

void mutate_bytes(std::string& bytes, Random& random);

}  // namespace prefork::test
