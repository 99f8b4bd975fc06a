// A dashboard is restarted again and again while clients come, stay and go: by a listener that
// somebody else holds (as systemd does), and by hand-over to a successor. Nobody is refused, and
// whoever stays gets every sequence once.
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/lap_stream.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint64_t restarts = 100;
  std::string dashboard;
};

/// A listening socket that outlives every dashboard.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, SOMAXCONN) != 0 ||
        ::getsockname(socket_, generic, &size) != 0)
      throw std::runtime_error("cannot listen on loopback");
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int socket() const { return socket_; }
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

/// What the threads share. The first thing that goes wrong is kept.
struct Course {
  std::atomic<bool> over{false};
  std::atomic<bool> published{false};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> sent_away{0};
  std::mutex mutex;
  std::string fault;

  void fail(const std::string& what) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (fault.empty()) fault = what;
  }
  bool failed() {
    const std::lock_guard<std::mutex> lock(mutex);
    return !fault.empty();
  }
};

/// Connects, takes the end of the window, and leaves, over and over; and asks for a page between.
void come_and_go(std::uint16_t port, Course& course) {
  while (!course.over && !course.failed()) try {
      support::StreamClient client(port, "/v1/stream?from=last:200");
      ++course.connections;
      bool live = false;
      while (!live) {
        const std::optional<support::Message> message = client.next();
        if (!message) throw std::runtime_error("a stream ended without a Close");
        if (message->kind == support::Message::Kind::close && message->close_code != 1001)
          throw std::runtime_error("Close " + std::to_string(message->close_code));
        if (message->kind == support::Message::Kind::close) ++course.sent_away;
        live = message->kind == support::Message::Kind::close ||
               message->payload == R"({"type":"live"})";
      }
      const wire_test::HttpAnswer answer = wire_test::http(port, "GET", "/healthz");
      if (answer.status != 200)
        throw std::runtime_error("a request was answered with " + std::to_string(answer.status));
      ++course.requests;
    } catch (const std::exception& error) {
      course.fail(error.what());
    }
}

/// Follows from the first event to the last, resuming whenever it is sent away.
void stay(std::uint16_t port, StreamFollower& follower, Course& course) {
  try {
    follower.connect(port);
    while (!course.failed()) {
      const StreamFollower::End end = follower.take(std::chrono::milliseconds(500));
      if (end == StreamFollower::End::none) continue;
      if (course.over) break;  // all is sent, and nothing more comes
      follower.connect(port);
    }
  } catch (const std::exception& error) {
    course.fail(std::string("a client that stays: ") + error.what());
  }
}

void publish(wire_test::LoadProducer& producer, Course& course) {
  auto due = Clock::now();
  while (!course.published) {
    producer.publish(500);
    due += std::chrono::milliseconds(10);
    std::this_thread::sleep_until(due);
  }
}

/// The dashboard that serves now, however it came to be.
class Serving {
 public:
  Serving(const Options& options, std::string bus, const Listener& listener)
      : options_(options), bus_(std::move(bus)), listener_(listener) {
    // Successors are nobody's children else, and have to be waited for.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    start();
  }
  ~Serving() { stop(); }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  void restart() {
    stop();
    start();
  }

  void hand_over() {
    ::kill(pid_, SIGUSR2);
    wait();
    const std::vector<pid_t> now = support::processes_with(bus_);
    if (now.size() != 1)
      throw std::runtime_error(std::to_string(now.size()) + " dashboards after a hand-over");
    pid_ = now.front();
  }

 private:
  void start() {
    support::Process::Options options;
    options.listener = listener_.socket();
    options.command = {"--log-level", "error"};
    dashboard_ = std::make_unique<support::Dashboard>(options_.dashboard, bus_, options);
    pid_ = dashboard_->process().pid();
  }

  void stop() {
    ::kill(pid_, SIGTERM);
    wait();
  }

  void wait() {
    const bool first = dashboard_ != nullptr;
    int status = 0;
    if (first)
      status = dashboard_->process().wait();
    else
      ::waitpid(pid_, &status, 0);
    dashboard_.reset();
    if (status != 0)
      throw std::runtime_error("a dashboard ended with status " + std::to_string(status));
  }

  const Options& options_;
  std::string bus_;
  const Listener& listener_;
  std::unique_ptr<support::Dashboard> dashboard_;
  pid_t pid_ = -1;
};

int run_restart(const Options& options) {
  constexpr std::size_t kComing = 12;
  constexpr std::size_t kStaying = 6;
  const Workplace workplace;
  const std::string bus = (workplace.path() / "bus").string();
  wire_test::LoadProducer producer(bus, "load", "p",
                                   {.capacity_bytes = 256 << 20, .retain_events = 1 << 20});
  const Listener listener;
  Course course;
  std::vector<std::unique_ptr<StreamFollower>> followers;
  std::uint64_t longest_ms = 0;
  {
    Serving serving(options, bus, listener);
    std::vector<std::jthread> threads;
    const std::array<const char*, 3> modes = {"run", "event", "run"};
    for (std::size_t i = 0; i < kStaying; ++i) {
      StreamFollower::Options follow;
      follow.mode = modes.at(i % modes.size());
      followers.push_back(std::make_unique<StreamFollower>(follow, [](const Delivered& event) {
        const std::string fault = wire_test::load_fault(event.payload, event.sequence);
        if (!fault.empty()) throw std::runtime_error(fault);
      }));
      threads.emplace_back(
          [&, follower = followers.back().get()] { stay(listener.port(), *follower, course); });
    }
    for (std::size_t i = 0; i < kComing; ++i)
      threads.emplace_back([&] { come_and_go(listener.port(), course); });
    std::jthread publishing([&] { publish(producer, course); });
    for (std::uint64_t i = 0; i < options.restarts && !course.failed(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + 13 * (i % 7)));
      const auto begin = Clock::now();
      i % 2 == 0 ? serving.restart() : serving.hand_over();
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
      longest_ms = std::max(longest_ms, static_cast<std::uint64_t>(took.count()));
      std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " restarts", i + 1, options.restarts);
    }
    course.published = true;
    publishing.join();
    // What is published is given time to arrive before the last dashboard goes.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    course.over = true;
  }
  std::fprintf(stderr, "\n");
  std::uint64_t records = 0;
  std::uint64_t missed = 0;
  for (const auto& follower : followers) {
    records += follower->records();
    missed += follower->missed();
    if (follower->records() + follower->missed() != producer.next())
      course.fail("a client that stays has " + std::to_string(follower->records()) +
                  " events and " + std::to_string(follower->missed()) + " in gaps, of " +
                  std::to_string(producer.next()));
  }
  std::printf("restart: %" PRIu64 " restarts, half of them by hand-over, the longest %" PRIu64
              " ms; %" PRIu64 " streams and %" PRIu64 " requests, 0 refused; %" PRIu64
              " streams sent away before they were live; %zu clients that stay: %" PRIu64
              " events each once, %" PRIu64 " in gaps\n",
              options.restarts, longest_ms, course.connections.load(), course.requests.load(),
              course.sent_away.load(), followers.size(), records, missed);
  if (!course.failed()) return 0;
  std::fprintf(stderr, "ringside_campaign restart: %s\n", course.fault.c_str());
  return 1;
}

}  // namespace

Campaign add_restart(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser = app.add_subcommand(
      "restart", "Restarts a dashboard under load: nobody is refused, and nothing is lost");
  parser->add_option("--restarts", options->restarts, "How many")->capture_default_str();
  parser->add_option("--dashboard", options->dashboard, "The program")->required();
  return {parser, [options] {
            try {
              return run_restart(*options);
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign restart: %s\n", error.what());
              return 1;
            }
          }};
}

}  // namespace ringside::campaign
