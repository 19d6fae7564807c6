// How loud a line in the server's log is; see App::log. Plain value.
#pragma once

#include <prefork/cxx20.hpp>

namespace prefork {
inline namespace v1 {

// As --log-level has them: what is below the level that is set is not written.
enum class LogLevel : int { debug = 0, info = 1, warning = 2, error = 3 };

}  // namespace v1
}  // namespace prefork
