// How long a client waits for the retained window: the real dashboard, beside the bare socket, and
// beside what a user would pick instead. All contenders take turns in one run, since a noisy
// machine is noisy for all of them.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/bare_server.hpp"
#include "bench/points.hpp"
#include "bench/python_peer.hpp"
#include "bench/replay_client.hpp"
#include "bench/replay_content.hpp"
#include "bench/samples.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/program/run_program.hpp"
#include "bus/reader.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::bench {
namespace {

struct Options {
  std::vector<std::uint64_t> windows = {2'000, 150'000};
  std::uint64_t runs = 41;
  std::uint64_t slow_every = 10;
  std::string python = "/usr/bin/python3";
};

/// Connections that a contender serves in a row.
constexpr std::uint64_t kTurn = 3;

struct Contender {
  std::string name;
  std::uint16_t port = 0;
  std::string target;
  Until until = Until::live;
  std::uint64_t messages = 0;
  std::function<void(const ReplayClient&)> check{};
  bool slow = false;
};

/// Of the dashboard of today that the peer plays: events from 0 to `count`, a JSON object each.
void check_json_peer(const ReplayClient& client, std::uint64_t count) {
  std::uint64_t i = 0;
  client.for_each_message([&i](bool is_text, std::string_view text) {
    const nlohmann::json event = nlohmann::json::parse(text, nullptr, false);
    std::array<char, 24> episode{};
    std::snprintf(episode.data(), episode.size(), "train-%05llu",
                  static_cast<unsigned long long>(i));
    const auto number = static_cast<double>(i);
    const nlohmann::json expected = {{"episode_id", episode.data()},
                                     {"host_id", "host"},
                                     {"profile", "fashion-mnist"},
                                     {"x", number * 1e-5},
                                     {"y", 1 - number * 1e-5},
                                     {"z", static_cast<double>(i % 997) * 1e-3},
                                     {"phase_int", i % 10},
                                     {"predicted_int", i % 9},
                                     {"cluster", i % 8},
                                     {"is_train", i % 5 != 0}};
    if (!is_text || event != expected)
      throw std::runtime_error(std::string("event ") + std::to_string(i) +
                               " is not what was published");
    ++i;
  });
  if (i != count)
    throw std::runtime_error(std::to_string(i) + " events came of " + std::to_string(count));
}

/// Of the peer that sends all bytes as one message: each is its own number modulo 251.
void check_joined_peer(const ReplayClient& client, std::uint64_t bytes) {
  std::uint64_t have = 0;
  client.for_each_message([&have](bool is_text, std::string_view message) {
    for (const char byte : message)
      if (static_cast<std::uint8_t>(byte) != have++ % 251)
        throw std::runtime_error(std::string("byte ") + std::to_string(have - 1) +
                                 " is not what was sent");
    if (is_text) throw std::runtime_error("text came where bytes were due");
  });
  if (have != bytes)
    throw std::runtime_error(std::to_string(have) + " bytes came of " + std::to_string(bytes));
}

std::uint16_t peer_port(support::Process& peer) {
  const std::string line = peer.wait_for_line("listening on ", std::chrono::seconds(60));
  return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(' ') + 1)));
}

void compare(const Bus& bus, const Options& options, std::uint64_t events) {
  const SegmentName name{"window-" + std::to_string(events), "bench"};
  fill_with_points(bus, name, events);
  const auto reader = open_reader(bus, name);
  if (!reader) throw std::runtime_error(reader.error().message);
  const ExpectedEvents expected = window_of(*reader);
  const std::uint64_t bytes = expected.bytes();
  const auto check_runs = [&expected](const ReplayClient& client) {
    check_replay(client, ReplayForm::runs, expected);
  };
  constexpr std::uint64_t kKiB = 1024;
  std::vector<std::unique_ptr<BareServer>> bare;
  std::vector<Contender> contenders;
  for (const std::uint64_t chunk : {0 * kKiB, 32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB}) {
    bare.push_back(std::make_unique<BareServer>(bus, name, chunk));
    contenders.push_back({chunk == 0 ? std::string("bare server, one write")
                                     : std::string("bare server, ")
                                           .append(std::to_string(chunk / kKiB))
                                           .append(" KiB writes"),
                          bare.back()->port(), "/", Until::live, 0, check_runs});
  }
  const std::size_t bare_count = contenders.size();
  const support::Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard", bus.directory().string(),
                                     {"--log-level", "off"});
  contenders.push_back({"ringside, mode=run", dashboard.port(),
                        "/v1/stream?channels=" + name.channel, Until::live, 0, check_runs});
  const auto python = [&](const std::string& kind, std::uint64_t amount) {
    support::Process::Options command;
    command.command = {options.python, RINGSIDE_PEERS "/websockets_peer.py", kind,
                       std::to_string(amount)};
    command.quiet = false;
    return std::make_unique<support::Process>(command);
  };
  const auto json = python("json", events);
  const auto joined = python("joined", bytes);
  contenders.push_back({"Python websockets, one joined binary message", peer_port(*joined), "/",
                        Until::messages, 1,
                        [bytes](const ReplayClient& client) { check_joined_peer(client, bytes); }});
  contenders.push_back(
      {"Python websockets, JSON an event", peer_port(*json), "/", Until::messages, events,
       [events](const ReplayClient& client) { check_json_peer(client, events); }, true});

  // JSON is the longest form: about 200 bytes an event.
  ReplayClient client(2 * bytes + 512 * events + kKiB * kKiB);
  std::vector<Row> rows;
  rows.reserve(contenders.size());
  for (const Contender& contender : contenders) rows.push_back({contender.name, {}});
  for (std::uint64_t run = 0; run <= options.runs; ++run) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (contenders[i].slow && run % options.slow_every != 1) continue;
      // Several connections a turn: the bare servers share their code and would otherwise find it
      // in the caches, while each of the others would start cold in every turn.
      for (std::uint64_t again = 0; again < (contenders[i].slow ? 1 : kTurn); ++again) {
        const Contender& one = contenders[i];
        const double milliseconds = client.replay(one.port, one.target, one.until, one.messages);
        try {
          one.check(client);
        } catch (const std::exception& error) {
          throw std::runtime_error(one.name + ": " + error.what());
        }
        if (run > 0) rows[i].samples.add(milliseconds);  // the first turn warms up
      }
    }
    std::fprintf(stderr, "\r%llu events: run %llu of %llu ",
                 static_cast<unsigned long long>(events), static_cast<unsigned long long>(run),
                 static_cast<unsigned long long>(options.runs));
  }
  std::fprintf(stderr, "\n");
  std::size_t best = 0;
  for (std::size_t i = 1; i < bare_count; ++i)
    if (rows[i].samples.median() < rows[best].samples.median()) best = i;
  print_table(std::to_string(events) + " events, " + std::to_string(bytes) +
                  " bytes: connect to last byte (ratio to " + rows[best].name + ")",
              "ms", rows, best);
}

int run(int argc, char** argv) {
  CLI::App app{"bench_replay_latency: connect to last byte of the retained window"};
  Options options;
  app.add_option("--windows", options.windows, "Events in the window")->delimiter(',');
  app.add_option("--runs", options.runs, "Turns of each contender")->capture_default_str();
  app.add_option("--slow-every", options.slow_every, "How often the slow ones get a turn")
      ->capture_default_str();
  app.add_option("--python", options.python, "An interpreter that has `websockets`")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  require_websockets(options.python);
  const support::TemporaryDirectory directory;
  const Bus bus(directory.path());
  for (const std::uint64_t window : options.windows) compare(bus, options, window);
  return 0;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::run_program("bench_replay_latency", ringside::bench::run, argc, argv);
}
