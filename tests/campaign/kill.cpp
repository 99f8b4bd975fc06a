// Producers are killed at random moments, again and again, while readers follow them.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/live_reader.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/campaign/producers.hpp"
#include "tests/campaign/workplace.hpp"

namespace ringside::campaign {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
/// A producer dies this long after it began at the latest; it begins with opening its segment.
constexpr std::uint64_t kLongestLifeNs = 3'000'000;
/// Up to this size all that is retained is checked after each kill, of larger ones the newest, and
/// all of it after so many kills for each MiB.
constexpr std::uint64_t kAlwaysWhole = kMiB;
constexpr std::uint64_t kKillsForEachMiB = 4;

struct Options {
  std::uint64_t kills = 20'000;
  std::uint64_t seed = 1;
};

/// A producer and when it is to die.
struct Doomed {
  std::unique_ptr<Producer> producer;
  std::uint64_t life_ns = 0;
  bool is_dying = false;
  std::uint64_t kills = 0;
  std::uint64_t kills_in_open = 0;
  std::vector<std::uint64_t> reopenings_ns;
};

class KillCampaign {
 public:
  explicit KillCampaign(Options options) : options_(options), dice_(options.seed) {}

  int run();

 private:
  void begin();
  Verdict create_all();
  Verdict kill_all();
  Verdict reap(Doomed& doomed);
  Verdict finish();
  void revive(Doomed& doomed);
  void print(double seconds);

  Options options_;
  Dice dice_;
  Workplace workplace_;
  Bus bus_{workplace_.path() / "bus"};
  std::vector<Doomed> doomed_;
  std::vector<std::unique_ptr<LiveReader>> readers_;
  std::uint64_t kills_ = 0;
};

void KillCampaign::begin() {
  const auto add = [this](const char* name, std::uint64_t capacity, std::uint64_t retain) {
    const Role role{{"events", name}, options_.seed * 16 + doomed_.size(), capacity, retain};
    doomed_.emplace_back();
    doomed_.back().producer = std::make_unique<Producer>(bus_, role);
  };
  add("64KiB", 64 * kKiB, 0);
  add("1MiB", kMiB, 1000);
  add("16MiB", 16 * kMiB, 0);
  add("256MiB", 256 * kMiB, 0);
}

/// The first lives: nobody dies before the segments are there, and there is something in them.
Verdict KillCampaign::create_all() {
  std::vector<Role> roles;
  for (Doomed& doomed : doomed_) {
    doomed.producer->start();
    const std::uint64_t start = steady_ns();
    while (doomed.producer->heard().next.load() < 100) {
      if (steady_ns() - start > 20'000'000'000) return "a producer does not get going";
      ::usleep(1000);
    }
    doomed.producer->kill();
    if (Verdict fault = doomed.producer->check(true)) return fault;
    roles.push_back(doomed.producer->role());
  }
  readers_.push_back(std::make_unique<LiveReader>(bus_, roles, ReadMode::copies));
  readers_.push_back(std::make_unique<LiveReader>(bus_, roles, ReadMode::runs));
  return std::nullopt;
}

void KillCampaign::revive(Doomed& doomed) {
  doomed.life_ns = dice_.between(0, kLongestLifeNs);
  doomed.is_dying = false;
  doomed.producer->start();
}

Verdict KillCampaign::reap(Doomed& doomed) {
  Producer& producer = *doomed.producer;
  const bool died_of_it = producer.kill();
  ++kills_;
  ++doomed.kills;
  const std::uint64_t open_ns = producer.heard().open_ns.load();
  if (open_ns > 0)
    doomed.reopenings_ns.push_back(open_ns);
  else
    ++doomed.kills_in_open;
  const std::uint64_t capacity = producer.role().capacity;
  const bool whole =
      capacity <= kAlwaysWhole || doomed.kills % (capacity / kMiB * kKillsForEachMiB) == 0;
  if (Verdict fault = producer.check(whole)) return producer.role().name.text() + ": " + *fault;
  if (!died_of_it) return producer.role().name.text() + ": it ended by itself";
  return std::nullopt;
}

Verdict KillCampaign::kill_all() {
  for (Doomed& doomed : doomed_) revive(doomed);
  std::uint64_t told_at = 0;
  while (kills_ < options_.kills) {
    for (Doomed& doomed : doomed_) {
      const std::uint64_t started = doomed.producer->heard().started_ns.load();
      if (!doomed.is_dying && started > 0 && steady_ns() - started >= doomed.life_ns) {
        doomed.producer->send_kill();
        doomed.is_dying = true;
      }
      if (!doomed.is_dying || !doomed.producer->is_dead()) continue;
      if (Verdict fault = reap(doomed)) return fault;
      revive(doomed);
    }
    for (const auto& reader : readers_)
      if (Verdict fault = reader->fault()) return fault;
    if (kills_ >= told_at + 2000) {
      told_at = kills_;
      std::fprintf(stderr, "kill: %" PRIu64 " kills\n", kills_);
    }
    ::usleep(50);
  }
  return std::nullopt;
}

Verdict KillCampaign::finish() {
  for (Doomed& doomed : doomed_) {
    doomed.producer->kill();
    if (Verdict fault = doomed.producer->check(true)) return fault;
  }
  for (const auto& reader : readers_)
    if (Verdict fault = reader->finish()) return fault;
  return std::nullopt;
}

void KillCampaign::print(double seconds) {
  std::uint64_t records = 0;
  std::uint64_t in_open = 0;
  std::string reopenings;
  for (Doomed& doomed : doomed_) {
    records += doomed.producer->heard().next.load();
    in_open += doomed.kills_in_open;
    std::vector<std::uint64_t>& times = doomed.reopenings_ns;
    if (times.empty()) continue;
    std::sort(times.begin(), times.end());
    char line[160];
    std::snprintf(line, sizeof line, " %s n %zu median_us %.0f p99_us %.0f",
                  doomed.producer->role().name.producer.c_str(), times.size(),
                  static_cast<double>(times[times.size() / 2]) / 1e3,
                  static_cast<double>(times[times.size() * 99 / 100]) / 1e3);
    reopenings += line;
  }
  std::printf("kill: kills %" PRIu64 " in_open %" PRIu64
              " seconds %.1f kills_per_s %.0f events %" PRIu64
              " lost 0 torn 0 readers: copies %" PRIu64 " gaps %" PRIu64 ", runs %" PRIu64
              " gaps %" PRIu64 " reopenings:%s\n",
              kills_, in_open, seconds, static_cast<double>(kills_) / seconds, records,
              readers_[0]->records(), readers_[0]->gaps(), readers_[1]->records(),
              readers_[1]->gaps(), reopenings.c_str());
}

int KillCampaign::run() {
  hurry();
  begin();
  Verdict fault = create_all();
  const std::uint64_t start = steady_ns();
  if (!fault) fault = kill_all();
  const double seconds = static_cast<double>(steady_ns() - start) / 1e9;
  if (!fault) fault = finish();
  if (fault) {
    workplace_.keep();
    std::fprintf(stderr,
                 "ringside_campaign kill: wrong state, seed %" PRIu64 ", kill %" PRIu64
                 ": %s\nthe bus is kept in %s\n",
                 options_.seed, kills_, fault->c_str(), bus_.directory().c_str());
    return 1;
  }
  print(seconds);
  return 0;
}

}  // namespace

Campaign add_kill(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand(
      "kill", "Producers at full speed, killed at random moments while readers follow");
  parser->add_option("--kills", options->kills, "How many")->capture_default_str();
  parser->add_option("--seed", options->seed, "Of the moments and the payloads")
      ->capture_default_str();
  return {parser, [options] { return KillCampaign(*options).run(); }};
}

}  // namespace ringside::campaign
