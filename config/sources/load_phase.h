// Whether the configuration is read for the first time. On a reload the descriptors of --notify-fd
// and --fd are taken as checked: the master may have closed or moved them since, and another file
// may have their number now.
#pragma once

namespace prefork::config {

enum class LoadPhase { start, reload };

}  // namespace prefork::config
