#include "workers/worker/request_keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prefork::worker {
namespace {

constexpr ipc::Place kHere{0, 1};

// Answers with what it is given.
class OneHandler : public exchange::Application {
 public:
  exchange::RouteMatch match;

  [[nodiscard]] exchange::RouteMatch route(const http::Request&,
                                           exchange::RouteParameters&) const noexcept override {
    return match;
  }
};

class Sink : public exchange::CompletionSink {
 public:
  std::vector<std::uint64_t> delivered;

  void deliver_start(const exchange::Job&, std::unique_ptr<http::Response>) override {}
  void deliver(std::unique_ptr<exchange::Job> job) override {
    delivered.push_back(job->request.id);
  }
  void wake(exchange::ExchangeToken) override {}
};

class RequestKeeperTest : public testing::Test {
 protected:
  RequestKeeperTest() {
    request_.method_text = "POST";
    request_.target = "/orders";
    request_.body = "three apples";
    request_.id = 12;
  }

  [[nodiscard]] std::vector<ipc::KeptRequest> kept() const { return requests_.take(kHere, 100); }
  exchange::RouteMatch route() {
    exchange::RouteParameters parameters;
    return keeper_.route(request_, parameters);
  }

  const ipc::KeptRequests requests_{1};
  OneHandler application_;
  RequestKeeper keeper_{application_, requests_, kHere};
  http::Request request_;
  http::Response response_;
};

TEST_F(RequestKeeperTest, ARequestIsThereWhileItsHandlerRuns) {
  std::vector<ipc::KeptRequest> found;
  const exchange::Handler handler = [&](const http::Request&, http::Response& response) {
    found = kept();
    response.set_status(418);
  };
  application_.match.handler = &handler;
  (*route().handler)(request_, response_);
  EXPECT_EQ(response_.status(), 418);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, 12U);
  EXPECT_EQ(found[0].head,
            "POST /orders HTTP/1.1\r\nContent-Length: 12\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(found[0].body, "three apples");
  EXPECT_TRUE(kept().empty()) << "it has been answered";
}

TEST_F(RequestKeeperTest, ItIsGoneToWhenItsHandlerThrows) {
  const exchange::Handler handler = [](const http::Request&, http::Response&) {
    throw std::runtime_error("no");
  };
  application_.match.handler = &handler;
  EXPECT_THROW((*route().handler)(request_, response_), std::runtime_error);
  EXPECT_TRUE(kept().empty());
}

TEST_F(RequestKeeperTest, OnlyTheBeginningOfALongBodyIsKept) {
  const std::string body(ipc::KeptRequests::kMaxBodyBytes + 1, 'b');
  request_.body = body;
  std::vector<ipc::KeptRequest> found;
  const exchange::Handler handler = [&](const http::Request&, http::Response&) { found = kept(); };
  application_.match.handler = &handler;
  (*route().handler)(request_, response_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].body.size(), ipc::KeptRequests::kMaxBodyBytes);
  EXPECT_EQ(found[0].body_bytes, body.size());
  EXPECT_NE(found[0].head.find("Content-Length: 65536\r\n"), std::string::npos);
}

TEST_F(RequestKeeperTest, ManyAtATimeHaveABoxEachAndTheOthersNone) {
  std::size_t most = 0;
  int depth = 0;
  const exchange::Handler* wrapped = nullptr;
  const exchange::Handler handler = [&](const http::Request&, http::Response&) {
    if (++depth <= 70) {
      (*wrapped)(request_, response_);
    } else {
      most = kept().size();
    }
  };
  application_.match.handler = &handler;
  wrapped = route().handler;
  EXPECT_EQ(route().handler, wrapped) << "wrapped once";
  (*wrapped)(request_, response_);
  EXPECT_EQ(most, ipc::KeptRequests::kBoxes);
  depth = 70;
  (*wrapped)(request_, response_);
  EXPECT_EQ(most, 1U) << "all have been given back";
}

TEST_F(RequestKeeperTest, ADeferredRequestIsThereUntilItsAnswerIs) {
  std::unique_ptr<exchange::Job> later;
  const exchange::DeferredHandler handler = [&](std::unique_ptr<exchange::Job> job) {
    later = std::move(job);
  };
  application_.match.deferred = &handler;
  Sink sink;
  auto job = std::make_unique<exchange::Job>();
  job->own_request(request_);
  job->sink = &sink;
  (*route().deferred)(std::move(job));
  const ipc::KeptRequests::Box& box = requests_.box(kHere, 0);
  EXPECT_EQ(box.id.load(), 12U);
  exchange::CompletionSink& way = *later->sink;
  way.deliver(std::move(later));
  EXPECT_EQ(box.id.load(), 0U);
  EXPECT_EQ(sink.delivered, std::vector<std::uint64_t>{12});
}

TEST_F(RequestKeeperTest, WhatNobodyHandlesStaysAsItIs) {
  application_.match.status = 405;
  EXPECT_EQ(route().status, 405);
  EXPECT_FALSE(route().has_handler());
}

}  // namespace
}  // namespace prefork::worker
