// How long a client waits for the retained window: the real dashboard, beside the bare socket, and
// beside what a user would pick instead. All contenders take turns in one run, since a noisy
// machine is noisy for all of them.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "bench/bare_server.hpp"
#include "bench/python_peer.hpp"
#include "bench/replay_client.hpp"
#include "bench/samples.hpp"
#include "bus/reader.hpp"
#include "event_generated.h"
#include "producer_shim/producer.hpp"
#include "tests/support/process.hpp"

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
  std::function<Replay()> replay;
  bool slow = false;
};

/// Single-point events, each with all ten fields. Returns the bytes of the retained window.
std::uint64_t fill(const Bus& bus, const SegmentName& name, std::uint64_t events) {
  auto producer =
      Producer::open(bus, name, EventType::event(),
                     {.capacity_bytes = (events + 1000) * 256, .retain_events = events});
  if (!producer) throw std::runtime_error(producer.error().message);
  for (std::uint64_t i = 0; i < events; ++i) {
    const auto published = producer->build([&](flatbuffers::FlatBufferBuilder& builder) {
      const auto value = static_cast<float>(i);
      const Place place(1, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(events));
      std::array<char, 16> episode{};
      std::snprintf(episode.data(), episode.size(), "train-%05u",
                    static_cast<unsigned>(i % 100'000));
      const auto point = CreateEmbeddingDirect(builder, episode.data(), "host", "fashion-mnist",
                                               value * 1e-5F, 1 - value * 1e-5F, value * 1e-6F,
                                               static_cast<int>(i % 10), static_cast<int>(i % 9),
                                               static_cast<int>(i % 8), i % 5 != 0, &place);
      FinishEventBuffer(builder, CreateEvent(builder, Body::Embedding, point.Union()));
    });
    if (!published) throw std::runtime_error(published.error().message);
  }
  const auto reader = Reader::open(bus, name);
  if (!reader) throw std::runtime_error(reader.error().message);
  return reader->retained_bytes();
}

std::uint16_t peer_port(support::Process& peer) {
  const std::string line = peer.wait_for_line("listening on ", std::chrono::seconds(60));
  return static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(' ') + 1)));
}

void compare(const Bus& bus, const Options& options, std::uint64_t events) {
  const SegmentName name{"window-" + std::to_string(events), "bench"};
  const std::uint64_t bytes = fill(bus, name, events);
  constexpr std::uint64_t kKiB = 1024;
  std::vector<std::unique_ptr<BareServer>> bare;
  std::vector<Contender> contenders;
  for (const std::uint64_t chunk : {0 * kKiB, 32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB}) {
    bare.push_back(std::make_unique<BareServer>(bus, name, chunk));
    const std::uint16_t port = bare.back()->port();
    contenders.push_back({chunk == 0 ? "bare TCP, one write"
                                     : "bare TCP, " + std::to_string(chunk / kKiB) + " KiB writes",
                          [port] { return replay_bare(port); }});
  }
  const std::size_t bare_count = contenders.size();
  const support::Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard", bus.directory().string(),
                                     {"--log-level", "off"});
  const std::uint16_t port = dashboard.port();
  contenders.push_back({"ringside, mode=run", [port, events, name] {
                          return replay_websocket(port, "/v1/stream?channels=" + name.channel,
                                                  Until::live, events);
                        }});
  const auto python = [&](const std::string& kind, std::uint64_t amount) {
    support::Process::Options command;
    command.command = {options.python, RINGSIDE_PEERS "/websockets_peer.py", kind,
                       std::to_string(amount)};
    command.quiet = false;
    return std::make_unique<support::Process>(command);
  };
  const auto json = python("json", events);
  const auto joined = python("joined", bytes);
  const std::uint16_t json_port = peer_port(*json);
  const std::uint16_t joined_port = peer_port(*joined);
  contenders.push_back({"Python websockets, one joined binary message", [joined_port] {
                          return replay_websocket(joined_port, "/", Until::joined, 1);
                        }});
  contenders.push_back(
      {"Python websockets, JSON an event",
       [json_port, events] { return replay_websocket(json_port, "/", Until::messages, events); },
       true});

  std::vector<Row> rows;
  rows.reserve(contenders.size());
  for (const Contender& contender : contenders) rows.push_back({contender.name, {}});
  for (std::uint64_t run = 0; run <= options.runs; ++run) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (contenders[i].slow && run % options.slow_every != 1) continue;
      // Several connections a turn: the bare servers share their code and would otherwise find it
      // in the caches, while each of the others would start cold in every turn.
      for (std::uint64_t again = 0; again < (contenders[i].slow ? 1 : kTurn); ++again) {
        const Replay replay = contenders[i].replay();
        const bool same_bytes = i > bare_count || replay.bytes == bytes;
        const bool all_events = i != bare_count || replay.events == events;
        if (!same_bytes || !all_events)
          throw std::runtime_error(contenders[i].name +
                                   ": the replay was not whole: " + std::to_string(replay.events) +
                                   " events, " + std::to_string(replay.bytes) + " bytes");
        if (run > 0) rows[i].samples.add(replay.milliseconds);  // the first turn warms up
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
  const std::filesystem::path directory = "/dev/shm/ringside-bench-" + std::to_string(::getpid());
  const Bus bus(directory);
  for (const std::uint64_t window : options.windows) compare(bus, options, window);
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  try {
    return ringside::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_replay_latency: %s\n", error.what());
    return 1;
  }
}
