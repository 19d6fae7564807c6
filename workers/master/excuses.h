// Which processes could not run, and so are not to be judged for their silence: those that wait for
// a processor (a starved process is not a hung one), those that a debugger holds, and those whose
// core the kernel writes. A process is looked at only when it is about to be judged: one that is
// well costs nothing. Master only.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "workers/master/process_look.h"
#include "workers/supervision/supervisor.h"

namespace prefork::master {

class Excuses {
 public:
  using Look = std::function<ProcessLook(supervision::Pid)>;

  // A process that is excused, and by how much.
  struct Found {
    supervision::event::Excused excused;
    // A debugger that was not there when it was looked at before.
    std::optional<supervision::Pid> new_tracer;
  };

  explicit Excuses(Look look = look_at_process) : look_(std::move(look)) {}

  // Those there are at this time; to be asked for before each Tick.
  std::vector<Found> find(const supervision::Supervisor& supervisor, supervision::TimePoint now);

 private:
  // A process that is watched because its time is running out.
  struct Watched {
    supervision::Pid pid = 0;
    supervision::TimePoint at;
    ProcessLook look;
    bool is_tracer_told = false;
  };

  static bool is_in_doubt(const supervision::Supervisor& supervisor, const supervision::Seat& seat,
                          supervision::TimePoint now);
  std::optional<Found> look_again(ipc::Place place, Watched& watched, supervision::TimePoint now);

  Look look_;
  std::map<ipc::Place, Watched> watched_;
};

}  // namespace prefork::master
