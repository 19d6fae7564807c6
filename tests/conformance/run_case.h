// Plays a case against a server and judges what came. One thread.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/conformance/case_table.h"

namespace prefork::test {

enum class Pace {
  at_once,
  in_pieces,  // byte by byte, large ones in small pieces: how bytes arrive must not matter
};

testing::AssertionResult run_case(const Case& test_case, const std::string& url, Pace pace);

}  // namespace prefork::test
