# Man pages and the completions of shells: the installed program's own words, printed by it.
#
# A script of `cmake --install`: PROGRAM is the built prefork-server, SHARE the folder to write to.
set(documents
    man/man8/prefork-server.8|--print-man|prefork-server.8
    man/man1/preforkctl.1|--print-man|preforkctl.1
    man/man5/prefork.toml.5|--print-man|prefork.toml.5
    bash-completion/completions/prefork-server|--print-completion|bash
    bash-completion/completions/preforkctl|--print-completion|bash
    zsh/site-functions/_prefork-server|--print-completion|zsh
    fish/vendor_completions.d/prefork-server.fish|--print-completion|fish
    fish/vendor_completions.d/preforkctl.fish|--print-completion|fish)
foreach(document IN LISTS documents)
  string(REPLACE "|" ";" parts "${document}")
  list(GET parts 0 file)
  list(SUBLIST parts 1 2 question)
  execute_process(COMMAND "${PROGRAM}" ${question} OUTPUT_VARIABLE text
                  COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "Installing: ${SHARE}/${file}")
  file(WRITE "${SHARE}/${file}" "${text}")
endforeach()
