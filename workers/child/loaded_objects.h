// Tells those who read the process's call stacks, now or after its end, which file each address
// belongs to (ipc/object_table.h).
#pragma once

#include "ipc/object_table.h"

namespace prefork::child {

// What is loaded now, as far as there is room: the program, then what was loaded last, for the
// application is among that. Takes the loader's lock.
void show_loaded_objects(ipc::ObjectTable& table);

}  // namespace prefork::child
