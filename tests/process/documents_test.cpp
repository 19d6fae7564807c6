// What the program prints for shells and for man(1), read by those where they are installed.
#include <gtest/gtest.h>

#include <unistd.h>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

bool is_installed(const std::string& program) {
  return ::access(("/usr/bin/" + program).c_str(), X_OK) == 0;
}

// What `reader` says of what the server prints for `question`; "$1" there is its file.
FinishedRun read_by(const std::vector<std::string>& question, const std::string& reader) {
  const TemporaryFolder folder;
  const FinishedRun printed = run_to_the_end(launch_of(question));
  EXPECT_EQ(printed.exit, exit_code(0)) << printed.err;
  Launch launch;
  launch.program = "/bin/bash";
  launch.arguments = {"-c", reader, "bash", folder.write("document", printed.out)};
  return run_to_the_end(launch);
}

TEST(Documents, ShellsUnderstandTheCompletions) {
  const FinishedRun completed = read_by(
      {"--print-completion", "bash"},
      "bash -n \"$1\" && . \"$1\" && COMP_WORDS=(prefork-server --start-method for) COMP_CWORD=2 "
      "&& "
      "_prefork_server && echo ${COMPREPLY[*]} && COMP_WORDS=(prefork-server doc) COMP_CWORD=1 && "
      "_prefork_server && echo ${COMPREPLY[*]} && COMP_WORDS=(preforkctl re) COMP_CWORD=1 && "
      "_preforkctl && echo ${COMPREPLY[*]}");
  EXPECT_EQ(completed.err, "");
  EXPECT_EQ(completed.out, "fork forkserver\ndoctor\nreload restart reopen-logs\n");
  for (const std::string shell : {"zsh", "fish"}) {
    if (is_installed(shell)) {
      EXPECT_EQ(read_by({"--print-completion", shell}, shell + " -n \"$1\"").exit, exit_code(0));
    }
  }
  if (is_installed("fish")) {
    const auto completed_by_fish = [](const std::string& line) {
      return read_by({"--print-completion", "fish"},
                     "cd / && fish -c \"source '$1'; complete -C '" + line + "'\" | cut -f 1")
          .out;
    };
    EXPECT_EQ(completed_by_fish("prefork-server docto"), "doctor\n");
    EXPECT_EQ(completed_by_fish("prefork-server --listing docto"), "") << "it would be a path";
    EXPECT_EQ(completed_by_fish("preforkctl --socket /a rel"), "reload\n");
    EXPECT_EQ(completed_by_fish("preforkctl reload sta"), "");
  }
}

TEST(Documents, TheManPagesHaveNothingToWarnOf) {
  for (const char* page : {"prefork-server.8", "preforkctl.1", "prefork.toml.5"}) {
    std::string reader = "cat \"$1\"";
    if (is_installed("groff")) {
      reader = "groff -man -Tutf8 -ww -z \"$1\"";
    } else if (is_installed("man")) {
      reader = "MANROFFSEQ= man -l --warnings=all \"$1\" >/dev/null";
    }
    EXPECT_EQ(read_by({"--print-man", page}, reader).err, "") << page;
  }
}

}  // namespace
}  // namespace prefork::test
