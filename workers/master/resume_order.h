// The command line by which a program goes on where another one of its process was, in front of the
// server's own arguments; see Upgrade. No person gives it.
//
//   prefork-server --resume-check STATE ARGUMENT...
//   prefork-server --resume STATE PROGRAM FAILURE ARGUMENT...
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::master {

struct ResumeOrder {
  bool is_check = false;  // only say whether it could
  int state = -1;         // a descriptor, see handover.h
  int program = -1;       // likewise, of the program before; -1: this is it, and there is no other
  std::string failure;    // then: why the new program could not

  bool operator==(const ResumeOrder&) const = default;
};

// What a program says that passes the check, on standard output: an exit code of 0 alone is also
// what any other program may end with.
inline constexpr std::string_view kCanGoOn = "prefork-server: it can go on\n";

std::vector<std::string> to_arguments(const ResumeOrder& order,
                                      const std::vector<std::string>& arguments);

// Takes it off the front. Nothing: there is none.
std::optional<ResumeOrder> take_resume_order(std::vector<std::string>& arguments);

}  // namespace prefork::master
