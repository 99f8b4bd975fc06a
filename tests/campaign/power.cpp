// `power`: power cuts. A producer with a sync interval publishes to a segment on a simulated disk;
// at random moments the power goes, every page that was written since it was last synced is old,
// new, torn, zero or garbage, the boot id is another or none, the clock is up to a year off, and
// what is left is judged.
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "bus/durable/writer_open.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/simulated_disk.hpp"
#include "tests/campaign/survivor.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/shifted_clock.hpp"

namespace ringside::campaign {
namespace {

struct Options {
  std::uint64_t images = 10'000;
  std::uint64_t seed = 1;
};

/// Cuts of one producer before another is begun.
constexpr std::uint64_t kCutsEach = 200;

struct Figures {
  std::uint64_t images = 0;
  std::uint64_t at_stake = 0;  // pages that were old, torn, zero or garbage
  std::uint64_t durable = 0;   // retained events that had been reported as on the disk
};

class Victim {
 public:
  Victim(const Workplace& workplace, std::uint64_t seed)
      : stream_(scatter(seed)), dice_(seed), workplace_(workplace) {
    std::filesystem::remove_all(live_.directory());
    WriterOptions options;
    options.caps.capacity_bytes = kDataGranule * dice_.between(1, 3);
    if (dice_.between(0, 2) == 0) options.caps.retain_events = dice_.between(1, 60);
    options.sync_interval = std::chrono::milliseconds(0);
    Result<Writer> writer = open_writer(live_, kCutName, options);
    if (!writer) {
      std::fprintf(stderr, "ringside_campaign: %s\n", writer.error().message.c_str());
      std::exit(1);
    }
    writer_ = std::make_unique<Writer>(std::move(*writer));
    disk_ = std::make_unique<SimulatedDisk>(live_.segment_path(kCutName));
  }

  Verdict cut(Figures& figures) {
    for (std::uint64_t left = dice_.between(0, 60); left > 0; --left)
      publish_numbered(*writer_, stream_);
    if (dice_.between(0, 1) == 0) disk_->maybe_write();
    if (dice_.between(0, 1) == 0) std::this_thread::yield();
    for (std::uint64_t left = dice_.between(0, 20); left > 0; --left)
      publish_numbered(*writer_, stream_);

    const std::filesystem::path path = survivor_.segment_path(kCutName);
    std::filesystem::create_directories(path.parent_path());
    Promise promise{stream_, {}, {}, {}};
    std::vector<std::byte> image;
    {
      // What is reported as durable must be on a disk that nothing gets to any more.
      const auto still = disk_->still();
      promise = {stream_, writer_->oldest(), writer_->durable(), writer_->next()};
      image = disk_->cut(dice_, figures.at_stake);
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(image.data()),
               static_cast<std::streamsize>(image.size()));
    forget_boot(path, dice_.between(0, 2) > 0);
    ++figures.images;
    if (promise.durable > promise.oldest) figures.durable += promise.durable - promise.oldest;
    const std::filesystem::path kept = path.string() + ".before";
    std::filesystem::copy_file(path, kept, std::filesystem::copy_options::overwrite_existing);
    // A machine without a clock of its own starts at any time.
    const auto days = static_cast<std::int64_t>(dice_.between(0, 2 * 365)) - 365;
    const support::ShiftedClock clock(std::chrono::hours(24 * days));
    return judge_survivor(survivor_, promise);
  }

 private:
  std::uint64_t stream_;
  Dice dice_;
  const Workplace& workplace_;
  Bus live_{workplace_.path() / "live"};
  Bus survivor_{workplace_.path() / "survivor"};
  std::unique_ptr<SimulatedDisk> disk_;
  std::unique_ptr<Writer> writer_;  // goes first: its thread syncs to the disk to the end
};

int power(const Options& options) {
  Workplace workplace;
  Figures figures;
  std::unique_ptr<Victim> victim;
  for (std::uint64_t image = 0; image < options.images; ++image) {
    if (image % kCutsEach == 0) {
      victim.reset();
      victim = std::make_unique<Victim>(workplace, options.seed + image);
    }
    if (const Verdict wrong = victim->cut(figures)) {
      workplace.keep();
      std::fprintf(stderr, "\nringside_campaign: power: seed %llu, image %llu: %s; it is in %s\n",
                   static_cast<unsigned long long>(options.seed),
                   static_cast<unsigned long long>(image), wrong->c_str(),
                   workplace.path().c_str());
      return 1;
    }
    if (image % 500 == 499)
      std::fprintf(stderr, "\rringside_campaign: power: %llu of %llu images",
                   static_cast<unsigned long long>(image + 1),
                   static_cast<unsigned long long>(options.images));
  }
  std::fputs("\n", stderr);
  std::printf("power: %llu images, %llu pages at stake, %llu durable events looked for: 0 wrong\n",
              static_cast<unsigned long long>(figures.images),
              static_cast<unsigned long long>(figures.at_stake),
              static_cast<unsigned long long>(figures.durable));
  return figures.durable > 0 && figures.at_stake > 0 ? 0 : 1;
}

}  // namespace

Campaign add_power(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser =
      app.add_subcommand("power", "Power cuts: unsynced pages are old, zero, garbage");
  parser->add_option("--images", options->images, "How many power cuts")->capture_default_str();
  parser->add_option("--seed", options->seed, "Repeats what a seed did, as far as threads allow")
      ->capture_default_str();
  return {parser, [options] { return power(*options); }};
}

}  // namespace ringside::campaign
