// Does with its process, and with others, what applications do: ends it, forks, starts programs,
// changes signals. For tests of what comes of that.
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <prefork/app.hpp>
#include <string>
#include <thread>

extern char** environ;

namespace {

// Says in a file that it is destroyed, where a test wants to know.
struct Farewell {
  ~Farewell() {
    if (const char* const path = std::getenv("TEST_FAREWELL")) {
      const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
      if (::write(fd, "destroyed\n", 10) != 10) {
        std::abort();
      }
      ::close(fd);
    }
  }
} farewell;

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> room{};
  for (;;) {
    const auto size = ::read(fd, room.data(), room.size());
    if (size <= 0) {
      return text;
    }
    text.append(room.data(), static_cast<std::size_t>(size));
  }
}

constexpr const char* kSayHowItWasStarted =
    "grep -E '^Sig(Blk|Ign)' /proc/self/status; echo files $(ulimit -Sn)";

std::string output_of_popen() {
  std::FILE* const pipe = ::popen(kSayHowItWasStarted, "r");
  std::string text = read_to_end(::fileno(pipe));
  ::pclose(pipe);
  return text;
}

// What a program says that `start` has started, with standard output in a pipe.
template <typename Start>
std::string output_of(const Start& start) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return "no pipe";
  }
  const pid_t pid = start(ends[1]);
  ::close(ends[1]);
  std::string text = read_to_end(ends[0]);
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return text;
}

std::string output_of_fork_and_exec() {
  return output_of([](int out) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::dup2(out, STDOUT_FILENO);
      ::execl("/bin/sh", "sh", "-c", kSayHowItWasStarted, nullptr);
      ::_exit(127);
    }
    return pid;
  });
}

std::string output_of_posix_spawn() {
  return output_of([](int out) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    std::string shell = "sh";
    std::string option = "-c";
    std::string command = kSayHowItWasStarted;
    std::array<char*, 4> arguments = {shell.data(), option.data(), command.data(), nullptr};
    pid_t pid = -1;
    ::posix_spawn(&pid, "/bin/sh", &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    return pid;
  });
}

}  // namespace

PREFORK_APP(app) {
  if (std::getenv("TEST_GOES_ELSEWHERE") != nullptr) {
    if (::chdir("/") != 0) {
      std::abort();
    }
    app.mount("/public", "public");
  }
  // At load, as libraries do.
  if (std::getenv("TEST_CHANGES_SIGNALS") != nullptr) {
    for (const int signal : {SIGTERM, SIGPIPE, SIGCHLD, SIGINT, SIGHUP}) {
      std::signal(signal, SIG_IGN);
    }
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }

  app.get("/", prefork::on_loop, [](const prefork::Request&) { return prefork::text("alive\n"); });
  app.get("/popen", [](const prefork::Request&) { return prefork::text(output_of_popen()); });
  app.get("/fork-and-exec",
          [](const prefork::Request&) { return prefork::text(output_of_fork_and_exec()); });
  app.get("/posix-spawn",
          [](const prefork::Request&) { return prefork::text(output_of_posix_spawn()); });
  app.get("/exit/{code}", [](const prefork::Request& request) -> prefork::Response {
    ::_exit(std::atoi(std::string(request.parameter("code")).c_str()));
  });
  // A process that lives on with all that it has inherited, until it is ended; answers its number.
  app.get("/fork", [](const prefork::Request&) {
    const pid_t pid = ::fork();
    while (pid == 0) {
      ::pause();
    }
    return prefork::text(std::to_string(pid));
  });
  // Opens whatever it may, and leaves so many descriptors.
  app.get("/hoard/{left}", [](const prefork::Request& request) {
    int last = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int fd = last; fd >= 0; fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
      last = fd;
    }
    for (int left = std::atoi(std::string(request.parameter("left")).c_str()); left > 0; --left) {
      ::close(last--);
    }
    return prefork::text("hoarded\n");
  });
  // Whatever listens is to wait in accept(), as a library may set it that has found a socket.
  app.get("/make-listeners-wait", [](const prefork::Request&) {
    int made = 0;
    for (int fd = 3; fd < 1024; ++fd) {
      int listens = 0;
      socklen_t size = sizeof listens;
      if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) {
        made += ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK) == 0 ? 1 : 0;
      }
    }
    return prefork::text(std::to_string(made));
  });
  app.get("/shut-down-listeners", [](const prefork::Request&) {
    int made = 0;
    for (int fd = 3; fd < 1024; ++fd) {
      int listens = 0;
      socklen_t size = sizeof listens;
      if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) {
        made += ::shutdown(fd, SHUT_RDWR) == 0 ? 1 : 0;
      }
    }
    return prefork::text(std::to_string(made));
  });
  // Both processes come back from the handler.
  const auto fork_and_return = [](const prefork::Request&) {
    return prefork::text(::fork() < 0 ? "no fork" : "returned\n");
  };
  app.get("/fork-and-return", fork_and_return);
  app.get("/fork-and-return-on-the-loop", prefork::on_loop, fork_and_return);
  app.get("/become-another-program", [](const prefork::Request&) {
    ::execl("/bin/sleep", "sleep", "60", nullptr);
    return prefork::text("no exec", 500);
  });
  app.get("/forget-signals", [](const prefork::Request&) {
    for (int signal = 1; signal < NSIG; ++signal) {
      std::signal(signal, SIG_DFL);
    }
    return prefork::text("done\n");
  });
  // From the background, of the terminal that the server was started in.
  app.get("/read-terminal", [](const prefork::Request&) {
    char byte = 0;
    return prefork::text(::read(STDIN_FILENO, &byte, 1) < 0 ? "error" : "read");
  });
  app.get("/name", [](const prefork::Request&) {
    return prefork::text(std::string(program_invocation_name) + " " +
                         program_invocation_short_name);
  });
  app.get("/go-elsewhere", [](const prefork::Request&) {
    return prefork::text(::chdir("/") == 0 ? "gone\n" : "stayed\n");
  });
  app.get("/own-file", [](const prefork::Request&) { return prefork::file("own.txt"); });
  app.get("/hang-at-exit", [](const prefork::Request&) {
    std::atexit([] { ::pause(); });
    return prefork::text("will\n");
  });
  app.get("/sleep/{ms}", [](const prefork::Request& request) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::atoi(std::string(request.parameter("ms")).c_str())));
    return prefork::text("slept\n");
  });
  app.on_worker_stop([](const prefork::Worker&) {
    std::printf("printed\n");
    if (std::getenv("TEST_STOP_HOOK_HANGS") != nullptr) {
      ::pause();
    }
  });
  app.on_worker_start([](const prefork::Worker&) {
    if (const char* const ms = std::getenv("TEST_BOOT_MS")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(ms)));
    }
  });
}
