// What speaks a protocol on a connection: takes the bytes that have come, and writes to the
// connection. A connection borrows a session with the first byte of a message and gives it back
// when nothing is under way, so that an idle connection holds none.
//
// One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ipc/base/monotonic.h"
#include "server/net/transport.h"

namespace prefork::exchange {
class Exchange;
}

namespace prefork::net {

class Connection;

// What is remembered of a message that waits for its rest without a session: its bytes stay with
// the connection, and the next session reads them again.
struct ParkedMessage {
  std::uint64_t since_ns = 0;
  std::uint32_t received = 0;
  std::uint16_t in_flight = 0;  // what shows it as a request in flight; 0: nothing
  std::uint8_t phase = 0;       // as the protocol numbers them; 0: no message is parked
};

class Session {
 public:
  // How a session stands at the end of a step.
  enum class Standing : std::uint8_t {
    busy,
    waiting,  // no message is under way, but it remembers something: it stays
    idle,     // no message is under way: it may be given back
    parked,   // the start of a message has come: it may be given back, see park()
  };

  Session() = default;
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes whole messages, and parts of long ones, from the front; returns how many bytes. What is
  // left belongs to a message that is not complete, or waits for the answer before it.
  virtual std::size_t on_input(std::string_view bytes) = 0;
  // Whether on_input() would take bytes now.
  [[nodiscard]] virtual bool wants_input() const = 0;
  // The peer has sent everything (`end`) or is gone (`reset`).
  virtual void on_input_end(IoStatus how) = 0;

  // Goes on with output that it has not handed to the connection yet. Called while has_output() and
  // the connection is not blocked.
  virtual void send_output() = 0;
  [[nodiscard]] bool has_output() const { return has_output_; }

  // Its deadline, the connection's limit for writing, or the message's own has passed.
  virtual void on_deadline() = 0;
  // The peer has taken nothing for too long: the connection is aborted.
  virtual void on_write_timeout() = 0;
  // By when the present message has to be over, whatever is waited for.
  [[nodiscard]] std::uint64_t message_deadline_ns() const { return message_deadline_ns_; }

  // The end of every step: tells the connection until when it waits (Connection::set_deadline).
  // `peer_finished`: the peer has finished sending, and may have left.
  virtual Standing settle(bool peer_finished) = 0;
  // The same while the peer does not take what was written.
  virtual void on_blocked() = 0;
  virtual ParkedMessage park() = 0;

  // An answer is being made or sent.
  [[nodiscard]] virtual bool is_answering() const = 0;
  // There is no place for the connection: says so and ends it.
  virtual void refuse() = 0;
  // Null when that stream has none.
  virtual exchange::Exchange* find_exchange(std::uint32_t stream) = 0;

 protected:
  std::uint64_t message_deadline_ns_ = ipc::kNever;
  bool has_output_ = false;
};

// Where sessions come from. Outlives the connections.
class Protocol {
 public:
  Protocol() = default;
  virtual ~Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  // A session for `connection`, which goes on with `parked` if there is such a message.
  virtual std::unique_ptr<Session> borrow(Connection& connection, const ParkedMessage& parked) = 0;
  // Whoever still works for the session is told that it is over.
  virtual void give_back(std::unique_ptr<Session> session) = 0;
  // No session will go on with it.
  virtual void drop(const ParkedMessage& parked) = 0;
  // A connection has done what it could do for now, and written what it had.
  virtual void on_step_end() = 0;
};

}  // namespace prefork::net
