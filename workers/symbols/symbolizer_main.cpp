#include "workers/symbols/symbolizer_main.h"

#include <cxxabi.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>

#include "ipc/base/hex_text.h"
#include "workers/symbols/elf_sections.h"
#include "workers/symbols/line_table.h"
#include "workers/symbols/mapped_file.h"

namespace prefork::symbols {

namespace {

constexpr rlim_t kMaxCpuSeconds = 5;
constexpr rlim_t kMaxMemoryBytes = rlim_t{1} << 30U;
constexpr std::size_t kMaxInputBytes = std::size_t{64} << 10U;
constexpr std::size_t kMaxMangledBytes = 4096;

void limit(__rlimit_resource_t resource, rlim_t value) {
  const rlimit limits{value, value};
  ::setrlimit(resource, &limits);
}

void limit_this_process() {
  limit(RLIMIT_CPU, kMaxCpuSeconds);
  limit(RLIMIT_CORE, 0);
#if !defined(PREFORK_SANITIZE_BUILD)
  limit(RLIMIT_AS, kMaxMemoryBytes);
#endif
}

std::string read_standard_input() {
  std::string text(kMaxInputBytes, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(STDIN_FILENO, text.data() + size, text.size() - size);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      break;
    }
    size += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  text.resize(size);
  return text;
}

void write_standard_output(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return;
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

std::string demangled(std::string_view name) {
  const std::string mangled(name.substr(0, kMaxMangledBytes));
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && text != nullptr ? std::string(text.get()) : mangled;
}

void take_answers(const ElfSections& file, const std::vector<std::uint64_t>& addresses,
                  std::map<std::uint64_t, Symbol>& answers) {
  for (const auto& [address, name] : file.functions_at(addresses)) {
    std::string& function = answers[address].function;
    function = function.empty() ? demangled(name) : function;
  }
  const LineSections lines{file.section(".debug_line"), file.section(".debug_line_str"),
                           file.section(".debug_str")};
  for (const auto& [address, line] : find_lines(lines, addresses)) {
    std::string& place = answers[address].place;
    place = place.empty() ? line.file + ":" + std::to_string(line.line) : place;
  }
}

// What distributions strip of a file lies here.
std::string debug_file(const std::string& build_id) {
  return build_id.size() < 4 || build_id.find('/') != build_id.npos
             ? ""
             : "/usr/lib/debug/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) +
                   ".debug";
}

// All of one file.
std::map<std::uint64_t, Symbol> look_up(const std::string& path, const std::string& build_id,
                                        const std::vector<std::uint64_t>& addresses) {
  std::map<std::uint64_t, Symbol> answers;
  const MappedFile bytes(path);
  const ElfSections file(bytes.bytes());
  const std::string present = ipc::to_hex(file.build_id());
  if (build_id.empty() || build_id == present) {
    take_answers(file, addresses, answers);
  }
  if (!build_id.empty() && file.section(".debug_line").empty()) {
    const MappedFile debug_bytes(debug_file(build_id));
    take_answers(ElfSections(debug_bytes.bytes()), addresses, answers);
  }
  return answers;
}

}  // namespace

std::vector<Symbol> find_symbols(const std::vector<SymbolRequest>& requests) {
  std::map<std::pair<std::string, std::string>, std::vector<std::uint64_t>> by_file;
  for (const SymbolRequest& request : requests) {
    by_file[{request.path, request.build_id}].push_back(request.address);
  }
  std::map<std::pair<std::string, std::string>, std::map<std::uint64_t, Symbol>> answers;
  for (const auto& [file, addresses] : by_file) {
    answers[file] = look_up(file.first, file.second, addresses);
  }
  std::vector<Symbol> symbols;
  for (const SymbolRequest& request : requests) {
    symbols.push_back(answers[{request.path, request.build_id}][request.address]);
  }
  return symbols;
}

int run_symbolizer() {
  limit_this_process();
  const std::string input = read_standard_input();
  std::vector<SymbolRequest> requests;
  std::string_view rest = input;
  while (!rest.empty() && requests.size() < kMaxRequests) {
    const std::size_t end = rest.find('\n');
    requests.push_back(parse_request(rest.substr(0, end)).value_or(SymbolRequest{}));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  std::string output;
  for (const Symbol& symbol : find_symbols(requests)) {
    output += to_line(symbol);
  }
  write_standard_output(output);
  return 0;
}

}  // namespace prefork::symbols
