#include "workers/testing/test_worker.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "config/options/pool_options.h"
#include "ipc/base/monotonic.h"
#include "workers/worker/serving_settings.h"

namespace prefork::testing {

namespace {

constexpr std::uint32_t kGeneration = 1;

ipc::OwnedFd make_event() {
  ipc::OwnedFd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event.valid()) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  return event;
}

// As over TCP: the address of this machine, with a port that nobody else had.
ipc::PeerAddress make_peer(std::uint16_t port) {
  ipc::PeerAddress peer;
  peer.family = ipc::PeerAddress::Family::ipv4;
  peer.port = port;
  peer.bytes = {127, 0, 0, 1};
  return peer;
}

}  // namespace

TestWorker::Commons::Commons(const config::Options& options)
    : tasks({1, options.tasks.queue, options.tasks.bytes}) {
  segment.header().slots_in_use.store(1);
  segment.header().generation.store(kGeneration);
  ipc::WorkerRecord& record = segment.record({0, 0});
  record.pid.store(::getpid());
  record.epoch.store(1);
  record.generation.store(kGeneration);
  record.state.store(ipc::ProcessState::ready);
  ipc::TaskRecord& task_record = tasks.record({0, 0});
  task_record.pid.store(::getpid());
  task_record.generation.store(kGeneration);
  task_record.state.store(ipc::ProcessState::ready);
}

TestWorker::TestWorker(const config::Options& options,
                       const native::NativeApplication::Entry& entry, TestLog& log)
    : options_(options),
      log_(log),
      commons_(options_),
      context_{options_,
               commons_.listeners,
               commons_.segment,
               commons_.inboxes,
               commons_.leadership,
               commons_.things,
               nullptr,
               nullptr,
               "",
               -1,
               log.log(),
               commons_.control,
               {0, 0},
               1,
               kGeneration,
               ::getppid(),
               ipc::monotonic_ns(),
               {}},
      wake_fd_(make_event()),
      end_timer_(loop_, [this] { loop_.stop(); }) {
  const config::LogOptions& logging = options_.logging;
  const auto opened =
      access_log_.open(logging.access_log, logging.access_log_format, {0, kGeneration});
  if (!opened.ok()) {
    throw std::runtime_error(opened.problem().text);
  }
  try {
    load(entry);
    start();
  } catch (...) {
    leave();
    throw;
  }
}

TestWorker::~TestWorker() {
  server_->abandon_all();
  served_->scheduler().set_executor(nullptr);
  pools_.reset();
  served_->stop();
  leave();
}

// What the application still holds, it may give back to all the others.
void TestWorker::leave() {
  if (tasks_ != nullptr) {
    tasks_->leave();
    tasks_.reset();
  }
  application_.reset();
}

void TestWorker::load(const native::NativeApplication::Entry& entry) {
  if (options_.target.kind != config::ServeTarget::Kind::application) {
    return;
  }
  const auto report_line = [&log = log_.log()](config::LogLevel level, std::string_view line) {
    log.write(level, line);
  };
  auto loaded = entry
                    ? native::NativeApplication::load("the application", entry,
                                                      options_.application, report_line)
                    : native::NativeApplication::load(native::ApplicationFile{options_.target.path},
                                                      options_.application, report_line);
  if (!loaded.ok()) {
    throw std::runtime_error(loaded.problem().text);
  }
  application_ = std::move(loaded).value();
  context_.preloaded = application_.get();
  if (application_->has_tasks()) {
    context_.tasks = &commons_.tasks;
  }
}

void TestWorker::start() {
  served_ = std::make_unique<worker::ServedApplication>(context_, loop_);
  pools_ = std::make_unique<pool::Pools>(
      config::pool_classes(options_), options_.processes.pool_order,
      commons_.segment.record(context_.id), [](std::unique_ptr<exchange::Job> job) {
        exchange::CompletionSink* const sink = job->sink;
        sink->deliver(std::move(job));
      });
  served_->scheduler().set_executor(pools_.get());
  server_ = std::make_unique<engine::HttpServer>(
      loop_, worker::serving_settings(context_, *served_), served_->application(),
      commons_.segment.record(context_.id), access_log_, *this, pools_.get());
  if (context_.tasks != nullptr) {
    tasks_ = std::make_unique<task::TaskRunner>(context_, *application_);
    tasks_->start();
  }
  served_->start();
  served_->on_tick();  // it leads from the start on
  server_->start({});
  loop_.watch(wake_fd_.get(), [this] { on_wake(); });
  loop_.watch(log_.fd(), [this] { log_.take_in(); });
}

void TestWorker::run() { loop_.run(); }

ipc::OwnedFd TestWorker::connect() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a connection");
  }
  ipc::OwnedFd client_end(pair[0]);
  ipc::OwnedFd server_end(pair[1]);
  if (::fcntl(server_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a connection");
  }
  {
    const std::lock_guard lock(wanted_.mutex);
    wanted_.connections.push_back(std::move(server_end));
  }
  wake();
  return client_end;
}

void TestWorker::stop() {
  {
    const std::lock_guard lock(wanted_.mutex);
    wanted_.is_stopping = true;
  }
  wake();
}

void TestWorker::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_.get(), &one, sizeof one);
}

void TestWorker::on_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_fd_.get(), &count, sizeof count);
  std::vector<ipc::OwnedFd> connections;
  bool is_stopping = false;
  {
    const std::lock_guard lock(wanted_.mutex);
    connections.swap(wanted_.connections);
    is_stopping = wanted_.is_stopping;
  }
  for (ipc::OwnedFd& socket : connections) {
    ipc::HandedConnection about;
    about.peer = make_peer(++last_port_);
    server_->adopt(std::move(socket), about);
  }
  if (is_stopping && !std::exchange(is_stopping_, true)) {
    begin_to_stop();
  }
}

void TestWorker::begin_to_stop() {
  end_timer_.arm(loop_.refresh_now() + ipc::to_ns(options_.processes.graceful_timeout));
  served_->drain();
  server_->drain(engine::DrainMode::close);
}

bool TestWorker::on_tick(std::uint64_t now_ns) {
  served_->on_tick();
  const pool::Pools::Look look = pools_->look(now_ns);
  for (const std::string& line : look.lines) {
    report(config::LogLevel::warning, line);
  }
  return look.somebody_waits;
}

void TestWorker::report(config::LogLevel level, std::string_view line) {
  log_.log().write(level, line);
}

}  // namespace prefork::testing
