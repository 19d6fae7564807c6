// A board of notes for people who log in: a JSON API, a form that uploads a text file as a note,
// events, and the pages of site/ in front of them. The notes are in SQLite, for all workers.
//
//   umask 077; openssl rand -hex 32 >keys
//   prefork-server ./libservice.so --set site=service/site --set user_alice="$(openssl passwd -6)"
//
// Settings: the paths `database`, `keys` and `site`; `user_NAME`, a hash as of crypt(5); every
// `sweep_seconds` notes that are older than `keep_seconds` are removed.
#include <crypt.h>
#include <sqlite3.h>
#include <prefork/app.hpp>
#include <prefork/form.hpp>
#include <prefork/json.hpp>
#include <prefork/session.hpp>

namespace {

using nlohmann::json;
using prefork::Error, prefork::Request, prefork::Session;

class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* db = nullptr;
    const int result = sqlite3_open(path.c_str(), &db);
    db_.reset(db, sqlite3_close);
    check(result);
    sqlite3_busy_timeout(db, 10'000);  // one writes at a time, in whichever worker
  }
  // The rows of a statement, as texts by the names of their columns. What comes from outside is
  // never a part of `sql`, but one of `values`, for its question marks.
  json rows(const char* sql, const std::vector<std::string>& values = {}) const {
    sqlite3_stmt* row = nullptr;
    check(sqlite3_prepare_v2(db_.get(), sql, -1, &row, nullptr));
    const std::shared_ptr<sqlite3_stmt> owner(row, sqlite3_finalize);
    for (int i = 0; const std::string& text : values) {
      check(sqlite3_bind_text64(row, ++i, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
    }
    json all = json::array();
    while (sqlite3_step(row) == SQLITE_ROW) {
      json& one = all.emplace_back();
      for (int i = 0; i < sqlite3_column_count(row); ++i) {
        const auto* const text = static_cast<const char*>(sqlite3_column_blob(row, i));
        one[sqlite3_column_name(row, i)] = std::string(text, text + sqlite3_column_bytes(row, i));
      }
    }
    check(sqlite3_reset(row));  // says what the last step said
    return all;
  }

 private:
  void check(int result) const {
    if (result != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(db_.get()));
    }
  }
  std::shared_ptr<sqlite3> db_;
};

struct Note {
  std::string title, text;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Note, title, text)

std::string user_of(const Request& request) {  // empty: nobody has logged in
  return request.state<Session>().get("user", "");
}

void serve_login(prefork::App& app) {
  const auto keys = prefork::Keys::from_file(app.setting("keys", "keys"));
  prefork::Sessions(keys, {.max_age = std::chrono::hours(12)}).add_to(app);
  app.post("/login", [&app](const Request& request) {
    const std::string user = request.form("user", "");
    // For who is unknown the hash of nothing, which takes as long as a wrong password.
    const std::string hash = app.setting("user_" + user, "$6$nobody$");
    crypt_data room{};
    const char* const made = crypt_r(request.form("password", "").c_str(), hash.c_str(), &room);
    if (made == nullptr || made != hash) {
      throw Error(403, "wrong name or password");
    }
    request.state<Session>().set("user", user);
  });
  app.post("/logout", [](const Request& request) { request.state<Session>().clear(); });
}

}  // namespace

PREFORK_APP(app) {
  const prefork::PerThread<const Database> db([path = app.setting("database", "notes.db")] {
    return std::make_unique<const Database>(path);
  });
  const prefork::Topic changes = app.topic("changes", 64, 32 * 1024);
  app.on_worker_start([db](const prefork::Worker&) {
    db->rows("PRAGMA journal_mode = WAL");  // who reads does not wait for who writes
    db->rows(
        "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, author TEXT,"
        " title TEXT UNIQUE, text TEXT, made INTEGER DEFAULT (unixepoch()))");
  });
  app.body_limit(65'536).mount("/", app.setting("site", "site"), {.cache_control = "no-cache"});
  app.security_headers({.content_security_policy = "default-src 'self'; frame-ancestors 'none'"});
  serve_login(app);
  auto& api = app.group("/api");
  api.before([&app](const Request& request) {
    if (!app.setting("user_" + user_of(request))) {
      throw Error(401, "log in first").header("WWW-Authenticate", "Cookie");
    }
  });
  api.get("/events", prefork::on_loop, [changes](const Request& request) {
    return prefork::events(request, changes, {.heartbeat = std::chrono::seconds(15)});
  });
  api.get("/notes", [db] {
    return prefork::json(db->rows("SELECT * FROM notes ORDER BY id DESC LIMIT 100"));
  });
  const auto add = [db, changes](const Request& request, const Note& note) {
    if (note.title.empty() || note.title.size() > 200 || note.text.size() > 4'000) {
      throw Error(400, "a title has 1 to 200 bytes, and a text at most 4000");
    }
    const json made =
        db->rows("INSERT OR IGNORE INTO notes (author, title, text) VALUES (?, ?, ?) RETURNING *",
                 {user_of(request), note.title, note.text});
    if (made.empty()) {
      throw Error(409, "there is a note of that title");
    }
    changes.publish(prefork::json_text({{"note", made[0]}}));
    return prefork::json(made[0], 201);
  };
  api.post("/notes", [add](const Request& request) { return add(request, request.json<Note>()); });
  api.post("/files", [add](const Request& request) {
    const auto form = prefork::read_form(request, {.files = 1, .file_limit = 4'000});
    const prefork::FormFile& file = form.need_file("file");
    return add(request, {form.value<std::string>("title", file.filename()), file.text()});
  });
  api.del("/notes/{id}", [db, changes](const Request& request) {
    const std::vector<std::string> which{request.parameter<std::string>("id"), user_of(request)};
    if (db->rows("DELETE FROM notes WHERE id = ? AND author = ? RETURNING id", which).empty()) {
      throw Error(404, "you have no such note");
    }
    changes.publish(prefork::json_text({{"removed", which[0]}}));
  });

  const std::chrono::seconds pause(app.setting("sweep_seconds", 60));
  const std::string keep = std::to_string(app.setting("keep_seconds", 30 * 24 * 3600));
  app.every(pause, prefork::leader, prefork::on_pool(prefork::Priority::low), [=] {
    const char* const sql = "DELETE FROM notes WHERE made < unixepoch() - ? RETURNING id";
    for (const json& note : db->rows(sql, {keep})) {
      changes.publish(prefork::json_text({{"removed", note["id"]}}));
    }
  });
}
