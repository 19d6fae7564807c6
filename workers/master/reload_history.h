// What became of reloads and upgrades, each told when it is over as one object of JSON in the
// statistics segment, where /stats and the page at / find the last of them. Master only.
//
//   {"time":"2026-11-21T06:08:00.123+00:00","kind":"reload","generation":3,"outcome":"rolled_back",
//    "reason":"...","duration_ms":1203.5}
//
// `time` is when it was asked for. `outcome`: done; refused (nothing was tried), given_up (nobody
// was replaced), rolled_back, superseded (by a later one, before it began). Without a plan there is
// no generation, and without trouble no reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "ipc/segment.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class ReloadHistory {
 public:
  explicit ReloadHistory(ipc::ReloadNotes& notes) : notes_(notes) {}

  // What the supervisor says of those it has begun; `text`: the notice in words.
  void note(const supervision::action::Notice& notice, std::string_view text);
  // A reload whose configuration will not do.
  void reload_refused(std::string_view why);

  // An upgrade, which may come to its end in another program: from here on the generation that
  // begins next is its own.
  void upgrade_asked();
  // Nothing was tried, or everything is as before again.
  void upgrade_refused(std::string_view why) { end_upgrade("refused", why); }
  void upgrade_rolled_back(std::string_view why) { end_upgrade("rolled_back", why); }

 private:
  struct Course {
    std::uint64_t asked_ns = 0;  // CLOCK_MONOTONIC
    bool is_upgrade = false;
  };
  using Courses = std::map<supervision::Generation, Course>;

  void begin(supervision::Generation generation);
  void supersede(supervision::Generation by);
  void end(supervision::Generation generation, std::string_view outcome, std::string_view why);
  void end_upgrade(std::string_view outcome, std::string_view why);
  void tell(const Course& course, std::optional<supervision::Generation> generation,
            std::string_view outcome, std::string_view why);

  ipc::ReloadNotes& notes_;
  Courses courses_;  // of those that are not over
};

}  // namespace prefork::master
