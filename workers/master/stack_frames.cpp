#include "workers/master/stack_frames.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ipc/base/hex_text.h"

namespace prefork::master {

namespace {

std::string in_hex(std::uint64_t number) {
  std::array<char, 2 * sizeof number> digits;
  return "0x" +
         std::string(digits.data(),
                     std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr);
}

std::string place_of(const StackFrame& frame) {
  return frame.object.empty()
             ? in_hex(frame.address)
             : frame.object.substr(frame.object.rfind('/') + 1) + "+" + in_hex(frame.offset);
}

}  // namespace

std::vector<StackFrame> stack_frames(const std::vector<std::uint64_t>& addresses,
                                     const std::vector<ipc::LoadedObject>& objects) {
  std::vector<StackFrame> frames;
  for (const std::uint64_t address : addresses) {
    StackFrame& frame = frames.emplace_back();
    frame.address = address;
    if (const ipc::LoadedObject* const object = ipc::find_object(objects, address)) {
      frame.object = object->path;
      frame.offset = address - object->bias;
      frame.build_id = ipc::to_hex(object->build_id);
    }
  }
  return frames;
}

std::vector<symbols::SymbolRequest> requests_for(const std::vector<StackFrame>& frames) {
  std::vector<symbols::SymbolRequest> requests;
  for (const StackFrame& frame : frames) {
    if (!frame.object.empty()) {
      requests.push_back({frame.offset, frame.build_id, frame.object});
    }
  }
  return requests;
}

void take_symbols(std::vector<StackFrame>& frames, const std::vector<symbols::Symbol>& symbols) {
  auto next = symbols.begin();
  for (StackFrame& frame : frames) {
    if (!frame.object.empty() && next != symbols.end()) {
      frame.symbol = *next++;
    }
  }
}

std::string top_frame(const std::vector<StackFrame>& frames, std::string_view application) {
  // What its author has not written stands in it too.
  const auto is_of_application = [application](const StackFrame& frame) {
    const std::string& name = frame.symbol.function;
    return !application.empty() && frame.object == application && !name.starts_with("std::") &&
           !name.starts_with("void std::");
  };
  auto found = std::find_if(frames.begin(), frames.end(), is_of_application);
  if (found == frames.end()) {
    found = std::find_if(frames.begin(), frames.end(),
                         [](const StackFrame& frame) { return !frame.symbol.function.empty(); });
  }
  if (found == frames.end()) {
    return frames.empty() ? "" : place_of(frames.front());
  }
  return found->symbol.function.empty() ? place_of(*found) : found->symbol.function;
}

std::string to_text(const StackFrame& frame) {
  if (frame.symbol.function.empty()) {
    return place_of(frame) + (frame.symbol.place.empty() ? "" : " at " + frame.symbol.place);
  }
  return frame.symbol.function +
         (frame.symbol.place.empty() ? " in " + place_of(frame) : " at " + frame.symbol.place);
}

}  // namespace prefork::master
