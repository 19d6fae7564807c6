// One request and its answer, whatever carries it: finds who answers, has it answered (on the loop,
// on a thread of the pool, by somebody else later), keeps the content of the request until it is
// taken, makes 500, 503 and 504 of what goes wrong, and writes the line of the access log when it
// is over.
//
//   none --open()--> receiving --respond--> responding --complete()--> none
//                        \--pool, deferred--> handling --respond--^
//
// The content of the request comes in one of two ways: gathered, and the handler is called with the
// last byte of it; or as an upload, which the handler reads while it arrives, in `handling` and,
// once it has begun to answer, in `responding`.
//
// Two files: exchange.cpp (requests, and who answers) and exchange_response.cpp (answers).
//
// Part of a session, which is its ResponseStream or has one for it, and used again for the next
// exchange. One thread: the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ipc/base/peer_address.h"
#include "server/exchange/access_record.h"
#include "server/exchange/body_channel.h"
#include "server/exchange/client_state.h"
#include "server/exchange/exchange_log.h"
#include "server/exchange/job.h"
#include "server/exchange/response_stream.h"
#include "server/exchange/services.h"
#include "server/exchange/token.h"
#include "server/http/owned_request.h"

namespace prefork::exchange {

// What a handler on the loop tells its client before the answer.
class InterimSender final : public http::InterimResponder {
 public:
  explicit InterimSender(ResponseStream& stream) : stream_(stream) {}
  void send_early_hints(const http::FieldList& fields) override {
    stream_.send_interim(kEarlyHints, fields);
  }

 private:
  ResponseStream& stream_;
};

class Exchange {
 public:
  // Both outlive it.
  Exchange(Services& services, ResponseStream& stream)
      : services_(services), stream_(stream), interim_(stream), log_(services) {}
  ~Exchange() { end(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- the request comes ---
  // A head is complete, received from `peer`, who may be a trusted proxy: asks the application who
  // answers. The views of `head` must stay valid, or be moved: see on_head_moved().
  void open(const http::Request& head, const ipc::PeerAddress& peer, bool is_from_proxy);
  // From now on it is a request that is counted and answered. `since_ns`: when its head was
  // complete.
  void accept(ExchangeToken token, std::uint64_t since_ns);
  // May be changed in what its views point to, when the head has moved.
  // Number 0: it was none, or cannot be read any more.
  [[nodiscard]] http::Request& request() { return request_; }
  void on_head_moved(std::string_view old_path);
  [[nodiscard]] const RouteMatch& route() const { return route_; }
  // Whether the handler reads the content while it arrives.
  [[nodiscard]] bool is_streaming() const {
    return route_.streams_body && (route_.deferred != nullptr ||
                                   (route_.handler != nullptr && services_.executor != nullptr));
  }

  // --- its content ---
  // Gathered so far.
  [[nodiscard]] std::string& content() { return content_; }
  // All of it is here: has the request answered.
  void run(std::string_view content);
  // It comes while the handler runs, if any comes (`expected`); the client waits to be asked for it
  // if `must_ask`. False when there was no room for another job: then it is answered with 503.
  bool run_upload(bool expected, bool must_ask);
  // Hands gathered content on to the handler.
  void push_content();
  void finish_upload();
  // The rest will not come, or nobody will take it.
  void fail_upload();
  [[nodiscard]] bool is_upload_open() const { return upload_ != Upload::none; }
  [[nodiscard]] bool takes_content() const {
    return upload_ == Upload::open || upload_ == Upload::must_ask;
  }
  // The client holds it back until it is asked.
  [[nodiscard]] bool must_ask() const { return upload_ == Upload::must_ask; }
  // The handler may still read it.
  [[nodiscard]] bool is_upload_wanted() const { return request_body_->is_wanted(); }
  // It is the client's turn: the handler has room, and the client was asked.
  [[nodiscard]] bool awaits_content() const {
    return upload_ == Upload::open && is_upload_wanted();
  }

  // --- its answer ---
  // Somebody else works on it.
  [[nodiscard]] bool is_handling() const { return state_ == State::handling; }
  // By when it must have begun; kNever without such a time.
  [[nodiscard]] std::uint64_t respond_by_ns() const { return respond_by_ns_; }
  // From the completion queue. What concerns an earlier exchange is ignored.
  void on_response_started(const Job& job, http::Response& response);
  void on_job_done(Job& job);
  void on_wake();
  void on_early_hints(std::uint64_t request, const http::FieldList& fields) {
    if (state_ == State::handling && request_.id == request) {
      interim_.send_early_hints(fields);
    }
  }
  // The client has closed its side. It may have left.
  void on_client_finished();

  // The stream has sent everything: so many bytes of content.
  void complete(std::uint64_t content_bytes);
  // An answer in the stream's own words, with so much content, has ended it: what `peer` sent could
  // not be understood, was too much or took too long.
  void complete_refused(const ipc::PeerAddress& peer, int status, std::uint64_t content_bytes);
  // The form of an error in the stream's own words: as the client asks for it, if it could be
  // understood. The method is what it asked with.
  http::Method dress_error(http::Response& response) const;
  // What is told of it to others.
  [[nodiscard]] ExchangeLog& log() { return log_; }
  // Over, however: whoever still works for it is told, and so is the access log.
  void end();

 private:
  enum class State : std::uint8_t { none, receiving, handling, responding };
  enum class Upload : std::uint8_t {
    none,      // or complete, or given up
    must_ask,  // nothing has come: the client waits for 100 Continue
    open,
    paused,  // the handler has to make room first
  };

  static constexpr std::size_t kKeepContentBytes = 128 * 1024;

  void run_on_loop();
  bool run_on_pool();
  bool run_deferred(const DeferredHandler& handler, std::unique_ptr<Job> job);
  void respond_unavailable(const http::Request& request, std::string_view detail,
                           bool is_overload = true);
  void respond(const http::Request& request, http::Response& response);
  std::unique_ptr<Job> make_job(std::unique_ptr<Job> spare = nullptr);
  void begin_handling(const std::shared_ptr<const http::OwnedRequest>& request);
  void finish(const http::Request& request, std::uint64_t content_bytes);
  [[nodiscard]] bool awaits(const Job& job) const {
    return state_ == State::handling && request_.id == job.request.id;
  }

  Services& services_;
  ResponseStream& stream_;
  InterimSender interim_;
  ExchangeLog log_;
  ExchangeToken token_;
  http::Request request_;  // as given to the handler
  RouteMatch route_;
  RouteParameters parameters_;  // of request_
  std::string content_;
  std::shared_ptr<BodyChannel> request_body_;  // on its way to the handler
  std::shared_ptr<ClientBox> client_;          // read by the job that makes the answer
  std::uint64_t respond_by_ns_ = ipc::kNever;
  std::uint64_t paused_ns_ = 0;  // since when the handler has no room
  // Since when an answer with a length waits for its client; kNever: none does.
  std::uint64_t write_since_ns_ = ipc::kNever;
  State state_ = State::none;
  Upload upload_ = Upload::none;
};

}  // namespace prefork::exchange
