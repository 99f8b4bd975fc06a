// A mutation fuzzer over real connections: requests, upgrades and frames that are almost right. The
// dashboard lives, what it answers is HTTP and WebSocket, and nothing of it is left afterwards.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/many_clients.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/support/stream_client.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

constexpr std::size_t kThreads = 4;
/// What the heap may have grown by, at rest again.
constexpr std::uint64_t kGrownBytes = 8 * 1024 * 1024;

struct Options {
  std::uint64_t connections = 100'000;
  std::uint64_t seed = 1;
  std::string dashboard;
};

using Random = std::mt19937_64;

std::string upgrade(const std::string& target) {
  return "GET " + target +
         " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

/// What is right, and is made wrong. Frames follow an upgrade; `intact` bytes of it are left alone
/// most of the time, so that the mutations reach what lies behind.
struct Seed {
  std::string bytes;
  std::size_t intact = 0;
};

std::vector<Seed> seeds() {
  using support::client_frame;
  const std::string frames = client_frame(0x81, "hello") + client_frame(0x01, "frag") +
                             client_frame(0x89, "ping") + client_frame(0x80, "ment \xC3\xA9") +
                             client_frame(0x82, std::string(300, '\0')) +
                             client_frame(0x02, std::string(70'000, 'x')) + client_frame(0x80, "") +
                             client_frame(0x88, std::string("\x03\xE8"
                                                            "bye",
                                                            5));
  std::vector<Seed> all;
  for (const std::string& target :
       {std::string("/v1/echo"), std::string("/v1/stream"),
        std::string("/v1/stream?mode=json&from=last:3&channels=load"),
        std::string("/v1/stream?mode=event&resume=0123456789abcdef:17&max_message=4096")}) {
    const std::string head = upgrade(target);
    all.push_back({head + frames, head.size()});
    all.push_back({head, 0});
  }
  for (const char* const target : {"/", "/healthz", "/v1/segments", "/metrics", "/v1/window/load/p",
                                   "/%2e%2e/etc/passwd", "/data/x?token=%41"})
    all.push_back({std::string("GET ") + target +
                       " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nRange: bytes=0-9\r\n"
                       "If-None-Match: \"x\", W/\"y\"\r\nOrigin: http://localhost\r\n\r\nHEAD / "
                       "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                   0});
  all.push_back(
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
       "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       0});
  return all;
}

std::string mutated(const Seed& seed, const std::vector<Seed>& all, Random& random) {
  std::string bytes = seed.bytes;
  const auto below = [&random](std::size_t most) {
    return static_cast<std::size_t>(random() % std::max<std::size_t>(most, 1));
  };
  const std::size_t from = random() % 8 == 0 ? 0 : std::min(seed.intact, bytes.size());
  for (std::uint64_t turns = 1 + random() % 4; turns > 0; --turns) {
    const std::size_t at = from + below(bytes.size() - std::min(from, bytes.size()));
    const std::size_t length = below(std::min<std::size_t>(bytes.size() - at, 64)) + 1;
    switch (random() % 7) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.erase(std::min(at, bytes.size()), length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(std::min(at, bytes.size()), length));
        break;
      case 4: {
        const std::string& other = all[below(all.size())].bytes;
        bytes.insert(at, other.substr(below(other.size()), length));
        break;
      }
      case 5:
        bytes.resize(at);
        break;
      default:
        bytes.insert(at, std::string(below(4) == 0 ? 20'000 : 10, static_cast<char>(random())));
        break;
    }
  }
  return bytes;
}

/// Why `answer` is neither HTTP nor WebSocket; empty if it is.
std::string fault_of(std::string_view answer) {
  if (answer.empty()) return {};
  if (!answer.starts_with("HTTP/1.1 ")) return "an answer that is not HTTP";
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return "an answer without an end of its head";
  if (answer.substr(9, 3) != "101") return {};
  answer.remove_prefix(end + 4);
  while (answer.size() >= 2) {
    const auto byte = [&answer](std::size_t i) { return static_cast<std::uint8_t>(answer[i]); };
    const unsigned opcode = byte(0) & 0xFU;
    if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0 || (opcode > 2 && opcode < 8) || opcode > 10)
      return "a frame that no server may send";
    std::uint64_t length = byte(1);
    const std::size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (answer.size() < 2 + wide) return {};
    if (wide > 0) length = 0;
    for (std::size_t i = 0; i < wide; ++i) length = length << 8 | byte(2 + i);
    if (answer.size() < 2 + wide + length) return {};
    answer.remove_prefix(2 + wide + static_cast<std::size_t>(length));
  }
  return {};
}

/// One connection: `bytes`, in pieces, and all that comes back.
std::string exchange(std::uint16_t port, const std::string& bytes, Random& random) {
  const support::Connection connection(port);
  const std::size_t piece = random() % 4 == 0 ? 1 + random() % 50 : bytes.size() + 1;
  try {
    // Short pieces for the first of it: one packet a byte takes its time.
    std::size_t at = 0;
    for (int i = 0; i < 20 && at < bytes.size(); ++i, at += piece)
      connection.send(std::string_view(bytes).substr(at, piece));
    if (at < bytes.size()) connection.send(std::string_view(bytes).substr(at));
  } catch (const std::runtime_error&) {
    // It hung up already, as it may.
  }
  ::shutdown(connection.descriptor(), SHUT_WR);
  std::string answer;
  std::array<char, 65536> buffer{};
  const timeval limit{20, 0};
  ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  while (true) {
    const ssize_t got = ::recv(connection.descriptor(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw std::runtime_error("a connection that we have closed is still open after 20 s");
    if (got <= 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int run_noise(const Options& options) {
  const Workplace workplace;
  const std::string bus = (workplace.path() / "bus").string();
  wire_test::LoadProducer producer(bus, "load", "p");
  producer.publish(100);
  support::Dashboard dashboard(options.dashboard, bus, {"--echo", "--log-level", "off"});
  const int pid = dashboard.process().pid();
  if (wire_test::http(dashboard.port(), "GET", "/healthz").status != 200)
    throw std::runtime_error("no dashboard");
  const std::uint64_t descriptors = open_descriptors(pid);
  const std::uint64_t memory = private_bytes(pid);
  const std::vector<Seed> all = seeds();
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> upgraded{0};
  std::atomic<bool> failed{false};
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        for (std::uint64_t i = next++; i < options.connections && !failed; i = next++) try {
            // Each connection has dice of its own, so that it can be thrown again.
            Random random(options.seed * 1'000'000'007 + i);
            const std::string bytes = mutated(all[i % all.size()], all, random);
            const std::string answer = exchange(dashboard.port(), bytes, random);
            answered += answer.empty() ? 0 : 1;
            upgraded += answer.starts_with("HTTP/1.1 101") ? 1 : 0;
            const std::string fault = fault_of(answer);
            if (!fault.empty()) throw std::runtime_error(fault);
            if (i % 10'000 == 9'999) std::fprintf(stderr, "%" PRIu64 " connections\n", i + 1);
          } catch (const std::exception& error) {
            failed = true;
            std::fprintf(
                stderr, "ringside_campaign noise: connection %" PRIu64 " of seed %" PRIu64 ": %s\n",
                i, options.seed, error.what());
          }
      });
  }
  if (wire_test::http(dashboard.port(), "GET", "/healthz").status != 200)
    throw std::runtime_error("the dashboard does not answer any more");
  std::uint64_t left = open_descriptors(pid);
  for (int i = 0; i < 50 && left > descriptors; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    left = open_descriptors(pid);
  }
  const std::uint64_t now = private_bytes(pid);
  std::printf("noise: %" PRIu64 " connections, %" PRIu64 " answered, %" PRIu64
              " of them upgraded; %s malformed; memory %" PRIu64 " KiB before, %" PRIu64
              " KiB after; descriptors %" PRIu64 " and %" PRIu64 "\n",
              options.connections, answered.load(), upgraded.load(), failed ? "one" : "none",
              memory / 1024, now / 1024, descriptors, left);
  if (failed) return 1;
  if (2 * answered < options.connections || 10 * upgraded < options.connections)
    throw std::runtime_error("too few were answered, or became WebSockets, to prove anything");
  if (!is_beyond(now, memory + kGrownBytes) && left <= descriptors) return 0;
  std::fprintf(stderr, "ringside_campaign noise: something is kept of connections that are gone\n");
  return 1;
}

}  // namespace

Campaign add_noise(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser =
      app.add_subcommand("noise", "Almost right requests and frames over real connections");
  parser->add_option("--connections", options->connections, "How many")->capture_default_str();
  parser->add_option("--seed", options->seed, "Of the dice")->capture_default_str();
  parser->add_option("--dashboard", options->dashboard, "The program")->required();
  return {parser, [options] {
            try {
              return run_noise(*options);
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign noise: %s\n", error.what());
              return 1;
            }
          }};
}

}  // namespace ringside::campaign
