// Lets others see the call stack of a thread that still runs: a signal to it makes it write down
// what it is in (ipc/stack_sample.h). The signal is SIGURG, which does nothing where there is no
// handler; one that the application has set for it stays, and then nobody is answered.
#pragma once

#include "ipc/stack_sample.h"

namespace prefork::child {

// From now on. `sample` stays where it is until the process ends. One thread.
void answer_probes_in(ipc::StackSample& sample);

// Sets the handler where nobody else has set one. For after each call into an application that may
// have changed signals.
void set_probe_handler_again();

}  // namespace prefork::child
