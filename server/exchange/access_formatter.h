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

  AccessFormatter(config::LogFormat format, Writer writer)
      : format_(std::move(format)), writer_(writer) {}

  // Appends a line, whole and no longer than a sink takes.
  void append(std::string& to, const AccessRecord& record);

 private:
  void append_json(std::string& to, const AccessRecord& record, std::uint64_t now_ns);
  void append_piece(std::string& to, const config::LogPiece& piece, const AccessRecord& record,
                    std::uint64_t now_ns);
  bool append_of_exchange(std::string& to, config::LogVariable variable, const AccessRecord& record,
                          std::uint64_t now_ns);

  const config::LogFormat format_;
  const Writer writer_;
  ipc::TimeText time_;
};

}  // namespace prefork::exchange
