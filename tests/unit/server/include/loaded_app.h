// An application that is defined in a test and asked there, by way of the C interface and the
// router, without a socket.
#pragma once

#include <gtest/gtest.h>

#include <prefork/app.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/exchange/job.h"
#include "server/exchange/unrouted.h"
#include "server/http/method_set.h"
#include "server/native/native_application.h"

namespace prefork {

struct AppAnswer {
  int status = 0;
  std::string body;
  std::string failure;  // for the log
  std::vector<std::string> fields;

  // "-": there is none.
  [[nodiscard]] std::string field(std::string_view name) const {
    for (const std::string& line : fields) {
      if (line.size() > name.size() + 1 && line[name.size()] == ':' &&
          detail::same_ignoring_case(line.substr(0, name.size()), name)) {
        return line.substr(name.size() + 2);
      }
    }
    return "-";
  }
};

struct AppQuestion {
  std::string method = "GET";
  std::string target = "/";
  std::vector<http::Field> fields{};
  std::string body{};
  http::Scheme scheme = http::Scheme::http;
};

class LoadedApp : private exchange::CompletionSink {
 public:
  explicit LoadedApp(const std::function<void(App&)>& define,
                     std::vector<config::AppSetting> settings = {}) {
    native_.settings = std::move(settings);
    native_.report = [this](config::LogLevel, std::string_view line) { lines_.emplace_back(line); };
    is_loaded_ = App::load(&native::native_api(), &native_, define) == 0;
  }
  ~LoadedApp() override {
    if (is_loaded_) {
      native_.hooks.unload(native_.hooks_user_data);
    }
  }

  // Why it cannot be loaded; empty: it is.
  [[nodiscard]] const std::string& failure() const { return native_.failure; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] prefork_app& native() { return native_; }

  [[nodiscard]] exchange::RouteMatch route(const std::string& method, const std::string& path) {
    http::Request request;
    request.method = method_of(method);
    request.method_text = method;
    request.path = path;
    exchange::RouteParameters parameters;
    return native_.router.route(request, parameters);
  }

  AppAnswer get(const std::string& target) { return ask({.target = target}); }
  AppAnswer ask(const AppQuestion& question) {
    http::Request request;
    request.method = method_of(question.method);
    request.method_text = question.method;
    request.target = question.target;
    request.path = std::string_view(question.target).substr(0, question.target.find('?'));
    request.query = std::string_view(question.target)
                        .substr(std::min(request.path.size() + 1, question.target.size()));
    request.fields = question.fields;
    request.body = question.body;
    request.scheme = question.scheme;
    exchange::RouteParameters parameters;
    const exchange::RouteMatch match = native_.router.route(request, parameters);
    request.parameters = parameters.view();
    if (match.deferred != nullptr) {
      return defer(*match.deferred, request);
    }
    http::Response response;
    std::string failure;
    if (!exchange::call_handler(handler_of(match), request, response, failure)) {
      response.set_error(500, {});
      response.note_failure(std::move(failure));
    }
    return answer_of(response);
  }

 private:
  static http::Method method_of(const std::string& method) {
    const http::MethodNumber number = http::method_number(method);
    return number < static_cast<http::MethodNumber>(http::Method::other)
               ? static_cast<http::Method>(number)
               : http::Method::other;
  }

  // As NativeApplication finds it, but for folders.
  exchange::Handler handler_of(const exchange::RouteMatch& match) {
    if (match.handler != nullptr) {
      return *match.handler;
    }
    if (match.status == 404 && native_.not_found) {
      return native_.not_found;
    }
    const exchange::Handler unrouted = [match](const http::Request&, http::Response& response) {
      exchange::answer_unrouted(match, response);
    };
    if (!native_.around.is_set()) {
      return unrouted;
    }
    return [this, unrouted](const http::Request& request, http::Response& response) {
      native_.around.answer(native_, request, response, unrouted);
    };
  }

  AppAnswer defer(const exchange::DeferredHandler& handler, const http::Request& request) {
    auto job = std::make_unique<exchange::Job>();
    job->own_request(request);
    job->set_client(std::make_shared<exchange::ClientBox>());
    job->sink = this;
    job->begin_deferred();
    handler(std::move(job));
    EXPECT_NE(done_, nullptr) << "nobody has answered";
    if (done_ == nullptr) {
      return {};
    }
    if (done_->failed) {
      done_->response.set_error(500, {});
      done_->response.note_failure(done_->failure);
    }
    const AppAnswer answer = answer_of(done_->response);
    done_.reset();
    return answer;
  }
  void deliver_start(const exchange::Job&, std::unique_ptr<http::Response>) override {}
  void deliver(std::unique_ptr<exchange::Job> job) override { done_ = std::move(job); }
  void wake(exchange::ExchangeToken) override {}

  static AppAnswer answer_of(const http::Response& response) {
    AppAnswer answer{
        response.status(), std::string(response.content()), std::string(response.failure()), {}};
    for (const http::Field& field : response.fields()) {
      answer.fields.push_back(std::string(field.name) + ": " + std::string(field.value));
    }
    return answer;
  }

  prefork_app native_;
  std::vector<std::string> lines_;
  std::unique_ptr<exchange::Job> done_;
  bool is_loaded_ = false;
};

// Why an application so defined cannot be loaded.
inline std::string load_failure(const std::function<void(App&)>& define) {
  return LoadedApp(define).failure();
}

}  // namespace prefork
