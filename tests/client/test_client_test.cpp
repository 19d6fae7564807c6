// <prefork/test.hpp>, as the tests of an application use it: built against the public headers and
// libprefork-test alone, with the application features.cpp linked in.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <prefork/test.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using prefork::App;
using prefork::Request;
using prefork::Response;
using prefork::TestClient;
using std::chrono_literals::operator""ms;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(TestClient, AsksTheApplicationThatIsLinkedIntoTheTest) {
  TestClient client;
  EXPECT_EQ(client.get("/loop").body(), "loop");
  EXPECT_EQ(client.get("/items/7/a/b").body(), "7|a/b");
  const prefork::TestResponse none = client.get("/nowhere");
  EXPECT_EQ(none.status(), 404);
  EXPECT_EQ(none.body(), "nothing at /nowhere");
}

TEST(TestClient, SendsMethodQueryFieldsCookiesAndForms) {
  TestClient client;
  client.cookies().set("c", "crumb");
  const prefork::TestResponse all = client.request("POST", "/all")
                                        .query("q", "a b&c")
                                        .header("User-Agent", "tester")
                                        .form({{"f", "x=1"}, {"g", "2"}})
                                        .send();
  EXPECT_EQ(all.status(), 200);
  EXPECT_EQ(all.body(), "POST /all q=a b&c agent=tester cookie=crumb form=x=1 bytes=11");
}

TEST(TestClient, MiddlewareAndErrorsOfTheApplicationAreThoseOfTheServer) {
  TestClient client;
  EXPECT_EQ(client.get("/loop", {{"X-Block", "1"}}).status(), 403);
  EXPECT_EQ(client.get("/loop").header("x-after"), "yes");
  const prefork::TestResponse caught = client.get("/throws");
  EXPECT_EQ(caught.status(), 418);
  EXPECT_EQ(caught.body(), "caught: on purpose");
}

TEST(TestClient, TheLineOfA500IsInTheLogWithTheAnswer) {
  TestClient client;
  EXPECT_EQ(client.get("/fails").status(), 500);
  EXPECT_TRUE(contains(client.log(), "no disk")) << client.log();
  EXPECT_EQ(client.get("/bad-field").status(), 500);
  EXPECT_TRUE(contains(client.log(), "GET /bad-field answered with 500")) << client.log();
}

TEST(TestClient, WaitsForALineOfTheLog) {
  TestClient client([](App& app) {
    app.get("/soon", [&app](const Request&) {
      app.log(prefork::LogLevel::info, "it was asked");
      return Response(204);
    });
  });
  EXPECT_EQ(client.get("/soon").status(), 204);
  EXPECT_TRUE(client.wait_for_log("it was asked"));
  client.patience(10ms);
  EXPECT_FALSE(client.wait_for_log("never said"));
}

TEST(TestClient, StreamsAreReadPieceByPieceAndEventsOneByOne) {
  TestClient client;
  EXPECT_EQ(client.get("/stream").body(), std::string(1'000'000, 'x'));
  prefork::TestStream events = client.stream("/events");
  EXPECT_EQ(events.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(events.event()->data, "one");
  const std::optional<prefork::TestEvent> two = events.event();
  ASSERT_TRUE(two);
  EXPECT_EQ(two->type, "kind");
  EXPECT_EQ(two->data, "two\nlines");
  EXPECT_FALSE(events.event());
  EXPECT_TRUE(events.is_complete());
}

TEST(TestClient, AClientThatLeavesIsGoneForTheHandler) {
  TestClient client;
  client.stream("/stream/endless").read();  // and left: the handler ends, else the end would wait
}

TEST(TestClient, AStreamThatThrowsIsNotComplete) {
  TestClient client([](App& app) {
    app.get("/cut", [](const Request&) {
      return prefork::stream([](prefork::Writer& out) {
        out.write("begun");
        throw std::runtime_error("the source is broken");
      });
    });
  });
  const prefork::TestResponse cut = client.get("/cut");
  EXPECT_EQ(cut.status(), 200);
  EXPECT_FALSE(cut.is_complete());
  EXPECT_TRUE(client.wait_for_log("the source is broken"));
}

TEST(TestClient, DeferredHandlersAnswerLater) {
  TestClient client;
  EXPECT_EQ(client.get("/later").body(), "later");
  EXPECT_EQ(client.get("/pieces").body().size(), 1'000'000U);
  EXPECT_EQ(client.get("/twice").body(), "first");
}

TEST(TestClient, UploadsAreSentInPiecesWhileTheHandlerReads) {
  TestClient client;
  prefork::TestStream upload = client.request("POST", "/upload").open_upload();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(upload.write(std::string(10'000, 'u')));
  }
  ASSERT_TRUE(upload.end());
  EXPECT_EQ(upload.response().body(), "1000000");
  EXPECT_EQ(client.post("/upload", std::string(3'000'000, 'u')).body(), "3000000");
}

TEST(TestClient, AnUploadThatWaitsForTheServersWordHearsIt) {
  TestClient client;
  prefork::TestStream upload =
      client.request("POST", "/upload").header("Expect", "100-continue").open_upload();
  EXPECT_EQ(upload.interim().status, 100);
  upload.write("four");
  upload.end();
  EXPECT_EQ(upload.response().body(), "4");
}

TEST(TestClient, MultipartIsWrittenAsOfRfc7578) {
  TestClient client([](App& app) {
    app.post("/", [](const Request& request) {
      return prefork::text(std::string(request.header("Content-Type").value_or("")) + "\n" +
                           std::string(request.body()));
    });
  });
  const std::string body =
      client.request("POST", "/")
          .multipart({{"title", "Mine"}, {"file", "abc", "a.txt", "text/plain"}})
          .send()
          .body();
  const std::string boundary = body.substr(30, body.find('\n') - 30);
  EXPECT_EQ(body, "multipart/form-data; boundary=" + boundary + "\n--" + boundary +
                      "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nMine\r\n--" +
                      boundary +
                      "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
                      "Content-Type: text/plain\r\n\r\nabc\r\n--" +
                      boundary + "--\r\n");
}

TEST(TestClient, KeepsCookiesAsABrowserDoes) {
  TestClient client([](App& app) {
    app.get("/set", [](const Request&) {
      return Response(204)
          .add_header("Set-Cookie", "session=abc; Path=/; HttpOnly")
          .add_header("Set-Cookie", "deep=1; Path=/deep");
    });
    app.get("/drop", [](const Request&) {
      return Response(204).header("Set-Cookie", "session=; Path=/; Max-Age=0");
    });
    app.get("/{rest...}", [](const Request& request) {
      return prefork::text(std::string(request.header("Cookie").value_or("none")));
    });
  });
  EXPECT_EQ(client.get("/set").cookie("session"), "abc");
  EXPECT_EQ(client.get("/here").body(), "session=abc");
  EXPECT_EQ(client.get("/deep/down").body(), "session=abc; deep=1");
  EXPECT_EQ(client.another().get("/here").body(), "none");
  client.get("/drop");
  EXPECT_EQ(client.get("/here").body(), "none");
}

TEST(TestClient, SettingsAreThoseOfTheCommandLine) {
  TestClient client(prefork_load, {"--limit-body", "1k", "--timeout-deferred", "20ms"});
  EXPECT_EQ(client.post("/all", std::string(2'000, 'x')).status(), 413);
  EXPECT_EQ(client.get("/never").status(), 504);
  try {
    TestClient(prefork_load, {"--limit-body", "much"});
    FAIL() << "the settings were accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(contains(error.what(), "--limit-body: 'much'")) << error.what();
  }
}

TEST(TestClient, WhatAnApplicationThrowsWhileItIsDefinedIsThrownByTheConstructor) {
  try {
    TestClient client([](App&) { throw std::runtime_error("no database"); });
    FAIL() << "the application was loaded";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "the application cannot be loaded: no database");
  }
  try {
    TestClient client([](App& app) {
      app.on_worker_start([](const prefork::Worker&) { throw std::runtime_error("no port"); });
    });
    FAIL() << "the worker was started";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "the application does not let this worker start: no port");
  }
}

// What happens in a worker's life, in its order.
TEST(TestClient, HooksOfAWorkersLifeRun) {
  std::mutex mutex;
  std::vector<std::string> life;
  const auto note = [&](std::string what) {
    const std::lock_guard lock(mutex);
    life.push_back(std::move(what));
  };
  {
    TestClient client([&note](App& app) {
      app.on_load([&note] { note("load"); });
      app.on_worker_start([&note](const prefork::Worker& worker) {
        note("start " + std::to_string(worker.slot) + " of " + std::to_string(worker.workers));
      });
      app.on_lead([&note](const prefork::Worker&) { note("lead"); });
      app.on_drain([&note](const prefork::Worker&) { note("drain"); });
      app.on_worker_stop([&note](const prefork::Worker&) { note("stop"); });
      const std::shared_ptr<void> held(nullptr, [&note](void*) { note("gone"); });
      app.get("/", [held, &note](const Request&) {
        note("request");
        return Response(204);
      });
    });
    EXPECT_EQ(client.get("/").status(), 204);
  }
  EXPECT_EQ(life, (std::vector<std::string>{"load", "start 0 of 1", "lead", "request", "drain",
                                            "stop", "gone"}));
}

TEST(TestClient, NumbersThingsTopicsAndTasksAreThere) {
  std::mutex mutex;
  std::string heard;
  std::condition_variable has_heard;
  TestClient client([&](App& app) {
    const prefork::Counter counter = app.counter("asked");
    const prefork::Atomic atomic = app.atomic("total");
    const prefork::Topic topic = app.topic("news", 16, 100);
    app.subscribe(topic, [&](const prefork::Message& message) {
      const std::lock_guard lock(mutex);
      heard = message.piece;
      has_heard.notify_all();
    });
    app.task("double", [](std::string_view argument) {
      return std::string(argument) + std::string(argument);
    });
    const prefork::Tasks tasks = app.tasks();
    app.get("/", [=, &app](const Request&) {
      counter.add(1);
      EXPECT_TRUE(topic.publish("extra"));
      return prefork::text(std::to_string(counter.sum()) + " " + std::to_string(atomic.add(2)) +
                           " " + tasks.submit("double", "ab").get() + " " +
                           (app.is_leader() ? "leads" : "follows"));
    });
  });
  EXPECT_EQ(client.get("/").body(), "1 2 abab leads");
  std::unique_lock lock(mutex);
  EXPECT_TRUE(has_heard.wait_for(lock, 10'000ms, [&] { return heard == "extra"; }));
}

TEST(TestClient, SeveralServersAndThreadsInOneProgramDoNotKnowEachOther) {
  const auto define = [](App& app) {
    const prefork::Atomic count = app.atomic("count");
    app.get("/", [count](const Request&) { return prefork::text(std::to_string(count.add(1))); });
  };
  TestClient one(define);
  TestClient two(define);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([client = one.another()]() mutable {
      for (int n = 0; n < 50; ++n) {
        EXPECT_EQ(client.get("/").status(), 200);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(one.get("/").body(), "201");
  EXPECT_EQ(two.get("/").body(), "1");
}

TEST(TestClient, SpeaksToAnApplicationInAFileAndToAFolder) {
  TestClient hello(PREFORK_TEST_APPS "/libtest_app_hello.so");
  EXPECT_EQ(hello.get("/").body(), "Hello, World!\n");
  TestClient folder(PREFORK_DEPLOY "/proxies", {"--listing"});
  EXPECT_EQ(folder.get("/Caddyfile").status(), 200);
  EXPECT_EQ(folder.get("/none").status(), 404);
  EXPECT_TRUE(contains(folder.get("/").body(), "haproxy.cfg"));
  EXPECT_THROW(TestClient("/no/such.so"), std::runtime_error);
}

TEST(TestClient, SendsBytesThatNoClientWould) {
  TestClient client;
  prefork::TestConnection connection = client.connect();
  connection.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  EXPECT_TRUE(connection.receive_all().starts_with("HTTP/1.1 400 "));
}

TEST(TestClient, SaysWhatItWasWaitingFor) {
  TestClient client(prefork_load, {"--timeout-deferred", "1h"});
  client.patience(20ms);
  try {
    client.get("/never");
    FAIL() << "there was an answer";
  } catch (const prefork::TestFailure& failure) {
    EXPECT_STREQ(failure.what(), "GET /never: nothing came from the server for 20 ms");
  }
}

TEST(TestClient, ARequestHasTheAddressThatLocalClientsHave) {
  TestClient client([](App& app) {
    app.get("/",
            [](const Request& request) { return prefork::text(std::string(request.client())); });
  });
  EXPECT_EQ(client.get("/").body(), "127.0.0.1:1");
  EXPECT_EQ(client.get("/", {{"X-Forwarded-For", "192.0.2.7"}}).body().substr(0, 9), "192.0.2.7");
}

}  // namespace
