// The folder that relative names on the command line begin in, by its name: where $PWD names the
// working folder at the start, a reload goes to whatever that name means by then, as Puma and a
// shell do. A release that is switched by a symbolic link is followed so. Changes the working
// folder of the process; master only.
#pragma once

#include <string>

#include "config/load.h"

namespace prefork::master {

class WorkingFolder {
 public:
  explicit WorkingFolder(const config::Environment& environment);

  // Goes where the name leads now; stays where it is when it leads nowhere.
  void follow() const;

 private:
  std::string name_;  // empty: only the kernel knows it
};

}  // namespace prefork::master
