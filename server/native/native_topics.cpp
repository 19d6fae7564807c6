#include "server/native/native_topics.h"

#include <pthread.h>

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

void add_topic_functions(prefork_api& api) {
  api.publish_topic = publish_topic;
  api.subscribe_topic = subscribe_topic;
}

}  // namespace prefork::native
