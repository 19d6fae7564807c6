// Notes, kept in memory by each worker: with more than one worker they belong into a database.
#include <prefork/app.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace {

// Handlers on the pool run on several threads at once.
class Notes {
 public:
  int add(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_[++last_] = std::move(text);
    return last_;
  }
  std::optional<std::string> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = notes_.find(std::atoi(id.c_str()));
    return found == notes_.end() ? std::nullopt : std::optional(found->second);
  }
  bool erase(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return notes_.erase(std::atoi(id.c_str())) != 0;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, std::string> notes_;
  int last_ = 0;
};

prefork::Response problem(int status, std::string_view title) {
  prefork::Response response = prefork::json(
      "{\"status\":" + std::to_string(status) + ",\"title\":" + prefork::quote_json(title) + "}",
      status);
  response.header("Content-Type", "application/problem+json");  // RFC 9457
  return response;
}

}  // namespace

PREFORK_APP(app) {
  const auto notes = std::make_shared<Notes>();

  app.post("/notes", [notes](const prefork::Request& request) {
    const std::optional<std::string> text = request.form("text");
    if (!text || text->empty()) {
      return problem(400, "a note has a text");
    }
    const std::string id = std::to_string(notes->add(*text));
    return prefork::json("{\"id\":" + id + "}", 201).header("Location", "/notes/" + id);
  });

  app.get("/notes/{id}", [notes](const prefork::Request& request) {
    const auto text = notes->find(std::string(request.parameter("id")));
    return text ? prefork::json("{\"text\":" + prefork::quote_json(*text) + "}")
                : problem(404, "no such note");
  });

  app.del("/notes/{id}", [notes](const prefork::Request& request) {
    return notes->erase(std::string(request.parameter("id"))) ? prefork::Response(204)
                                                              : problem(404, "no such note");
  });

  // On the event loop: it never blocks. For whoever watches the service.
  app.get("/status", prefork::on_loop,
          [](const prefork::Request&) { return prefork::json(R"({"status":"ok"})"); });

  app.not_found([](const prefork::Request&) { return problem(404, "nothing here"); });
}
