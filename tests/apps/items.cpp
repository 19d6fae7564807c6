// A JSON API over SQLite. Its handlers block, so they run on the pool, each thread with a
// connection of its own; SQLite lets one of them write at a time, in whichever worker it is.
//
//   ITEMS_DATABASE=/tmp/items.db prefork-server ./libitems.so
//   curl -i localhost:8000/items -d '{"name":"tea","count":3}'
#include <sqlite3.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <prefork/app.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using Json = nlohmann::json;

class Database {
 public:
  Database() {
    const char* const path = std::getenv("ITEMS_DATABASE");
    sqlite3* opened = nullptr;
    const int result = sqlite3_open(path == nullptr ? "items.db" : path, &opened);
    handle_.reset(opened);  // there is one to close also where it could not be opened
    check(result);
    sqlite3_busy_timeout(opened, 10'000);
    execute("PRAGMA journal_mode = WAL");  // readers do not wait for the one that writes
    execute("PRAGMA synchronous = NORMAL");
  }

  void execute(const char* sql) { check(sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr)); }
  void check(int result) const {
    if (result != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(handle()));
    }
  }
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// One connection for each thread, made when the thread needs it first.
Database& database() {
  thread_local Database connection;
  return connection;
}

class Statement {
 public:
  explicit Statement(std::string_view sql) {
    database().check(sqlite3_prepare_v2(database().handle(), sql.data(),
                                        static_cast<int>(sql.size()), &handle_, nullptr));
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value) {
    database().check(sqlite3_bind_int64(handle_, index, value));
    return *this;
  }
  Statement& bind(int index, const std::string& value) {
    database().check(sqlite3_bind_text64(handle_, index, value.data(), value.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
  }
  // Whether there is a row; a statement that changes something has none.
  bool step() {
    const int result = sqlite3_step(handle_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
      database().check(result);
    }
    return result == SQLITE_ROW;
  }
  Json item() const {
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, 1));
    const auto* const name = static_cast<const char*>(sqlite3_column_blob(handle_, 1));
    return {{"id", sqlite3_column_int64(handle_, 0)},
            {"name", std::string(name == nullptr ? "" : name, size)},
            {"count", sqlite3_column_int64(handle_, 2)}};
  }

 private:
  sqlite3_stmt* handle_ = nullptr;
};

prefork::Response error(int status, std::string_view what) {
  return prefork::json(Json{{"error", what}}.dump(), status);
}

std::optional<std::int64_t> id_of(const prefork::Request& request) {
  const std::string_view text = request.parameter("id");
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  return problem == std::errc{} && end == text.data() + text.size() ? std::optional(id)
                                                                    : std::nullopt;
}

prefork::Response list_items(const prefork::Request&) {
  Json items = Json::array();
  for (Statement rows("SELECT id, name, count FROM items ORDER BY id"); rows.step();) {
    items.push_back(rows.item());
  }
  return prefork::json(items.dump());
}

prefork::Response show_item(const prefork::Request& request) {
  const auto id = id_of(request);
  Statement row("SELECT id, name, count FROM items WHERE id = ?");
  if (!id || !row.bind(1, *id).step()) {
    return error(404, "no such item");
  }
  return prefork::json(row.item().dump());
}

prefork::Response create_item(const prefork::Request& request) {
  const Json item = Json::parse(request.body(), nullptr, false);
  if (!item.is_object() || !item.contains("name") || !item["name"].is_string()) {
    return error(400, "expected an object with a name, and a count if you like");
  }
  const auto count = item.find("count");
  if (count != item.end() && !count->is_number_integer()) {
    return error(400, "count is no whole number");
  }
  Statement row("INSERT INTO items (name, count) VALUES (?, ?) RETURNING id, name, count");
  row.bind(1, item["name"].get<std::string>())
      .bind(2, count == item.end() ? 0 : count->get<std::int64_t>());
  row.step();
  const Json created = row.item();
  row.step();  // to its end: now it is committed
  return prefork::json(created.dump(), 201).header("Location", "/items/" + created["id"].dump());
}

prefork::Response delete_item(const prefork::Request& request) {
  const auto id = id_of(request);
  Statement row("DELETE FROM items WHERE id = ? RETURNING id");
  if (!id || !row.bind(1, *id).step()) {
    return error(404, "no such item");
  }
  row.step();
  return prefork::Response(204);
}

}  // namespace

PREFORK_APP(app) {
  app.get("/items", list_items);
  app.post("/items", create_item);
  app.get("/items/{id}", show_item);
  app.del("/items/{id}", delete_item);

  app.on_worker_start([](const prefork::Worker&) {
    Database().execute(
        "CREATE TABLE IF NOT EXISTS items"
        " (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, count INTEGER NOT NULL)");
  });
}
