// A call stack of a worker as its operator reads it: from addresses, by the table of what the
// worker has loaded, to files and offsets in them, and with what the symbolizer knows to functions
// and lines. Nothing of it is believed: it comes from a process that has crashed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/object_table.h"
#include "workers/symbols/symbol_request.h"

namespace prefork::master {

struct StackFrame {
  std::uint64_t address = 0;  // in the process
  std::string object;         // the file that it lies in; empty: in none
  std::uint64_t offset = 0;   // as the file has it
  std::string build_id;       // its hexadecimal digits
  symbols::Symbol symbol{};
};

std::vector<StackFrame> stack_frames(const std::vector<std::uint64_t>& addresses,
                                     const std::vector<ipc::LoadedObject>& objects);

// Of all frames in a file, in their order; and back.
std::vector<symbols::SymbolRequest> requests_for(const std::vector<StackFrame>& frames);
void take_symbols(std::vector<StackFrame>& frames, const std::vector<symbols::Symbol>& symbols);

// The function of the innermost frame in `application`; else of the first that has one, else where
// that is. Empty: there is no frame.
std::string top_frame(const std::vector<StackFrame>& frames, std::string_view application);
// "shop::basket() at /src/basket.cpp:17"; "libshop.so+0x1c2f4"; "0x7f0012345678".
std::string to_text(const StackFrame& frame);

}  // namespace prefork::master
