// The control socket, as the observer serves it: takes an operator's frames, answers what it knows
// itself from the statistics and the options, and passes the rest on to the master, whose answers
// it hands back. It works while every worker hangs, and waits for nobody: who does not read his
// answers, or says what is no command, is left. One thread: the observer's event loop.
//
// A connection takes one command at a time. What is long comes as a descriptor of sealed memory
// beside the answer (memfd_create(2)), so that nothing here is ever half sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ipc/base/owned_fd.h"
#include "ipc/frames.h"
#include "server/loop/event_loop.h"

namespace prefork::observer {

class CommandServer {
 public:
  // Beyond these the one that has been idle for longest gives way, and where all wait for an answer
  // the new one is refused.
  static constexpr std::size_t kMaxClients = 32;

  struct Parts {
    loop::EventLoop& loop;
    // False: the master does not read.
    std::function<bool(const ipc::CommandFrame&)> pass_on;
    // JSON. `is_detailed`: with what two looks need to be compared.
    std::function<std::string(bool is_detailed)> statistics;
    std::function<std::string()> configuration;
  };

  // `listening`: stays the caller's; -1: there is none, and nothing is served. Throws
  // std::system_error.
  CommandServer(int listening, Parts parts);
  CommandServer(const CommandServer&) = delete;
  CommandServer& operator=(const CommandServer&) = delete;

  // Who connects from now on is for the next observer.
  void stop_accepting();
  // Of the master, to what was passed on.
  void answer(const ipc::OutcomeFrame& outcome);
  // What has been sent already is read, without waiting for more.
  void serve();
  // Somebody is to be told something yet.
  [[nodiscard]] bool has_work() const;
  // Somebody has connected and has not said yet what for.
  [[nodiscard]] bool awaits_command() const;

 private:
  struct Client {
    ipc::OwnedFd fd;
    std::int32_t pid = 0;
    std::uint64_t last_use = 0;  // in the order of use
    bool has_asked = false;
    // Of what it waits for: its own id, and the one that the master knows.
    std::optional<std::uint64_t> id;
    std::uint64_t passed = 0;
  };
  using Key = std::uint64_t;

  void accept_all();
  void accept_one(ipc::OwnedFd fd);
  bool make_room();
  void read(Key key);
  // False: the client is to be left.
  bool take(Client& client, const ipc::CommandFrame& command);
  static bool tell(const Client& client, const ipc::OutcomeFrame& outcome, int attached = -1);
  static bool tell_long(const Client& client, std::uint64_t id, const std::string& text);

  Parts parts_;
  int listening_;
  ipc::OwnedFd epoll_;
  std::map<Key, Client> clients_;
  Key last_key_ = 0;
  std::uint64_t last_use_ = 0;
  std::uint64_t last_passed_ = 0;
};

}  // namespace prefork::observer
