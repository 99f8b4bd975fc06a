// Hostile clients of every known kind, while live clients follow a producer: those miss nothing,
// requests are answered, and the dashboard's memory stays what it was, more or less.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/lap_stream.hpp"
#include "tests/campaign/many_clients.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

using Clock = std::chrono::steady_clock;
using support::Connection;

constexpr std::size_t kLiveClients = 5;
constexpr std::uint64_t kMaxClients = 400;
/// For an answer to /healthz while all this goes on: nobody should be kept waiting by others.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::seconds kAnswerLimit{30};
#else
constexpr std::chrono::seconds kAnswerLimit{2};
#endif
/// What requests, sessions and their buffers may take at the same time.
constexpr std::uint64_t kGrownBytes = 64 * 1024 * 1024;

struct Options {
  double seconds = 60;
  std::string dashboard;
};

/// Sends; a server that hangs up is what is wanted.
void send(const Connection& connection, std::string_view bytes) {
  try {
    connection.send(bytes);
  } catch (const std::runtime_error&) {
    return;
  }
}

std::string upgrade_request(const std::string& target) {
  return "GET " + target +
         " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

using Crowds = std::vector<std::unique_ptr<Connection>>;

Crowds open_many(std::uint16_t port, std::size_t count, const std::string& first) {
  Crowds crowd;
  for (std::size_t i = 0; i < count; ++i) {
    crowd.push_back(std::make_unique<Connection>(port, 4096));
    send(*crowd.back(), first);
  }
  return crowd;
}

void pause(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// --- Attacks: each lasts about so many seconds --------------------------------------------------

/// Connections that the dashboard has accepted so far, as it says itself.
double accepted(std::uint16_t port) {
  const std::string name = "\nringside_connections_total ";
  const std::string text = wire_test::http(port, "GET", "/metrics").body;
  const std::size_t at = text.find(name);
  if (at == std::string::npos) throw std::runtime_error("/metrics lists no connections");
  return std::stod(text.substr(at + name.size()));
}

/// slowhttptest in one of its four modes.
void slow_http(std::uint16_t port, const std::string& mode, double seconds) {
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/window/load/p";
  std::vector<std::string> command = {"/usr/bin/slowhttptest",
                                      "-" + mode,
                                      "-c",
                                      "1000",
                                      "-r",
                                      "500",
                                      "-i",
                                      "1",
                                      "-p",
                                      "3",
                                      "-u",
                                      url,
                                      "-l",
                                      std::to_string(std::max(2, static_cast<int>(seconds)))};
  if (mode == "X") command.insert(command.end(), {"-w", "1", "-y", "16", "-n", "1", "-z", "32"});
  const double before = accepted(port);
  const support::Outcome outcome =
      support::run_command(command, {}, std::chrono::seconds(static_cast<int>(seconds) + 30));
  // It exits with 0 whatever it met; how many it was, the dashboard knows.
  const double connections = accepted(port) - before;
  if (connections < 500)
    throw std::runtime_error("slowhttptest made " + std::to_string(connections) +
                             " connections: " + outcome.errors.substr(0, 200));
}

void half_open(std::uint16_t port, double seconds) {
  const std::string request = upgrade_request("/v1/stream");
  const Crowds crowd = open_many(port, 1000, request.substr(0, request.size() - 10));
  pause(seconds);
}

void beyond_max_clients(std::uint16_t port, double seconds) {
  std::uint64_t refused = 0;
  std::vector<std::unique_ptr<Connection>> kept;
  for (std::uint64_t i = 0; i < kMaxClients + 200; ++i) {
    kept.push_back(std::make_unique<Connection>(port, 4096));
    send(*kept.back(), upgrade_request("/v1/stream?from=latest"));
    std::array<char, 16> head{};
    kept.back()->receive(head.data(), head.size(), std::chrono::seconds(5));
    if (std::string_view(head.data(), 12) == "HTTP/1.1 503") ++refused;
  }
  if (refused < 200) throw std::runtime_error("more clients than --max-clients were let in");
  pause(seconds / 2);
}

void downloads_not_taken(std::uint16_t port, double seconds) {
  const Crowds crowd =
      open_many(port, 300, "GET /v1/window/load/p HTTP/1.1\r\nHost: localhost\r\n\r\n");
  pause(seconds);
}

void pipelined_floods(std::uint16_t port, double seconds) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "GET /v1/segments HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      while (Clock::now() < end) {
        const Connection connection(port, 4096);
        const timeval limit{1, 0};
        ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        send(connection, many);
      }
    });
}

void oversized_requests(std::uint16_t port, double seconds) {
  const std::string host = "Host: localhost\r\n";
  std::string headers;
  for (int i = 0; i < 100'000; ++i) headers.append("X").append(std::to_string(i)).append(": y\r\n");
  const std::vector<std::string> requests = {
      "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n" + host + "\r\n",
      "GET / HTTP/1.1\r\n" + host + headers + "\r\n",
      "GET / HTTP/1.1\r\n" + host + "X: " + std::string(8 << 20, 'b') + "\r\n\r\n",
      "GET / HTTP/1.1\r\n" + std::string(1 << 20, 'c') + ": d\r\n\r\n",
      "GET / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n",
      std::string(1 << 20, '\n'),
      std::string(1 << 20, '\0'),
      upgrade_request("/v1/stream?resume=" + std::string(100'000, '0'))};
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end)
    for (const std::string& request : requests) {
      const Connection connection(port);
      send(connection, request);
      std::array<char, 12> head{};
      connection.receive(head.data(), head.size(), std::chrono::seconds(5));
      const std::string_view answer(head.data(), 9);
      if (answer != "HTTP/1.1 ") throw std::runtime_error("an oversized request was not answered");
    }
}

void hostile_frames(std::uint16_t port, double seconds) {
  using support::client_frame;
  std::string pings;
  std::string nothings = client_frame(0x02, "");
  for (int i = 0; i < 100'000; ++i) {
    pings += client_frame(0x89, std::string(125, 'p'));
    nothings += client_frame(0x00, "");
  }
  const std::vector<std::string> attacks = {
      pings,
      nothings,
      std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask", 14),
      std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask", 14),
      std::string(1 << 20, '\x82'),
      client_frame(0x01, std::string(1 << 20, 'x')),
      client_frame(0x88, std::string(100, '\xFF'))};
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end)
    for (const std::string& attack : attacks)
      for (const std::string target : {"/v1/stream", "/v1/echo"}) {
        const Connection connection(port, 4096);
        const timeval limit{1, 0};
        ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        send(connection, upgrade_request(target) + attack);
      }
}

struct Attack {
  std::string name;
  std::function<void(std::uint16_t, double)> run;
};

std::vector<Attack> attacks() {
  std::vector<Attack> all = {{"half-open handshakes", half_open},
                             {"more clients than allowed", beyond_max_clients},
                             {"downloads that nobody takes", downloads_not_taken},
                             {"pipelined floods", pipelined_floods},
                             {"oversized requests", oversized_requests},
                             {"hostile frames", hostile_frames}};
  for (const char* const mode : {"H", "B", "R", "X"})
    all.push_back({std::string("slowhttptest -") + mode,
                   [mode](std::uint16_t port, double seconds) { slow_http(port, mode, seconds); }});
  return all;
}

// --- Those that must not notice ------------------------------------------------------------------

class SiegeCampaign {
 public:
  explicit SiegeCampaign(const Options& options)
      : options_(options),
        producer_(bus(), "load", "p", {.capacity_bytes = 64 << 20, .retain_events = 1 << 18}),
        dashboard_((producer_.publish(150'000), options.dashboard), bus(),
                   {"--echo", "--log-level", "off", "--max-clients", std::to_string(kMaxClients)}) {
  }

  int run() {
    const std::uint64_t before = private_bytes(dashboard_.process().pid());
    for (std::size_t i = 0; i < kLiveClients; ++i) {
      followers_.push_back(
          std::make_unique<StreamFollower>(StreamFollower::Options{}, [](const Delivered& event) {
            const std::string fault = wire_test::load_fault(event.payload, event.sequence);
            if (!fault.empty()) throw std::runtime_error(fault);
          }));
      followers_.back()->connect(dashboard_.port());
    }
    {
      std::vector<std::jthread> threads;
      for (const auto& follower : followers_)
        threads.emplace_back([this, one = follower.get()] { follow(*one); });
      threads.emplace_back([this] { publish(); });
      threads.emplace_back([this] { watch(); });
      attack_all();
      published_ = true;
      pause(1);  // for what was published last
      over_ = true;
    }
    std::uint64_t records = 0;
    std::uint64_t gaps = 0;
    std::uint64_t connections = 0;
    for (const auto& follower : followers_) {
      records += follower->records();
      gaps += follower->gaps();
      connections += follower->connections();
      if (follower->records() != producer_.next() || follower->gaps() > 0)
        fail("a live client has " + std::to_string(follower->records()) + " of " +
             std::to_string(producer_.next()) + " events");
    }
    const std::uint64_t grown = most_ > before ? most_ - before : 0;
    if (is_beyond(grown, kGrownBytes))
      fail("the dashboard took " + std::to_string(grown >> 20) + " MiB more");
    std::printf("flood: %zu attacks; %zu live clients, %" PRIu64 " events, %" PRIu64
                " gaps, %" PRIu64 " reconnects; /healthz answered %" PRIu64
                " times, the slowest after %" PRIu64 " ms; memory at most %" PRIu64
                " KiB more than at rest\n",
                attacks().size(), kLiveClients, records, gaps, connections - kLiveClients, answers_,
                slowest_ms_, grown / 1024);
    if (fault_.empty()) return 0;
    std::fprintf(stderr, "ringside_campaign flood: %s\n", fault_.c_str());
    return 1;
  }

 private:
  std::string bus() const { return (workplace_.path() / "bus").string(); }

  void fail(const std::string& what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (fault_.empty()) fault_ = what;
    over_ = true;
  }

  void attack_all() {
    const std::vector<Attack> all = attacks();
    for (const Attack& attack : all) {
      if (over_) return;
      std::fprintf(stderr, "%s\n", attack.name.c_str());
      try {
        attack.run(dashboard_.port(), options_.seconds / static_cast<double>(all.size()));
      } catch (const std::exception& error) {
        fail(attack.name + ": " + error.what());
      }
    }
  }

  void follow(StreamFollower& follower) {
    try {
      while (!over_)
        if (follower.take(std::chrono::seconds(5)) != StreamFollower::End::none && !over_)
          throw std::runtime_error("a live client was cut off");
    } catch (const std::exception& error) {
      fail(error.what());
    }
  }

  void publish() {
    while (!over_ && !published_) {
      producer_.publish(20);
      pause(0.01);
    }
  }

  void watch() {
    while (!over_) try {
        const auto begin = Clock::now();
        if (wire_test::http(dashboard_.port(), "GET", "/healthz").status != 200)
          throw std::runtime_error("/healthz was not answered");
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
        if (took > kAnswerLimit)
          throw std::runtime_error("/healthz took " + std::to_string(took.count()) + " ms");
        slowest_ms_ = std::max(slowest_ms_, static_cast<std::uint64_t>(took.count()));
        ++answers_;
        most_ = std::max(most_, private_bytes(dashboard_.process().pid()));
        pause(0.05);
      } catch (const std::exception& error) {
        fail(error.what());
      }
  }

  const Options& options_;
  Workplace workplace_;
  wire_test::LoadProducer producer_;
  support::Dashboard dashboard_;
  std::vector<std::unique_ptr<StreamFollower>> followers_;
  std::atomic<bool> over_{false};
  std::atomic<bool> published_{false};
  std::mutex mutex_;
  std::string fault_;
  std::uint64_t answers_ = 0;
  std::uint64_t slowest_ms_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace

Campaign add_flood(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser = app.add_subcommand(
      "flood", "Hostile clients of every known kind, slowhttptest among them, beside live ones");
  parser->add_option("--seconds", options->seconds, "Of all attacks together")
      ->capture_default_str();
  parser->add_option("--dashboard", options->dashboard, "The program")->required();
  return {parser, [options] {
            try {
              if (::access("/usr/bin/slowhttptest", X_OK) != 0)
                throw std::runtime_error("needs slowhttptest; scripts/install.sh --tests has it");
              allow_descriptors(8192);
              return SiegeCampaign(*options).run();
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign flood: %s\n", error.what());
              return 1;
            }
          }};
}

}  // namespace ringside::campaign
