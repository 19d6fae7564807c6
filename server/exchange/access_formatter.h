// Makes the lines of the access log, in the form that was asked for: without allocation, and
// whatever the locale. One thread: the event loop.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "config/values/log_format.h"
#include "ipc/log/line_text.h"
#include "ipc/log/time_text.h"
#include "server/exchange/access_record.h"

namespace prefork::exchange {

class AccessFormatter {
 public:
  // Who writes, for the lines.
  struct Writer {
    std::uint32_t worker = 0;
    std::uint32_t generation = 0;
  };

  // `mark`: how each line begins, before its form; outlives it.
  AccessFormatter(config::LogFormat format, Writer writer, std::string_view mark)
      : format_(std::move(format)), writer_(writer), mark_(mark) {}

  // A line with its end, no longer than a sink takes; valid until the next one.
  std::string_view line(const AccessRecord& record);
  // For so many lines that are missing there, likewise. Empty: the form has nothing to say it with.
  std::string_view dropped_line(std::uint64_t lines);

 private:
  void append_json(const AccessRecord& record, std::uint64_t now_ns);
  void append_piece(const config::LogPiece& piece, const AccessRecord& record,
                    std::uint64_t now_ns);
  bool append_of_exchange(config::LogVariable variable, const AccessRecord& record,
                          std::uint64_t now_ns);

  const config::LogFormat format_;
  const Writer writer_;
  const std::string_view mark_;
  ipc::TimeText time_;
  ipc::LineText line_;
};

}  // namespace prefork::exchange
