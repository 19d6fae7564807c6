// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// Sharing: atomic
// Atomic: get, set, add, replace
void share_number(prefork::App& app) {
  const prefork::Atomic seats = app.atomic("seats");
  app.post("/seats", [seats](const prefork::Request&) {
    std::int64_t now = seats.get();
    while (now > 0 && !seats.replace(now, now - 1)) {
    }
    return prefork::text(std::to_string(now > 0 ? now - 1 : 0));
  });
  app.put("/seats", [seats](const prefork::Request&) {
    seats.set(100);
    return prefork::text(std::to_string(seats.add(1)));
  });
}

// Sharing: rate_limit
// RateLimit: take, allows
void share_rate(prefork::App& app) {
  const prefork::RateLimit logins = app.rate_limit("logins", 10, 1s, 20);
  app.post("/login", prefork::on_loop, [logins](const prefork::Request&) {
    if (const auto wait = logins.take(); wait.count() != 0) {
      return prefork::text("later\n", 429).header("Retry-After", "1");
    }
    return logins.allows(5) ? prefork::text("five more at once\n") : prefork::text("welcome\n");
  });
}

// Sharing: mutex
// Mutex: lock, try_lock
// Hold: owner_died, waited, give_back
void share_lock(prefork::App& app) {
  const prefork::Mutex index = app.mutex("index");
  app.post("/index", [index](const prefork::Request&) {
    prefork::Hold hold = index.lock(500ms);
    if (!hold) {
      return prefork::text(hold.waited() == prefork::Waited::timed_out ? "busy\n" : "no\n", 503);
    }
    if (hold.owner_died()) {
      // what it protects may be half changed: mend it
    }
    hold.give_back();
    return prefork::text(index.try_lock() ? "free\n" : "taken\n");
  });
}

// Sharing: semaphore
// Semaphore: acquire, try_acquire
// Hold: unit
void share_units(prefork::App& app) {
  const prefork::Semaphore licences = app.semaphore("licences", 3);
  app.get("/render", [licences](const prefork::Request&) {
    const prefork::Hold licence = licences.acquire(1s);
    if (!licence || !licences.try_acquire()) {
      return prefork::text("all are in use\n", 503);
    }
    return prefork::text("licence " + std::to_string(licence.unit()) + "\n");
  });
}

// Sharing: rw_lock
// RwLock: read, write, try_read, try_write
void share_readers(prefork::App& app) {
  const prefork::RwLock catalogue = app.rw_lock("catalogue");
  app.get("/catalogue", [catalogue](const prefork::Request&) {
    return prefork::text(catalogue.read(1s) || catalogue.try_read() ? "read\n" : "busy\n");
  });
  app.put("/catalogue", [catalogue](const prefork::Request&) {
    return prefork::text(catalogue.write(1s) || catalogue.try_write() ? "written\n" : "busy\n");
  });
}

// Sharing: event
// Event: set, clear, is_set, wait
void share_event(prefork::App& app) {
  const prefork::Event open = app.event("open");
  app.get("/door", [open](const prefork::Request&) {
    return prefork::text(open.is_set() || open.wait(5s) == prefork::Waited::done ? "come in\n"
                                                                                 : "closed\n");
  });
  app.put("/door", [open](const prefork::Request& request) {
    if (request.query("open")) {
      open.set();
    } else {
      open.clear();
    }
    return prefork::Response(204);
  });
}

// Sharing: once
// Once: run
void share_once(prefork::App& app) {
  const prefork::Once schema = app.once("schema");
  app.on_worker_start([schema, &app](const prefork::Worker&) {
    const prefork::Waited waited = schema.run(30s, [&app](bool owner_died) {
      app.log(prefork::LogLevel::info, owner_died ? "goes on with the schema" : "makes the schema");
    });
    if (waited != prefork::Waited::done) {
      throw std::runtime_error("the schema is not there");
    }
  });
}

// Sharing: barrier
// Barrier: arrive_and_wait
void share_barrier(prefork::App& app) {
  const prefork::Barrier both = app.barrier("both", 2);
  app.get("/meet", [both](const prefork::Request&) {
    return prefork::text(both.arrive_and_wait(5s) == prefork::Waited::done ? "met\n" : "alone\n");
  });
}

// Sharing: queue
// Queue: push, try_push, pop, try_pop
void share_queue(prefork::App& app) {
  const prefork::Queue mails = app.queue("mails", 1000, 4096);
  app.post("/mails", [mails](const prefork::Request& request) {
    return mails.try_push(request.body()) || mails.push(request.body(), 1s) == prefork::Waited::done
               ? prefork::Response(202)
               : prefork::text("full\n", 503);
  });
  app.get("/mails", [mails](const prefork::Request&) {
    std::optional<std::string> mail = mails.try_pop();
    if (!mail) {
      mail = mails.pop(1s);
    }
    return mail ? prefork::text(*mail) : prefork::Response(204);
  });
}

// Sharing: map
// Map: get, put, erase, update
void share_map(prefork::App& app) {
  const prefork::Map scores = app.map("scores", 1000);
  app.post("/scores/{who}", [scores](const prefork::Request& request) {
    scores.update(request.parameter("who"), [](std::optional<std::string> score) {
      return std::to_string((score ? std::stoi(*score) : 0) + 1);
    });
    const auto entry = scores.get(request.parameter("who"));
    return prefork::text(entry ? entry->value : "no room");
  });
  app.put("/scores/{who}", [scores](const prefork::Request& request) {
    const auto change = scores.put(request.parameter("who"), "0", prefork::Map::kNew);
    return prefork::Response(change == prefork::Map::Change::done ? 204 : 409);
  });
  app.del("/scores/{who}", [scores](const prefork::Request& request) {
    scores.erase(request.parameter("who"));
    return prefork::Response(204);
  });
}

// Sharing: topic
prefork::Topic share_topic(prefork::App& app) {
  return app.topic("news", 256, 4096);  // the last 256 pieces of at most 4 KiB
}
