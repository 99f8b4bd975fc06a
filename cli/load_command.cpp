// `ringside load`: synthetic events, each different and checkable by anyone from its own numbers.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "bus/program/progress_line.hpp"
#include "bus/program/stop_signal.hpp"
#include "cli/commands.hpp"
#include "cli/open_producer.hpp"
#include "load_generated.h"

namespace ringside::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
/// Publishing goes on in bursts of at most this many between two looks at the clock.
constexpr std::uint64_t kBurst = 1024;
/// With a rate, a burst is what is due; a tick sets how evenly it comes.
constexpr std::chrono::milliseconds kTick{1};

struct Options {
  ProducerOptions segment;
  std::uint64_t count = 0;
  std::uint64_t rate = 0;
  std::uint64_t size = 96;
  std::uint64_t seed = 0;
};

/// Fills one event that is built once and then only overwritten: the sizes never change, so neither
/// do the offsets.
class LoadEvent {
 public:
  LoadEvent(std::uint64_t seed, std::uint64_t size) : seed_(seed) {
    // One word is at least there, and the table around the words takes what it takes.
    std::size_t words = 1;
    build(words);
    if (size > builder_.GetSize()) {
      words += (size - builder_.GetSize()) / sizeof(std::uint64_t);
      build(words);
    }
  }

  std::size_t bytes() const { return builder_.GetSize(); }

  Bytes fill(Sequence sequence) {
    Load* load = GetMutableLoad(builder_.GetBufferPointer());
    load->mutate_sequence(sequence.value);
    const std::uint64_t base = (seed_ + sequence.value) * kGolden;
    flatbuffers::Vector<std::uint64_t>* words = load->mutable_words();
    for (flatbuffers::uoffset_t i = 0; i < words->size(); ++i) words->Mutate(i, base + i);
    return {reinterpret_cast<const std::byte*>(builder_.GetBufferPointer()), builder_.GetSize()};
  }

 private:
  void build(std::size_t words) {
    builder_.Clear();
    builder_.ForceDefaults(true);  // zeros are stored too, so that they can be overwritten
    std::uint64_t* unused = nullptr;
    const auto vector = builder_.CreateUninitializedVector(words, &unused);
    FinishLoadBuffer(builder_, CreateLoad(builder_, seed_, 0, vector));
  }

  std::uint64_t seed_;
  flatbuffers::FlatBufferBuilder builder_;
};

void show(ProgressLine& line, std::uint64_t done, const Options& options, Clock::duration elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const std::string of = options.count > 0 ? " of " + std::to_string(options.count) : "";
  line.show("ringside: %llu%s events, %.0f a second", static_cast<unsigned long long>(done),
            of.c_str(), seconds > 0 ? static_cast<double>(done) / seconds : 0.0);
}

Result<int> load(const Bus& bus, const Options& options) {
  const EventType type = EventType::load();
  RINGSIDE_TRY(Producer producer, open_producer(bus, options.segment, type));

  LoadEvent event(options.seed, options.size);
  if (event.bytes() != options.size)
    say("events of ", std::to_string(event.bytes()), " bytes for the ",
        std::to_string(options.size), " asked for: a multiple of 8");
  const Clock::time_point start = Clock::now();
  ProgressLine progress(stderr, {.on_terminal = std::chrono::seconds(1)});
  std::uint64_t done = 0;
  while (!stop_requested() && (options.count == 0 || done < options.count)) {
    std::uint64_t due = done + kBurst;
    if (options.rate > 0) {
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      due = std::min(due,
                     static_cast<std::uint64_t>(seconds * static_cast<double>(options.rate)) + 1);
    }
    if (options.count > 0) due = std::min(due, options.count);
    while (done < due) {
      const Result<Sequence> published = producer.publish(event.fill(producer.writer().next()));
      if (published) {
        ++done;
        continue;
      }
      progress.end();
      if (published.error().code != Errc::detached) return tl::unexpected(published.error());
      report(published.error());
      RINGSIDE_TRY(producer, open_producer(bus, options.segment, type));
    }
    if (options.rate > 0) {
      producer.expire();
      sleep_unless_stopped(kTick);
    }
    if (progress.is_due()) show(progress, done, options, Clock::now() - start);
  }
  show(progress, done, options, Clock::now() - start);
  return 0;
}

}  // namespace

Command add_load(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand(
      "load", "Publish synthetic events, each different and checkable by anyone");
  add_producer_options(*parser, options->segment);
  parser->add_option("--count", options->count, "How many events (default: until stopped)")
      ->check(at_least_one());
  parser->add_option("--rate", options->rate, "Events a second (default: full speed)")
      ->check(at_least_one());
  parser->add_option("--size", options->size, "Bytes of an event, 64 or more, a multiple of 8")
      ->check(at_least_one())
      ->capture_default_str();
  parser->add_option("--seed", options->seed, "What makes this load differ from others")
      ->capture_default_str();
  return {parser, [options](const Bus& bus) { return load(bus, *options); }};
}

}  // namespace ringside::cli
