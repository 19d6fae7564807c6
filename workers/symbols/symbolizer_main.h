// `prefork-server symbolize`: a process of its own that reads what others have built, so that
// neither master nor worker has to. It bounds its own time and memory, reads questions from
// standard input (symbol_request.h), answers on standard output and ends.
#pragma once

#include <string>
#include <vector>

#include "workers/symbols/symbol_request.h"

namespace prefork::symbols {

inline constexpr const char* kSymbolizeArgument = "symbolize";

// Returns the exit code of the process.
int run_symbolizer();

// The answers, in the order of the questions. Files that cannot be read, and files of another build
// than the one that is asked for, answer nothing.
std::vector<Symbol> find_symbols(const std::vector<SymbolRequest>& requests);

}  // namespace prefork::symbols
