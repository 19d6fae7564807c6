// Makes the lines of the access log, in the form that was asked for: without allocation, once the
// memory it appends to has grown, and whatever the locale. One thread: the event loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/values/log_format.h"
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

  // Appends a line, whole and no longer than a sink takes.
  void append(std::string& to, const AccessRecord& record);
  // For so many lines that are missing there. False: the form has nothing to say it with.
  bool append_dropped(std::string& to, std::uint64_t lines) const;

 private:
  void append_json(std::string& to, const AccessRecord& record, std::uint64_t now_ns);
  void append_piece(std::string& to, const config::LogPiece& piece, const AccessRecord& record,
                    std::uint64_t now_ns);
  bool append_of_exchange(std::string& to, config::LogVariable variable, const AccessRecord& record,
                          std::uint64_t now_ns);

  const config::LogFormat format_;
  const Writer writer_;
  const std::string_view mark_;
  ipc::TimeText time_;
};

}  // namespace prefork::exchange
