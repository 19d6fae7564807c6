// HTTP/1.1 on a connection (RFC 9112): makes requests of the bytes, has each answered by its
// exchange, in order, and decides what follows an answer. Borrowed with the first byte of a message
// and given back when none is under way.
//
//   idle --bytes--> head --complete--> body --complete--> (exchange) --short answer--> idle,
//   finished
//                     \____no content__________/              \--long answer--> sending --^
//                      \__upload______________________________ handling --answer--^
//   any --error, "close", deadline--> finished
//
// A message of which little has come needs no session: it is parked as bytes and parsed again with
// what follows (short_body: the head is complete, and it needs nothing more than its content).
//
// Two files: session.cpp (requests) and session_response.cpp (answers). One thread: the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange/exchange.h"
#include "server/exchange/response_stream.h"
#include "server/exchange/services.h"
#include "server/http1/body_sender.h"
#include "server/http1/request_parser.h"
#include "server/http1/response_start.h"
#include "server/net/connection.h"
#include "server/net/session.h"

namespace prefork::http1 {

class Session final : public net::Session, private exchange::ResponseStream {
 public:
  // Used again for many connections; `response_start` goes with every answer. All outlive it.
  Session(exchange::Services& services, const ParserSettings& settings,
          ResponseStart& response_start);

  // Begins with a connection, or goes on with the message that is parked there. Its bytes come
  // again as input.
  void begin(net::Connection& connection, const net::ParkedMessage& parked);
  // Ends with it.
  void reset();

  std::size_t on_input(std::string_view bytes) override;
  [[nodiscard]] bool wants_input() const override;
  void on_input_end(net::IoStatus how) override;
  void send_output() override;
  void on_deadline() override;
  void on_write_timeout() override { exchange_.log().expect_cut(exchange::Cut::timeout); }
  void on_blocked() override;
  Standing settle(bool peer_finished) override;
  net::ParkedMessage park() override;
  [[nodiscard]] bool is_answering() const override {
    return state_ == State::handling || state_ == State::sending;
  }
  void refuse() override;
  exchange::Exchange* find_exchange(std::uint32_t stream) override {
    return stream == 0 ? &exchange_ : nullptr;
  }

 private:
  enum class State : std::uint8_t { idle, head, short_body, body, handling, sending, finished };
  // What follows the present answer.
  enum class Ending : std::uint8_t {
    keep_alive,
    close,
    linger,  // close, and the client may still be sending
  };

  std::size_t take_head(std::string_view bytes);
  std::size_t begin_request(std::string_view bytes);
  std::size_t begin_body(std::string_view bytes);
  std::size_t begin_upload(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  void take_upload(ParseStatus status);
  bool refuse_expectation();
  void accept(std::uint64_t since_ns);
  void reopen_short();
  void run(std::string_view content);
  [[nodiscard]] bool fits_parking(std::size_t bytes) const;
  void set_body_deadline();

  bool start(const http::Request& request, http::Response& response) override;
  void on_content_ready() override { has_output_ = state_ == State::sending; }
  void send_interim(int status, const http::FieldList& fields) override;
  [[nodiscard]] std::uint64_t content_sent() const override;
  void abandon() override;
  void on_request_room(std::uint64_t paused_ns) override { body_started_ns_ += paused_ns; }
  void begin_sending(http::Response& response, BodyFraming framing);
  bool send_text();
  bool send_file();
  void end_response();
  void respond_parse_error();
  void respond_error(int status, std::string_view detail, ipc::Counter counter);
  void give_up_upload();

  exchange::Services& services_;
  ResponseStart& response_start_;
  net::Connection* connection_ = nullptr;
  RequestParser parser_;
  exchange::Exchange exchange_;
  BodySender sender_;
  std::string head_;                 // a copy, where the content came later than the head
  std::vector<http::Field> fields_;  // of the request, where head_ is used
  std::size_t pending_bytes_ = 0;    // of the message that is not complete
  std::uint64_t body_started_ns_ = 0;
  State state_ = State::idle;
  Ending ending_ = Ending::keep_alive;
  // There is nothing to send of an answer without a length, to a peer that has finished sending:
  // one that has closed looks like this.
  bool may_have_left_ = false;
};

}  // namespace prefork::http1
