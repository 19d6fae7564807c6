// One client connection: reads, lets the parser make requests of the bytes, has them answered in
// order and writes the answers of everything that was in the buffer at once.
//
//   (preamble, where a proxy sends one, comes before everything)
//   idle ----bytes----> head ----complete----> body ----complete----> (answered) --long--> sending
//    ^                    \____no body__________/  \                     |                     |
//    |                                              handling (pool) -----+                     |
//    +---------------------- answer written, kept alive ----------------+---------------------+
//   any --error, "close", deadline--> lingering (answer delivered, input discarded) --> closed
//
// A handler that reads the body while it arrives runs meanwhile: in `handling`, and in `sending` if
// it has begun to answer, the upload is open and goes through the exchange's intake.
//
// While the peer does not take what was written nothing is read or parsed, but for an open upload,
// which has a bound of its own: a client that pipelines without reading waits on itself.
//
// Five files: connection.cpp (its life, deadlines and end), connection_input.cpp,
// connection_body.cpp, connection_answer.cpp and connection_output.cpp.
//
// Owned by its HttpServer, which destroys it after it was closed. One thread: the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "ipc/base/peer_address.h"
#include "ipc/counters.h"
#include "ipc/inbox.h"
#include "server/engine/exchange.h"
#include "server/exchange/job.h"
#include "server/http/byte_buffer.h"
#include "server/loop/poller.h"
#include "server/net/transport.h"

namespace prefork::engine {

class HttpServer;

class Connection {
 public:
  Connection(HttpServer& server, exchange::ConnectionToken token, ipc::OwnedFd socket,
             const ipc::HandedConnection& about);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] exchange::ConnectionToken token() const { return token_; }
  [[nodiscard]] const ipc::PeerAddress& peer() const { return peer_; }
  [[nodiscard]] std::uint32_t requests() const { return requests_; }

  // Between two requests (or before the first), with nothing read and nothing to write.
  [[nodiscard]] bool is_idle() const { return state_ == State::idle && !is_blocked(); }
  // Answered for the last time; only waits for the peer to have read it.
  [[nodiscard]] bool is_lingering() const { return state_ == State::lingering; }
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  // A handler works on its request, or the answer is on its way.
  [[nodiscard]] bool is_answering() const {
    return state_ == State::handling || state_ == State::sending;
  }

  // Each of these may close the connection; the caller then asks is_closed().
  void start();
  void on_ready(loop::Readiness readiness);
  // Goes on with input that was left for another turn of the loop.
  void resume();
  void on_deadline();
  void on_wake();
  void on_response_started(const exchange::Job& job, http::Response& response);
  void on_job_done(exchange::Job& job);
  void close();
  // Closes so that the peer sees an error, for what it has got is not all there was.
  void cut();
  // For handing a duplicate on.
  [[nodiscard]] int socket() const { return transport_.fd(); }
  // Gives the socket of an idle connection away; the connection is closed by it.
  ipc::OwnedFd release();

  // Answers 503 to whoever is there and closes: the worker has no place for another connection.
  void refuse();

 private:
  enum class State : std::uint8_t {
    preamble,
    idle,
    head,
    body,
    handling,
    sending,
    lingering,
    closed
  };

  [[nodiscard]] bool is_blocked() const { return room_wanted_ || !output_.empty(); }
  [[nodiscard]] bool can_parse() const {
    if (is_answering()) {
      return upload_open_ && !upload_full_;
    }
    return !closing_ && !is_blocked() &&
           (state_ == State::preamble || state_ == State::idle || state_ == State::head ||
            state_ == State::body);
  }

  void join_poller();
  void await_output();
  void settle();
  void set_deadline(std::uint64_t after_ns);
  void set_deadline_at(std::uint64_t at_ns);
  void set_body_deadline();
  [[nodiscard]] bool is_upload_awaited() const;
  void mark_busy(bool busy);
  void begin_linger();
  void discard_input();

  void take_input();
  void receive();
  bool receive_once();
  void on_input_end(bool reset);
  std::size_t process(std::string_view bytes);
  void process_kept_input();
  std::size_t take_message(std::string_view bytes);
  std::size_t take_preamble(std::string_view bytes);
  std::size_t take_head(std::string_view bytes);
  [[nodiscard]] bool is_kept_as_bytes(std::string_view bytes) const;
  void recall_exchange();
  std::size_t begin_request(std::string_view bytes);
  void identify_client(http::Request& request);
  void enter_body();
  void await_short_body(std::size_t received);
  std::size_t begin_body(std::string_view bytes);
  std::size_t begin_upload(std::string_view bytes);
  void give_up_upload();
  bool refuse_expectation();
  void send_continue();
  std::size_t take_body(std::string_view bytes);
  void pass_on_body(http1::ParseStatus status);

  void answer();
  void answer_on_loop();
  bool answer_on_pool();
  void answer_deferred();
  std::unique_ptr<exchange::Job> make_job();
  [[nodiscard]] bool awaits(const exchange::Job& job) const;
  void answer_without_handler();
  void answer_overload(std::string_view detail);
  void answer_parse_error();
  void answer_error(int status, std::string_view detail, ipc::Counter counter);
  void finish_answer(const http::Request& request, http::Response& response);
  void finish_answer_of(const exchange::Job& job, http::Response& response);

  void advance();
  void flush(bool more_follows = false);
  void write_pending();
  bool took(const net::IoResult& result);
  void begin_sending(const http::Request& request, http::Response& response,
                     http1::BodyFraming framing);
  bool pump();
  bool send_text();
  bool send_file();
  void fail_sending();
  void finish_sending();

  HttpServer& server_;
  net::SocketTransport transport_;
  std::unique_ptr<Exchange> exchange_;
  http::ByteBuffer input_;  // the start of a message that is not complete, or what waits behind one
  http::ByteBuffer output_;  // what the peer has not taken yet
  exchange::ConnectionToken token_;
  std::uint32_t requests_;
  ipc::PeerAddress peer_;
  State state_ = State::idle;
  bool polled_for_output_ = false;
  bool room_wanted_ = false;    // the socket was full; what comes next is in output_ or the sender
  bool upload_open_ = false;    // a handler reads the body, and it is not complete yet
  bool upload_full_ = false;    // ... and has to make room first
  bool continue_owed_ = false;  // 100 Continue, as soon as that handler begins to read
  bool polled_ = false;         // registered with the server's poller
  bool unread_ = false;         // there is input that was announced and not read yet
  bool hang_up_ = false;        // the peer has finished sending: read until the end
  bool busy_ = false;           // counted as busy by the server
  bool closing_ = false;        // the last answer is written or being written
  bool linger_ = false;         // ... and the peer may still be sending
  std::uint32_t lingered_bytes_ = 0;
  std::uint32_t short_body_bytes_ = 0;  // of a body that is kept as bytes with its head
  std::uint64_t body_started_ns_ = 0;
};

}  // namespace prefork::engine
