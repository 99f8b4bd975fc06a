// `ringside load`: synthetic events, each different and checkable by anyone from its own numbers.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include <unistd.h>

#include "bus/cli/commands.hpp"
#include "bus/start.hpp"
#include "load_generated.h"
#include "producer_shim/producer.hpp"

namespace ringside::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
/// Publishing goes on in bursts of at most this many between two looks at the clock.
constexpr std::uint64_t kBurst = 1024;
/// With a rate, a burst is what is due; a tick sets how evenly it comes.
constexpr std::chrono::milliseconds kTick{1};

struct Options {
  std::string channel;
  std::string producer;
  std::uint64_t count = 0;
  std::uint64_t rate = 0;
  std::uint64_t size = 96;
  std::uint64_t seed = 0;
  std::uint64_t capacity = 0;
  std::uint64_t retain = 0;
  std::string sync_interval;
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

CLI::Validator at_least_one() {
  return {[](const std::string& text) {
            const bool good = text.find_first_not_of("0123456789") == std::string::npos &&
                              text.find_first_not_of('0') != std::string::npos;
            return good ? std::string() : text + " is not a whole number from 1 on";
          },
          ""};
}

void show_progress(std::uint64_t done, const Options& options, Clock::duration elapsed, bool last) {
  if (!last && ::isatty(STDERR_FILENO) == 0) return;
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const std::string of = options.count > 0 ? " of " + std::to_string(options.count) : "";
  std::fprintf(stderr, "\rringside: %llu%s events, %.0f a second%s",
               static_cast<unsigned long long>(done), of.c_str(),
               seconds > 0 ? static_cast<double>(done) / seconds : 0.0, last ? "\n" : "  ");
}

Result<Producer> open_producer(const Bus& bus, const Options& options) {
  Caps caps;
  if (options.capacity > 0) caps.capacity_bytes = options.capacity;
  if (options.retain > 0) caps.retain_events = options.retain;
  std::optional<std::chrono::milliseconds> sync_interval;
  if (!options.sync_interval.empty()) {
    const auto interval = parse_duration(options.sync_interval);
    if (!interval) return tl::unexpected<Error>(interval.error());
    sync_interval = std::chrono::ceil<std::chrono::milliseconds>(*interval);
  }
  Result<Producer> producer = Producer::open(bus, {options.channel, options.producer},
                                             EventType::load(), caps, sync_interval);
  if (!producer) return producer;
  const std::string name = producer->name().text();
  if (producer->writer().origin() == Origin::replaced)
    std::fprintf(stderr,
                 "ringside: %s: schema or caps changed: a new epoch, the old events are gone\n",
                 name.c_str());
  if (producer->writer().origin() == Origin::recovered)
    std::fprintf(stderr,
                 "ringside: %s: the segment was damaged, or not closed before the machine stopped: "
                 "a new epoch with what was whole\n",
                 name.c_str());
  return producer;
}

int load(const Bus& bus, const Options& options) {
  if (auto good = check_name("channel", options.channel); !good) return report(good.error());
  Result<Producer> producer = open_producer(bus, options);
  if (!producer) return report(producer.error());

  LoadEvent event(options.seed, options.size);
  const Clock::time_point start = Clock::now();
  Clock::time_point shown = start;
  std::uint64_t done = 0;
  while (!stop_requested() && (options.count == 0 || done < options.count)) {
    Clock::time_point time = Clock::now();
    std::uint64_t due = done + kBurst;
    if (options.rate > 0) {
      const double seconds = std::chrono::duration<double>(time - start).count();
      due = std::min(due,
                     static_cast<std::uint64_t>(seconds * static_cast<double>(options.rate)) + 1);
    }
    if (options.count > 0) due = std::min(due, options.count);
    while (done < due) {
      const Result<Sequence> published = producer->publish(event.fill(producer->writer().next()));
      if (published) {
        ++done;
        continue;
      }
      if (published.error().code != Errc::displaced) return report(published.error());
      report(published.error());
      producer = open_producer(bus, options);
      if (!producer) return report(producer.error());
    }
    if (options.rate > 0) {
      const timespec tick{0, std::chrono::nanoseconds(kTick).count()};
      ::nanosleep(&tick, nullptr);
    }
    time = Clock::now();
    if (time - shown > std::chrono::seconds(1)) {
      show_progress(done, options, time - start, false);
      shown = time;
    }
  }
  show_progress(done, options, Clock::now() - start, true);
  return 0;
}

}  // namespace

Command add_load(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand(
      "load", "Publish synthetic events, each different and checkable by anyone");
  parser->add_option("CHANNEL", options->channel, "The channel to publish on")->required();
  parser->add_option("--producer", options->producer, "The producer's name")->required();
  parser->add_option("--count", options->count, "How many events (default: until stopped)")
      ->check(at_least_one());
  parser->add_option("--rate", options->rate, "Events a second (default: full speed)")
      ->check(at_least_one());
  parser->add_option("--size", options->size, "Bytes of an event (at least 64: one word)")
      ->check(at_least_one())
      ->capture_default_str();
  parser->add_option("--seed", options->seed, "What makes this load differ from others")
      ->capture_default_str();
  parser
      ->add_option("--capacity", options->capacity,
                   "Bytes of the data ring (default: as it is, else 64 MiB); 65536, 64MiB, 1GiB. "
                   "Another capacity than before begins a new, empty segment")
      ->transform(CLI::AsSizeValue(false));
  parser
      ->add_option("--retain", options->retain,
                   "The most events to keep (default: as it is, "
                   "else as many as the index holds)")
      ->check(at_least_one());
  parser->add_option(
      "--sync-interval", options->sync_interval,
      "Bring what was published to the disk this often: 100ms, 1s (default: when the "
      "kernel likes)");
  return {parser, [options](const Bus& bus) { return load(bus, *options); }};
}

}  // namespace ringside::cli
