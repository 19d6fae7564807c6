#include "server/native/native_topics.h"

#include <pthread.h>

#include <cerrno>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "ipc/base/alternate_stack.h"
#include "ipc/base/forked.h"
#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/running_function.h"

namespace prefork::native {

namespace {

using Entry = ipc::SharedTable::Entry;

// A publisher that dies before it wakes anybody delays what it has published by no more.
constexpr std::uint64_t kLongestNapNs = 500'000'000;

ipc::Topic to_topic(const Entry& thing) {
  auto& state = as<ipc::TopicState>(thing);
  return {state, thing.memory + sizeof state, {thing.spec.count, thing.spec.bytes}};
}

prefork_status publish_topic(prefork_app* app, std::uint32_t number, prefork_text piece) {
  const Entry* const thing = find_thing(app, number, ipc::SharedKind::topic);
  if (thing == nullptr || piece.size > thing->spec.bytes) {
    return PREFORK_WRONG;
  }
  const auto outcome = to_topic(*thing).publish(std::as_bytes(std::span(to_view(piece))));
  if (outcome != ipc::Outcome::done) {
    return PREFORK_TIMEOUT;
  }
  app->things.news->wake_in_turn();
  return PREFORK_OK;
}

prefork_status subscribe_topic(prefork_app* app, std::uint32_t number,
                               prefork_topic_handler handler, void* user_data) {
  const auto& things = app->things.list;
  if (app->is_loaded || handler == nullptr || number >= things.size() ||
      things[number].spec.kind != ipc::SharedKind::topic) {
    app->failure = "a topic is subscribed to with a function, while the application is loaded";
    return PREFORK_WRONG;
  }
  app->subscriptions.push_back({number, handler, user_data});
  return PREFORK_OK;
}

prefork_status read_topic(prefork_app* app, std::uint32_t number, std::uint64_t* next, char* room,
                          std::size_t size, std::size_t* got, std::uint64_t* lost) {
  const Entry* const thing = find_thing(app, number, ipc::SharedKind::topic);
  if (thing == nullptr || size < thing->spec.bytes) {
    return PREFORK_WRONG;
  }
  thread_local std::string piece;
  ipc::Topic::Cursor cursor{*next, 0};
  const bool is_there = to_topic(*thing).read(cursor, piece);
  *next = cursor.next;
  *lost = cursor.lost;
  if (!is_there) {
    return PREFORK_END;
  }
  *got = piece.copy(room, size);
  return PREFORK_OK;
}

}  // namespace

TopicListener::TopicListener(const SharedThings& things,
                             const std::vector<Subscription>& subscriptions)
    : news_(*things.news) {
  for (const Subscription& subscription : subscriptions) {
    const Entry& thing = things.list[subscription.thing];
    const ipc::Topic topic = to_topic(thing);
    followers_.push_back({topic, subscription, name_of(thing.spec), {topic.published(), 0}});
  }
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw std::runtime_error("the thread that follows topics could not be made: " +
                             error.code().message());
  }
}

TopicListener::~TopicListener() {
  is_stopping_ = true;
  news_.wake_all();
  thread_.join();
}

void TopicListener::run() {
  const ipc::AlternateStack alternate_stack;
  ::pthread_setname_np(::pthread_self(), "topics");
  while (!is_stopping_) {
    const std::uint32_t announced = news_.announce();
    if (!deliver() && !is_stopping_) {
      news_.sleep_in_turn(announced, kLongestNapNs);
    }
  }
}

// One of each topic in turn, so that a busy one does not hold up the others.
bool TopicListener::deliver() {
  bool found = false;
  for (Follower& follower : followers_) {
    if (!is_stopping_ && follower.topic.read(follower.cursor, piece_)) {
      found = true;
      const RunningFunction here(follower.name);
      const Subscription& subscription = follower.subscription;
      subscription.handler(subscription.user_data, {piece_.data(), piece_.size()},
                           std::exchange(follower.cursor.lost, 0));
      ipc::end_copy();
    }
  }
  return found;
}

void TopicNews::stop() {
  if (thread_.joinable()) {
    is_stopping_ = true;
    things_.news->wake_all();
    thread_.join();
  }
}

TopicNews::Id TopicNews::follow(std::uint32_t thing, std::uint64_t number,
                                std::function<void()> function) {
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      errno = error.code().value();
      return 0;
    }
  }
  const Id id = ++last_;
  Follower follower{thing, number, std::move(function)};
  if (has(follower)) {
    follower.function();
  } else {
    followers_.emplace(id, std::move(follower));
  }
  return id;
}

bool TopicNews::has(const Follower& follower) const {
  return to_topic(things_.list[follower.thing]).published() > follower.number;
}

void TopicNews::look() {
  for (auto next = followers_.begin(); next != followers_.end();) {
    const auto follower = next++;
    if (has(follower->second)) {
      follower->second.function();
      followers_.erase(follower);
    }
  }
}

std::uint64_t TopicNews::published() const {
  std::uint64_t all = 0;
  for (const Entry& thing : things_.list) {
    all += thing.spec.kind == ipc::SharedKind::topic ? to_topic(thing).published() : 0;
  }
  return all;
}

void TopicNews::run() {
  const ipc::AlternateStack alternate_stack;
  ::pthread_setname_np(::pthread_self(), "topic-news");
  std::uint64_t told = 0;
  while (!is_stopping_) {
    const std::uint32_t announced = things_.news->announce();
    if (const std::uint64_t now = published(); now != told) {
      told = now;
      scheduler_.tell([this] { look(); });
    } else if (!is_stopping_) {
      things_.news->sleep_in_turn(announced, kLongestNapNs);
    }
  }
}

void add_topic_functions(prefork_api& api) {
  api.read_topic = read_topic;
  api.publish_topic = publish_topic;
  api.subscribe_topic = subscribe_topic;
}

}  // namespace prefork::native
