// ringside-knn stream: publishes a saved fit as embedding events, cycle after cycle.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <unistd.h>

#include "bus/inspect/contents.hpp"
#include "bus/program/numbers.hpp"
#include "bus/program/run_program.hpp"
#include "bus/program/stop_signal.hpp"
#include "producer_shim/cycle.hpp"
#include "producer_shim/knn/commands.hpp"
#include "producer_shim/knn/fit_events.hpp"
#include "producer_shim/knn/fit_file.hpp"
#include "producer_shim/knn/stream_report.hpp"
#include "producer_shim/producer_options.hpp"

namespace ringside::knn {
namespace {

using Clock = std::chrono::steady_clock;

/// With a rate, points come in bursts this far apart at least: a sleep for each would cost more.
constexpr std::chrono::milliseconds kTick{1};
/// A stream that fell back further than this, because it was stopped or the machine was busy, goes
/// on at its rate instead of catching up in one burst.
constexpr std::chrono::milliseconds kMaxLag{250};

struct StreamArguments {
  std::filesystem::path fit;
  bool loop = false;
  double cycle_pause_s = 1;
  std::uint64_t rate = 0;
  std::uint32_t batch = 1;
  ProducerOptions producer{.name = {.channel = "embedding", .producer = "knn"}};
  std::string bus;
};

/// When each point of a cycle is due.
class Pace {
 public:
  Pace(std::uint64_t rate, Clock::time_point start) : rate_(rate), start_(start) {}

  /// Returns once the point after the first `points` is due, or a signal asks for an end.
  void wait_for(std::uint32_t points) {
    if (rate_ == 0) return;
    const Clock::duration due = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(points / static_cast<double>(rate_)));
    for (;;) {
      const Clock::time_point now = Clock::now();
      if (start_ + due <= now) {
        if (now - start_ - due > kMaxLag) start_ = now - due;
        return;
      }
      if (stop_requested()) return;
      sleep_unless_stopped(std::max<Clock::duration>(start_ + due - now, kTick));
    }
  }

 private:
  std::uint64_t rate_;
  Clock::time_point start_;
};

/// CLI::Range would let through what is no number, since that is not out of any range.
std::string check_pause(const std::string& text) {
  const std::optional<double> seconds = parse_decimal(text);
  return seconds && *seconds >= 0 && *seconds <= 86400
             ? std::string()
             : text + " is not a number of seconds from 0 to 86400";
}

/// Where ./run.sh keeps its fit: as Parquet, unless there is no DuckDB.
std::filesystem::path default_fit() {
  const std::filesystem::path parquet = "data/processed/knn_v1.parquet";
  std::error_code ignored;
  return std::filesystem::exists(parquet, ignored) ? parquet : "data/processed/knn_v1.fit";
}

Result<SavedFit> open_fit(const std::filesystem::path& path) {
  Result<SavedFit> fit = read_fit(path);
  if (!fit && fit.error().code == Errc::not_found)
    return fail(Errc::not_found, fit.error().message,
                "; make one with: ringside-knn produce --fit-out ", path.string());
  return fit;
}

void print_start(const StreamArguments& arguments, const Bus& bus, const Producer& producer,
                 const FitEvents& events) {
  const Geometry& geometry = producer.writer().geometry();
  std::fprintf(stderr,
               "ringside-knn: %s: %u points as %u events a cycle to %s in %s (%s, %llu bytes, at "
               "most %llu events)\n",
               arguments.fit.c_str(), events.points(), events.count(),
               producer.name().text().c_str(), bus.directory().c_str(),
               origin_text(producer.writer().origin()),
               static_cast<unsigned long long>(geometry.data_capacity),
               static_cast<unsigned long long>(geometry.retain_events));
}

/// One pass over the fit, or the part of it before a signal.
Result<void> stream_cycle(Producer& producer, const FitEvents& events, std::uint64_t cycle,
                          std::uint64_t rate, StreamReport& progress) {
  progress.begin(producer.writer().next());
  Pace pace(rate, Clock::now());
  std::uint32_t event = 0;
  while (event < events.count()) {
    pace.wait_for(events.points_before(event));
    if (stop_requested()) break;
    RINGSIDE_CHECK(events.publish(producer, cycle, event));
    ++event;
    progress.update(events.points_before(event));
  }
  progress.end(events.points_before(event), producer.writer().next());
  return {};
}

/// Returns after `seconds`, or at a signal. What grows too old meanwhile goes.
void pause(Producer& producer, double seconds) {
  constexpr Clock::duration kExpireEvery = std::chrono::milliseconds(500);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(seconds));
  for (auto now = Clock::now(); now < end && !stop_requested(); now = Clock::now()) {
    producer.expire();
    sleep_unless_stopped(std::min(end - now, kExpireEvery));
  }
}

Result<void> stream(const StreamArguments& arguments) {
  catch_stop_signals();
  RINGSIDE_TRY(const SavedFit fit, open_fit(arguments.fit));
  const FitEvents events(fit, arguments.batch);
  RINGSIDE_TRY(const CycleSize size, events.measure());

  const Bus bus = Bus::locate(arguments.bus);
  for (const std::string& warning : warnings_of(bus))
    std::fprintf(stderr, "ringside-knn: warning: %s\n", warning.c_str());
  const ProducerOptions& asked = arguments.producer;
  const auto open = [&] {
    return Producer::open(
        bus, asked.name, EventType::embedding(),
        cycle_caps(asked.caps, size, asked.sync_interval.has_value(), bus, asked.name),
        asked.sync_interval);
  };
  Result<Producer> producer = open();
  RINGSIDE_CHECK(producer);
  print_start(arguments, bus, *producer, events);

  CycleNumbers cycles(bus, asked.name);
  StreamReport progress(stderr, asked.name.text(), events.points());
  while (true) {
    if (auto done = stream_cycle(*producer, events, cycles.next(), arguments.rate, progress);
        !done) {
      if (done.error().code != Errc::detached) return done;
      // Whoever reads the new segment gets a cycle from its start.
      std::fprintf(stderr, "ringside-knn: %s\n", done.error().message.c_str());
      producer = open();
      RINGSIDE_CHECK(producer);
      continue;
    }
    if (arguments.loop) pause(*producer, arguments.cycle_pause_s);
    if (!arguments.loop || stop_requested()) return {};
  }
}

}  // namespace

void add_stream_command(CLI::App& app, int& exit_status) {
  const auto arguments = std::make_shared<StreamArguments>();
  CLI::App* command =
      app.add_subcommand("stream", "Publish a saved fit as embedding events, cycle after cycle");
  arguments->fit = default_fit();
  command
      ->add_option("--fit", arguments->fit, "The saved fit: .parquet (needs ringside-feed) or .fit")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--loop", arguments->loop, "Go on with a new cycle until stopped");
  command
      ->add_option("--cycle-pause-s", arguments->cycle_pause_s,
                   "Seconds between two cycles of a loop")
      ->check(CLI::Validator(check_pause, "in [0 - 86400]"))
      ->capture_default_str();
  command
      ->add_option("--rate", arguments->rate,
                   "Points a second, evenly (default, and 0: full speed)")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000}));
  command->add_option("--batch", arguments->batch, "Points an event; 1 is an event for each point")
      ->check(CLI::Range(1U, 1'000'000'000U))
      ->capture_default_str();
  add_cycle_producer_options(*command, arguments->producer, arguments->bus);
  command->callback([arguments, &exit_status] {
    const Result<void> result = stream(*arguments);
    if (!result) exit_status = report("ringside-knn", result.error());
  });
}

}  // namespace ringside::knn
