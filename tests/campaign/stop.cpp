// Producers are stopped at random moments and let go on. Nobody else may notice: not the other
// producers, not those who read them, not those who read the stopped one.
#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/inspect/liveness.hpp"
#include "bus/writer.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/live_reader.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/campaign/producers.hpp"
#include "tests/campaign/workplace.hpp"

namespace ringside::campaign {
namespace {

constexpr std::size_t kProducers = 4;
/// Small, so that a reader who pauses is lapped within a few milliseconds.
constexpr std::uint64_t kCapacity = 64 * 1024;
constexpr std::uint64_t kLongestRunNs = 3'000'000;
/// Who has not moved for this long is blocked, and does not just wait for a processor.
constexpr std::uint64_t kBlockedNs = 2'000'000'000;

struct Options {
  std::uint64_t stops = 500;
  std::uint64_t seed = 1;
};

/// Waits until `moved` says yes; how long it took, or nothing if that was too long.
template <class Moved>
std::optional<std::uint64_t> wait_for(const Moved& moved) {
  const std::uint64_t start = steady_ns();
  while (!moved()) {
    if (steady_ns() - start > kBlockedNs) return std::nullopt;
    ::usleep(100);
  }
  return steady_ns() - start;
}

class StopCampaign {
 public:
  explicit StopCampaign(Options options) : options_(options), dice_(options.seed) {}

  int run();

 private:
  Verdict begin();
  Verdict stop_one();
  Verdict look_at(Producer& stopped);
  Verdict others_go_on(const Producer& stopped);
  Verdict goes_on(Producer& stopped);
  Verdict finish();

  Options options_;
  Dice dice_;
  Workplace workplace_;
  Bus bus_{workplace_.path() / "bus"};
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<LiveReader>> readers_;
  std::uint64_t stops_ = 0;
  std::uint64_t laps_ = 0;     // gaps that were told to a reader who paused
  std::uint64_t refused_ = 0;  // second producers
  std::uint64_t longest_wait_ns_ = 0;
};

Verdict StopCampaign::begin() {
  std::vector<Role> roles;
  for (std::size_t i = 0; i < kProducers; ++i) {
    roles.push_back(
        {{"events", "p" + std::to_string(i)}, options_.seed * 16 + i, kCapacity, i % 2 * 100});
    producers_.push_back(std::make_unique<Producer>(bus_, roles.back()));
    Producer& producer = *producers_.back();
    producer.start();
    if (!wait_for([&] { return producer.heard().next.load() > 100; }))
      return "a producer does not get going";
  }
  readers_.push_back(std::make_unique<LiveReader>(bus_, roles, ReadMode::copies));
  readers_.push_back(std::make_unique<LiveReader>(bus_, roles, ReadMode::runs));
  return std::nullopt;
}

Verdict StopCampaign::stop_one() {
  Producer& producer = *producers_[dice_.between(0, kProducers - 1)];
  ::usleep(static_cast<useconds_t>(dice_.between(0, kLongestRunNs) / 1000));
  ::kill(producer.pid(), SIGSTOP);
  int status = 0;
  if (::waitpid(producer.pid(), &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
    return producer.role().name.text() + ": it ended by itself: " + producer.heard().fault.data();
  ++stops_;
  if (Verdict fault = look_at(producer)) return producer.role().name.text() + ": " + *fault;
  if (Verdict fault = others_go_on(producer)) return fault;
  // Still the same after all that.
  if (Verdict fault = look_at(producer)) return producer.role().name.text() + ": " + *fault;
  if (Verdict fault = goes_on(producer)) return producer.role().name.text() + ": " + *fault;
  return std::nullopt;
}

/// What everyone can see of a producer that stands still.
Verdict StopCampaign::look_at(Producer& stopped) {
  if (Verdict fault = stopped.check(true)) return fault;
  const Result<Reader> reader = open_reader(bus_, stopped.role().name);
  if (!reader) return "a new reader cannot open it: " + reader.error().message;
  if (!is_live(*reader)) return "it does not count as live while it is stopped";
  if (!(reader->window() == stopped.reader()->window())) return "two readers differ";
  WriterOptions options;
  options.caps.capacity_bytes = kCapacity;
  const Result<Writer> second = open_writer(bus_, stopped.role().name, options);
  if (second) return "a second producer of the same name got the segment";
  const std::string pid = "process " + std::to_string(stopped.pid()) + ",";
  if (second.error().code != Errc::in_use || second.error().message.find(pid) == std::string::npos)
    return "a second producer is not told who has the segment: " + second.error().message;
  ++refused_;
  return std::nullopt;
}

/// Every other producer publishes more than its ring holds, and a reader of it is told so.
Verdict StopCampaign::others_go_on(const Producer& stopped) {
  for (const auto& other : producers_) {
    if (other.get() == &stopped) continue;
    const std::string name = other->role().name.text();
    const Result<Reader> reader = open_reader(bus_, other->role().name);
    if (!reader) return name + ": " + reader.error().message;
    const Sequence from = reader->window().to;
    const auto waited = wait_for([&] { return reader->window().from > from; });
    if (!waited) return name + ": blocked while another producer is stopped";
    longest_wait_ns_ = std::max(longest_wait_ns_, *waited);
    Sequence cursor = from;
    Run run;
    SequenceRange gap;
    if (reader->next_run(cursor, {}, run, gap) != RunOutcome::gap || gap.from != from ||
        gap.to <= from || cursor != gap.to)
      return name + ": a reader was lapped and is not told what it missed";
    ++laps_;
  }
  return std::nullopt;
}

Verdict StopCampaign::goes_on(Producer& stopped) {
  const std::uint64_t before = stopped.heard().next.load();
  ::kill(stopped.pid(), SIGCONT);
  // That each event gets the number after the last it sees to itself, and the readers do.
  if (!wait_for([&] {
        return stopped.heard().next.load() > before + 1 || stopped.heard().fault[0] != '\0';
      }))
    return "it does not go on after SIGCONT";
  if (stopped.heard().fault[0] != '\0') return std::string(stopped.heard().fault.data());
  for (const auto& reader : readers_)
    if (Verdict fault = reader->fault()) return fault;
  return std::nullopt;
}

Verdict StopCampaign::finish() {
  for (const auto& producer : producers_) {
    if (!producer->kill()) return producer->role().name.text() + ": it ended by itself";
    if (Verdict fault = producer->check(true)) return fault;
  }
  for (const auto& reader : readers_)
    if (Verdict fault = reader->finish()) return fault;
  return std::nullopt;
}

int StopCampaign::run() {
  hurry();
  Verdict fault = begin();
  const std::uint64_t start = steady_ns();
  while (!fault && stops_ < options_.stops) {
    fault = stop_one();
    if (stops_ % 100 == 0) std::fprintf(stderr, "stop: %" PRIu64 " stops\n", stops_);
  }
  const double seconds = static_cast<double>(steady_ns() - start) / 1e9;
  if (!fault) fault = finish();
  if (fault) {
    workplace_.keep();
    std::fprintf(stderr,
                 "ringside_campaign stop: wrong state, seed %" PRIu64 ", stop %" PRIu64
                 ": %s\nthe bus is kept in %s\n",
                 options_.seed, stops_, fault->c_str(), bus_.directory().c_str());
    return 1;
  }
  std::uint64_t events = 0;
  for (const auto& producer : producers_) events += producer->heard().next.load();
  std::printf("stop: stops %" PRIu64 " seconds %.1f events %" PRIu64
              " lost 0 torn 0 blocked 0 second_producers_refused %" PRIu64 " laps_told %" PRIu64
              " longest_wait_for_a_lap_ms %.1f readers: copies %" PRIu64 " gaps %" PRIu64
              ", runs %" PRIu64 " gaps %" PRIu64 "\n",
              stops_, seconds, events, refused_, laps_, static_cast<double>(longest_wait_ns_) / 1e6,
              readers_[0]->records(), readers_[0]->gaps(), readers_[1]->records(),
              readers_[1]->gaps());
  return 0;
}

}  // namespace

Campaign add_stop(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand(
      "stop", "Producers stopped at random moments: nobody else may notice, and they go on");
  parser->add_option("--stops", options->stops, "How many")->capture_default_str();
  parser->add_option("--seed", options->seed, "Of the moments and the payloads")
      ->capture_default_str();
  return {parser, [options] { return StopCampaign(*options).run(); }};
}

}  // namespace ringside::campaign
