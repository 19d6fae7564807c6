// The file of an application, and where its bytes are: in a sealed copy of their own
// (memfd_create(2)) where there is one, so that everybody who loads it loads the same build,
// whatever happens to the file meanwhile; else in the file itself.
#pragma once

#include <string>

namespace prefork::native {

struct ApplicationFile {
  std::string path;  // absolute; what people, debuggers and logs call it
  // A descriptor that is open while it is loaded; -1: there is none, and the path is loaded.
  int sealed_copy = -1;
};

}  // namespace prefork::native
