// What a worker's server is told: the options, as far as this process can afford them, and what of
// the segment it uses. One thread: the event loop's.
#pragma once

#include "server/engine/server_settings.h"
#include "workers/child/child_context.h"
#include "workers/worker/served_application.h"

namespace prefork::worker {

// Both outlive what is made of it. Warns of a limit that cannot be kept.
engine::ServerSettings serving_settings(const child::ChildContext& context,
                                        const ServedApplication& served);

}  // namespace prefork::worker
