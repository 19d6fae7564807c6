// What every child does first after the fork, and last: it gives up what is its parent's, and it
// ends without unwinding its parent's stack. Children only; the master's single thread was
// copied, so there is one thread.
#pragma once

#include <span>
#include <string_view>

namespace prefork::child {

// Makes sure that the child does not outlive `master_pid`, whatever ends it: the closed command
// pipe tells a healthy child that the master is gone; this also ends one that hangs or is stopped.
void die_with(int master_pid);

// Closes every descriptor above standard error that is not in `keep`: a forgotten copy of a pipe's
// end would hide from others that it was closed.
void close_other_fds(std::span<const int> keep);

// Closes descriptors that the fork has copied and that are in use under other numbers by now.
void close_inherited(std::span<const int> fds);

// Ends the process: no destructors, no atexit handlers of the master, but what sanitizers and
// coverage tools need.
[[noreturn]] void leave(int exit_code);

// Ends a worker. One that has done all its work, with 0, ends as a program does, see exit(3):
// static objects of its application are destroyed, its atexit handlers run, streams are flushed. Of
// one that could not, nobody knows in what state these are: it leaves.
[[noreturn]] void end(int exit_code);

}  // namespace prefork::child
