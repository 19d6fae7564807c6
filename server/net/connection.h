// A connection as long as it is open: its transport, the bytes that have come and are not taken
// yet, its output, what it waits for, and its end. It knows no protocol: it feeds the session that
// speaks on it, and is written to by it.
//
//   open --finish()--> finishing --all written--> lingering (input discarded) --> closed
//                                 \--nothing more can come from the peer------------^
//
// Every event ends in one step(): output goes on, input is fed, what was gathered is written, and
// what comes next is waited for. While the peer does not take what was written nothing is read but
// what the session wants all the same: a client that sends without reading waits on itself.
//
// Owned by its ConnectionTable; whoever calls in asks is_closed() afterwards and then has it
// erased. One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/values/ip_networks.h"
#include "ipc/base/peer_address.h"
#include "ipc/counters.h"
#include "ipc/inbox.h"
#include "server/http/byte_buffer.h"
#include "server/loop/event_loop.h"
#include "server/net/connection_token.h"
#include "server/net/output.h"
#include "server/net/receive_delay.h"
#include "server/net/session.h"
#include "server/net/transport.h"

namespace prefork::net {

class ConnectionTable;

// What all connections of a server have in common. Outlives them.
struct ConnectionServices {
  loop::EventLoop& loop;
  ConnectionTable& table;
  Protocol& protocol;
  ipc::Counters& counters;
  std::uint64_t first_byte_timeout_ns;  // of the first message
  std::uint64_t idle_timeout_ns;        // between two
  std::uint64_t write_timeout_ns;       // for the peer to take something
  // Memory that each of them reads into in its turn.
  std::span<char> scratch;
  ReceiveDelay& receive_delay;
  OutputServices output;
  // Peers that are trusted to say who their clients are; null: none is.
  const config::IpNetworks* proxies = nullptr;

  // How long an idle connection may stay, by the number of its messages so far.
  [[nodiscard]] std::uint64_t patience_ns(std::uint32_t messages) const {
    return messages == 0 ? first_byte_timeout_ns : idle_timeout_ns;
  }
};

// How a connection is born: open, with whatever an opener has read of it already.
struct OpenedConnection {
  std::unique_ptr<Transport> transport;
  ipc::HandedConnection about;
  std::string received;        // to be taken before anything is read
  bool is_registered = false;  // with the loop, under the connection's key
  bool is_readable = false;    // there may be more to read
  bool is_refused = false;     // there is no place for it: it is told so and ends
};

// Who is at the other end.
struct Peer {
  ipc::PeerAddress address;
  bool is_proxy = false;  // one of ConnectionServices::proxies
};

class Connection {
 public:
  enum class State : std::uint8_t {
    open,
    finishing,
    lingering,  // answered for the last time; only waits for the peer to have read it
    closed,
    given  // closed here, and going on where its descriptor is now
  };

  Connection(const ConnectionServices& services, ConnectionToken token,
             std::unique_ptr<Transport> transport, const ipc::HandedConnection& about);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] ConnectionToken token() const { return token_; }
  [[nodiscard]] const Peer& peer() const { return peer_; }
  [[nodiscard]] const Transport& transport() const { return *transport_; }
  // Null while no message is under way.
  [[nodiscard]] Session* session() const { return session_.get(); }
  // How many the session has counted, those before the connection came here included.
  [[nodiscard]] std::uint32_t messages() const { return messages_; }

  [[nodiscard]] State state() const { return state_; }
  // Between two messages (or before the first), with nothing read and nothing to write.
  [[nodiscard]] bool is_idle() const { return state_ == State::open && !is_busy_; }
  [[nodiscard]] bool is_closed() const { return state_ >= State::closed; }
  // The peer does not take what was written.
  [[nodiscard]] bool is_blocked() const { return output_.is_blocked(); }

  // --- events; each may close the connection ---
  // Once, before all others; its place in the table has a deadline already.
  void start(const OpenedConnection& opened);
  void on_ready(loop::Readiness readiness);
  void on_deadline();
  // After something that the session waits for: another turn, content, a finished job.
  void step();

  void close();
  // The peer must notice that what it has got is not all there was.
  void abort();
  // Gives the descriptor of an idle, movable connection away and closes the connection.
  ipc::OwnedFd release();

  // --- for the session ---
  void count_message() { ++messages_; }
  // kNever: none. The message's own deadline may be earlier.
  void set_deadline(std::uint64_t at_ns);
  [[nodiscard]] std::uint64_t deadline_ns() const;
  [[nodiscard]] Output& output() { return output_; }
  // What has come and was not taken. When input ends or a deadline passes, not while it is given.
  [[nodiscard]] std::string_view unparsed() const;
  // Another step in the next turn of the loop: other connections want service too.
  void resume_later();
  // No message will follow: ends when everything is written. `linger`: the peer may still be
  // sending, so it is heard out, lest a reset overtakes the answer.
  void finish(bool linger);

 private:
  // What the loop tells of.
  enum class Interest : std::uint8_t { none, readable, readable_and_writable };
  // What is known of the bytes that can be read.
  enum class Input : std::uint8_t {
    drained,
    readable,
    ending,         // readable to its end: the peer has finished sending
    wants_writable  // reading goes on when the transport may write
  };
  // What an idle connection does without.
  struct Backlog {
    http::ByteBuffer unparsed;  // the start of a message, or what waits behind one
    ParkedMessage parked;
    std::uint32_t lingered_bytes = 0;
  };

  [[nodiscard]] bool has_input() const {
    return input_ == Input::readable || input_ == Input::ending ||
           (input_ == Input::drained && transport_->has_buffered());
  }
  [[nodiscard]] bool wants_input() const {
    return session_ ? session_->wants_input() : !is_blocked();
  }
  Backlog& backlog();
  [[nodiscard]] bool is_parked() const { return backlog_ && backlog_->parked.phase != 0; }

  void open_session();
  void give_back_session();
  bool read_once();
  std::size_t feed(std::string_view bytes);
  void feed_unparsed();
  void end_input(IoStatus how);
  void settle();
  bool settle_session();
  void begin_linger();
  void discard_input();
  void update_interest();

  const ConnectionServices& services_;
  std::unique_ptr<Transport> transport_;
  Output output_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Backlog> backlog_;
  ConnectionToken token_;
  std::uint32_t messages_;
  const Peer peer_;
  State state_ = State::open;
  Interest interest_ = Interest::none;
  Input input_ = Input::drained;
  bool is_held_ = false;  // the unparsed bytes wait for the session to want them, not for more
  bool is_busy_ = false;
  bool linger_ = false;
};

}  // namespace prefork::net
