// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

// Request: method, path, target, host, scheme, root_path, client, id
prefork::Response tell_target(const prefork::Request& request) {
  // GET /a%20b?q=tea&q=coffee
  std::string text(request.method());         // "GET"
  text.append(" ").append(request.path());    // "/a b"
  text.append(" ").append(request.target());  // "/a%20b?q=tea&q=coffee"
  text.append(" ").append(request.scheme()).append("://").append(request.host());
  text.append(request.root_path()).append(" ").append(request.client());
  return prefork::text(text + " is request " + std::to_string(request.id()) + "\n");
}

// Request: parameter
prefork::Response tell_item(const prefork::Request& request) {
  const std::string_view shop = request.parameter("shop");  // of "/shops/{shop}/items/{id}"
  const int id = request.parameter<int>("id");              // 404 where it is no number
  return prefork::text(std::string(shop) + ", " + std::to_string(id) + "\n");
}

// Request: query, queries, query_pairs
prefork::Response search_items(const prefork::Request& request) {
  // GET /items?q=tea&tag=green&tag=new&page=2
  const std::string wanted = request.query("q", "everything");
  const int page = request.query("page", 1);  // 400 where it is no number
  const std::optional<double> price = request.query<double>("price");
  std::string text = wanted + ", page " + std::to_string(page) + (price ? "" : ", at any price");
  for (const std::string& tag : request.queries("tag")) {
    text.append(", ").append(tag);
  }
  for (const auto& [name, value] : request.query_pairs()) {
    text.append("\n").append(name).append(" is ").append(value);
  }
  return prefork::text(text + "\nas sent: " + std::string(request.query()));
}

// Request: header, header_count
prefork::Response tell_fields(const prefork::Request& request) {
  if (request.header("if-match")) {
    return prefork::text("whatever case it was sent in\n");
  }
  std::string all;
  for (std::size_t i = 0; i < request.header_count(); ++i) {
    all.append(request.header(i).name).append(": ").append(request.header(i).value).append("\n");
  }
  return prefork::text(all);
}

// Request: cookie
prefork::Response greet_again(const prefork::Request& request) {
  return prefork::text("Hello, " + std::string(request.cookie("name").value_or("stranger")));
}

// Request: body, bytes
prefork::Response take_content(const prefork::Request& request) {
  return request.bytes().empty() ? prefork::text("nothing", 400)
                                 : prefork::text(std::string(request.body()));
}

// Request: form, forms, form_pairs
prefork::Response take_form(const prefork::Request& request) {
  // name=Ann&age=30&likes=tea&likes=cake
  const auto name = request.form("name");
  if (!name) {
    return prefork::text("a name is missing\n", 400);
  }
  const int age = request.form("age", 0);  // 400 where it is no number
  return prefork::text(*name + ", " + std::to_string(age) + ", likes " +
                       std::to_string(request.forms("likes").size()) + " things of " +
                       std::to_string(request.form_pairs().size()) + " values\n");
}

// Request: read
// With app.put("/files", prefork::upload(limit), count_content).
prefork::Response count_content(const prefork::Request& request) {
  std::array<char, 65536> room;
  std::size_t total = 0;
  while (const std::size_t got = request.read(room)) {
    total += got;
  }
  return prefork::text(std::to_string(total));
}

// Request: state, emplace_state, find_state
struct User {
  std::string name;
  bool is_admin = false;
};

void define_users(prefork::App& app) {
  app.before([](const prefork::Request& request) {
    if (const auto name = request.header("X-User")) {
      request.emplace_state<User>(User{std::string(*name), *name == "ann"});
    }
  });
  app.get("/me", [](const prefork::Request& request) {
    const User* const user = request.find_state<User>();
    return user != nullptr ? "hello, " + user->name : std::string("who are you?");
  });
  app.get("/users", [](const prefork::Request& request) {
    return request.state<User>().is_admin ? 200 : 403;  // without one: User{}
  });
}

// Request: early_hints
prefork::Response send_page(const prefork::Request& request) {
  request.early_hints({{"Link", "</app.css>; rel=preload; as=style"}});
  return prefork::html("<link rel=stylesheet href=/app.css>what takes a while to make");
}

// Request: after_response
prefork::Response take_order(const prefork::Request& request) {
  request.after_response([order = std::string(request.body())] {
    // nobody waits for it: mail a confirmation of the order
  });
  return prefork::text("thank you\n", 202);
}

// Request: is_gone
prefork::Response search(const prefork::Request& request) {
  for (int part = 0; part < 1000; ++part) {
    if (request.is_gone()) {
      break;  // nobody waits for it
    }
  }
  return prefork::text("searched\n");
}

// Request: stop_token, on_gone
prefork::Response run_query(const prefork::Request& request) {
  std::atomic<bool> is_cancelled = false;
  const auto watch = request.on_gone([&] { is_cancelled = true; });
  const std::stop_token token = request.stop_token();  // for what takes one
  int searched = 0;
  while (searched < 1000 && !is_cancelled && !token.stop_requested()) {
    ++searched;
  }
  return prefork::text("searched " + std::to_string(searched) + " parts\n");
}

// Request: trace
// Trace: trace_id, span_id, parent_id, traceparent, tracestate, is_sampled, attribute
prefork::Response ask_others(const prefork::Request& request) {
  const prefork::Trace trace = request.trace();
  trace.attribute("customer", "4711");
  return prefork::text("traceparent: " + std::string(trace.traceparent()) + "\n");
}

// Request: native
prefork::Response tell_version(const prefork::Request& request) {
  return prefork::text("HTTP/1." + std::to_string(request.native().version_minor) + "\n");
}
