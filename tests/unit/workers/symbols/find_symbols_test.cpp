// Names of code, read out of files: of this program, of what is no program, and of what is broken.
#include <gtest/gtest.h>
#include <link.h>

#include <cstdint>
#include <random>
#include <string>

#include "ipc/base/hex_text.h"
#include "workers/symbols/elf_sections.h"
#include "workers/symbols/line_table.h"
#include "workers/symbols/mapped_file.h"
#include "workers/symbols/symbolizer_main.h"

namespace prefork::symbols {
namespace {

constexpr const char* kThisProgram = "/proc/self/exe";

__attribute__((noinline)) int function_to_be_found(int number) { return number + 1; }
constexpr int kItsLine = __LINE__ - 1;

// As its file has it.
std::uint64_t address_of_function() {
  std::uint64_t bias = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* found) {
        *static_cast<std::uint64_t*>(found) = info->dlpi_addr;
        return 1;
      },
      &bias);
  return reinterpret_cast<std::uint64_t>(&function_to_be_found) - bias;
}

TEST(ASymbol, IsFoundWithItsFileAndLine) {
  ASSERT_EQ(function_to_be_found(1), 2);
  const auto symbols = find_symbols({{address_of_function(), "", kThisProgram}, {1, "", "/none"}});
  ASSERT_EQ(symbols.size(), 2U);
  EXPECT_NE(symbols[0].function.find("function_to_be_found(int)"), std::string::npos);
  EXPECT_TRUE(symbols[0].place.ends_with("find_symbols_test.cpp:" + std::to_string(kItsLine)))
      << symbols[0].place;
  EXPECT_EQ(symbols[1], Symbol{});
}

TEST(ASymbol, IsNotReadFromAnotherBuild) {
  const MappedFile file(kThisProgram);
  const std::string own = ipc::to_hex(ElfSections(file.bytes()).build_id());
  const std::uint64_t address = address_of_function();
  EXPECT_EQ(find_symbols({{address, "00112233", kThisProgram}}).front(), Symbol{});
  if (!own.empty()) {
    EXPECT_NE(find_symbols({{address, own, kThisProgram}}).front(), Symbol{});
  }
}

// Any of its bytes may be wrong. Only a sanitizer, or a crash, would tell of a read outside.
TEST(AFileOfSymbols, IsNotBelieved) {
  const MappedFile file(kThisProgram);
  const ElfSections sections(file.bytes());
  const std::vector<std::uint64_t> addresses = {address_of_function()};
  std::mt19937 random(7);
  // A part of the line table, so that it does not take long.
  const std::string lines(sections.section(".debug_line").substr(0, 100'000));
  for (int round = 0; round < 20; ++round) {
    std::string broken = lines;
    for (int i = 0; i < 50 && !broken.empty(); ++i) {
      broken[random() % broken.size()] = static_cast<char>(random());
    }
    broken.resize(broken.empty() ? 0 : random() % broken.size());
    find_lines({broken, sections.section(".debug_line_str").substr(0, 1000), {}}, addresses);
  }
  std::string head(file.bytes().substr(0, 4096));
  for (int round = 0; round < 200; ++round) {
    std::string broken = head;
    for (std::size_t i = 0; i < 8; ++i) {
      broken[16 + random() % 48] = static_cast<char>(random());
    }
    const ElfSections none(broken);
    EXPECT_LE(none.functions_at(addresses).size(), 1U);
    EXPECT_LT(none.build_id().size(), broken.size());
  }
}

TEST(ARequestForASymbol, IsOneLine) {
  const SymbolRequest request{0x1c2f4, "9f3a", "/srv/lib shop.so"};
  EXPECT_EQ(to_line(request), "1c2f4 9f3a /srv/lib shop.so\n");
  EXPECT_EQ(parse_request("1c2f4 9f3a /srv/lib shop.so"), request);
  EXPECT_EQ(parse_request("1c2f4 - /x"), (SymbolRequest{0x1c2f4, "", "/x"}));
  for (const char* line : {"", "1c2f4", "1c2f4 -", "xyz - /x", " - /x", "1g - /x"}) {
    EXPECT_EQ(parse_request(line), std::nullopt) << line;
  }
}

TEST(AnAnswerWithASymbol, IsOneLineWhateverTheNameIs) {
  EXPECT_EQ(to_line(Symbol{"f(int)", "/x.cpp:3"}), "f(int)\t/x.cpp:3\n");
  EXPECT_EQ(to_line(Symbol{"f\n\tg", ""}), "f??g\t\n");
  EXPECT_EQ(parse_symbol("f(int)\t/x.cpp:3"), (Symbol{"f(int)", "/x.cpp:3"}));
  EXPECT_EQ(parse_symbol("f"), (Symbol{"f", ""}));
  EXPECT_EQ(parse_symbol(std::string(1000, 'f')).function.size(), kMaxNameBytes);
}

}  // namespace
}  // namespace prefork::symbols
