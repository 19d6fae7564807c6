#include "workers/symbols/line_table.h"

#include <algorithm>
#include <array>

#include "workers/symbols/line_files.h"

namespace prefork::symbols {

namespace {

enum StandardOpcode : std::uint8_t {
  kExtended = 0,
  kCopy = 1,
  kAdvancePc = 2,
  kAdvanceLine = 3,
  kSetFile = 4,
  kConstAddPc = 8,
  kFixedAdvancePc = 9,
};
enum ExtendedOpcode : std::uint8_t { kEndSequence = 1, kSetAddress = 2 };

struct Row {
  std::uint64_t address = 0;
  std::uint64_t file = 1;
  std::uint64_t line = 1;
};

class Search {
 public:
  Search(const LineSections& sections, const std::vector<std::uint64_t>& addresses)
      : sections_(sections), addresses_(addresses) {
    std::sort(addresses_.begin(), addresses_.end());
  }

  std::map<std::uint64_t, SourceLine> run() {
    ByteReader units(sections_.line);
    while (!units.at_end() && found_.size() < addresses_.size()) {
      std::uint64_t size = units.number<std::uint32_t>();
      const bool is_long = size == 0xFFFFFFFF;
      size = is_long ? units.number<std::uint64_t>() : size;
      run_unit(units.take(size), is_long);
    }
    return std::move(found_);
  }

 private:
  void run_unit(std::string_view unit, bool is_long) {
    ByteReader reader(unit);
    const auto version = reader.number<std::uint16_t>();
    if (version < 2 || version > 5) {
      return;
    }
    if (version == 5) {
      reader.take(2);  // the sizes of addresses and of segments
    }
    const std::uint64_t header_size = reader.word(is_long);
    ByteReader program(bytes_from(reader.rest(), header_size));
    step_ = reader.number<std::uint8_t>();
    if (version >= 4) {
      reader.take(1);  // operations of an instruction: more than one only in machines of the past
    }
    reader.take(1);  // whether rows are statements
    line_base_ = reader.number<std::int8_t>();
    line_range_ = reader.number<std::uint8_t>();
    opcode_base_ = reader.number<std::uint8_t>();
    operands_ = reader.take(opcode_base_ == 0 ? 0 : opcode_base_ - 1U);
    if (line_range_ == 0 || reader.has_failed()) {
      return;
    }
    matches_.clear();
    row_ = {};
    has_row_ = false;
    while (!program.at_end()) {
      run_operation(program);
    }
    if (!matches_.empty()) {
      const LineFiles files(reader, version, is_long, sections_.line_str, sections_.str);
      for (const auto& [address, row] : matches_) {
        found_.emplace(address, SourceLine{files.name(row.file), row.line});
      }
    }
  }

  void run_operation(ByteReader& program) {
    const auto opcode = program.number<std::uint8_t>();
    if (opcode >= opcode_base_) {
      const int special = opcode - opcode_base_;
      row_.address += static_cast<unsigned>(special / line_range_) * step_;
      row_.line += static_cast<std::uint64_t>(std::int64_t{line_base_} + special % line_range_);
      return emit();
    }
    switch (opcode) {
      case kExtended:
        return run_extended(program);
      case kCopy:
        return emit();
      case kAdvancePc:
        row_.address += program.leb() * step_;
        return;
      case kAdvanceLine:
        row_.line += static_cast<std::uint64_t>(program.signed_leb());
        return;
      case kSetFile:
        row_.file = program.leb();
        return;
      case kConstAddPc:
        row_.address += static_cast<unsigned>((255 - opcode_base_) / line_range_) * step_;
        return;
      case kFixedAdvancePc:
        row_.address += program.number<std::uint16_t>();
        return;
      default:
        for (std::uint8_t left = static_cast<std::uint8_t>(operands_[opcode - 1U]); left > 0;
             --left) {
          program.leb();
        }
    }
  }

  void run_extended(ByteReader& program) {
    ByteReader operation(program.take(program.leb()));
    switch (operation.number<std::uint8_t>()) {
      case kEndSequence:
        emit();
        row_ = {};
        has_row_ = false;
        return;
      case kSetAddress:
        row_.address = operation.word(operation.rest().size() >= sizeof(std::uint64_t));
        return;
      default:
        return;
    }
  }

  // A row is for the addresses up to the next one. What was left out by the linker begins at 0.
  void emit() {
    if (has_row_ && before_.address != 0 && before_.address < row_.address) {
      auto at = std::lower_bound(addresses_.begin(), addresses_.end(), before_.address);
      for (; at != addresses_.end() && *at < row_.address; ++at) {
        matches_.emplace(*at, before_);
      }
    }
    before_ = row_;
    has_row_ = true;
  }

  const LineSections& sections_;
  std::vector<std::uint64_t> addresses_;
  std::map<std::uint64_t, SourceLine> found_;
  // Of the unit:
  std::map<std::uint64_t, Row> matches_;
  Row row_;
  Row before_;
  bool has_row_ = false;
  std::string_view operands_;
  std::uint64_t step_ = 1;
  std::int8_t line_base_ = 0;
  std::uint8_t line_range_ = 1;
  std::uint8_t opcode_base_ = 1;
};

}  // namespace

std::map<std::uint64_t, SourceLine> find_lines(const LineSections& sections,
                                               const std::vector<std::uint64_t>& addresses) {
  return Search(sections, addresses).run();
}

}  // namespace prefork::symbols
