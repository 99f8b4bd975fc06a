// Segments are mutated under streams of all modes: in place, by a file that is put over them, cut
// short, removed. Whatever happens to them, the data and the gaps of each client join at every
// `live`, no event is other than it was published, and what has ended leaves the token.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <unistd.h>

#include "load_generated.h"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/lap_stream.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/campaign/producers.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSlots = 6;
constexpr std::chrono::seconds kLongest{60};
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
constexpr std::array<const char*, 3> kModes = {"run", "event", "json"};

struct Options {
  std::uint64_t segments = 10'000;
  std::uint64_t seed = 1;
  std::string dashboard;
};

/// That the event is one that was published. Where a damaged copy is shown, what is intact is
/// numbered anew from 0 (docs/durability.md, D-19), so an event's own number may be higher.
void judge(const Delivered& delivered) {
  std::uint64_t number = 0;
  std::string fault;
  if (delivered.event == nullptr) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(delivered.payload.data());
    flatbuffers::Verifier verifier(bytes, delivered.payload.size());
    if (!VerifyLoadBuffer(verifier)) throw std::runtime_error("an event that is no Load event");
    number = GetLoad(bytes)->sequence();
    fault = wire_test::load_fault(delivered.payload, number);
  } else {
    number = delivered.event->at("sequence");
    std::uint64_t word = number * kGolden;
    for (const nlohmann::json& value : delivered.event->at("words"))
      if (value.get<std::uint64_t>() != word++) fault = "a wrong word in the JSON";
  }
  if (number < delivered.sequence) fault = "an event of an earlier sequence";
  if (!fault.empty())
    throw std::runtime_error(delivered.name + ", sequence " + std::to_string(delivered.sequence) +
                             ": " + fault);
}

/// One client, its place kept over all rounds.
struct Client {
  explicit Client(const char* its_mode)
      : mode(its_mode),
        follower(
            {.mode = its_mode, .channels = "q", .receive_buffer = 16 * 1024, .of_damaged = true},
            [this, is_event = mode == "event"](const Delivered& delivered) {
              try {
                judge(delivered);
              } catch (const std::exception&) {
                if (!is_event) throw;
                ++raced;
              }
            }) {}

  /// Takes what comes until `live`, on a new connection or, if it is live already, until the next
  /// messages have come.
  void follow(std::uint16_t port, bool reconnect) {
    if (reconnect || !is_open) connect(port);
    const auto end = std::chrono::steady_clock::now() + kLongest;
    for (std::uint64_t messages = 0; !is_live() || messages < 3; ++messages) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("no `live` in a minute");
      if (follower.take(std::chrono::seconds(20)) != StreamFollower::End::none) connect(port);
    }
  }
  void connect(std::uint16_t port) {
    follower.connect(port);
    is_open = true;
    lives_before = follower.lives();
  }
  bool is_live() const { return follower.lives() > lives_before; }

  std::string mode;
  StreamFollower follower;
  std::uint64_t lives_before = 0;
  bool is_open = false;
  std::string fault;
  /// Of mode=event, which carries no checksums: events that were changed in place after the server
  /// had checked them, and before the kernel had copied them.
  std::uint64_t raced = 0;
};

class QuarantineCampaign {
 public:
  explicit QuarantineCampaign(const Options& options)
      : options_(options), dice_(options.seed), dashboard_((prepare(0), options.dashboard), bus()) {
    for (const char* mode : kModes) clients_.push_back(std::make_unique<Client>(mode));
  }

  int run() {
    std::uint64_t reported = 0;
    while (mutated_ < options_.segments) {
      ++round_;
      for (std::uint64_t slot = 0; slot < kSlots; ++slot) prepare(slot);
      round();
      if (mutated_ / 1000 > reported) {
        reported = mutated_ / 1000;
        std::fprintf(stderr, "%" PRIu64 " segments mutated\n", mutated_);
      }
    }
    std::uint64_t lives = 0;
    std::uint64_t quarantined = 0;
    std::uint64_t ended = 0;
    std::uint64_t records = 0;
    std::uint64_t gaps = 0;
    std::uint64_t raced = 0;
    for (const auto& client : clients_) {
      raced += client->raced;
      lives += client->follower.lives();
      quarantined += client->follower.quarantined();
      ended += client->follower.ended();
      records += client->follower.records();
      gaps += client->follower.gaps();
    }
    std::printf("quarantine: %" PRIu64 " segments mutated in %" PRIu64 " rounds; %" PRIu64
                " times live, 0 holes; %" PRIu64 " events and %" PRIu64 " gaps, %" PRIu64
                " of them of quarantine; %" PRIu64 " epochs ended; %" PRIu64
                " events changed between check and copy\n",
                mutated_, round_, lives, records, gaps, quarantined, ended, raced);
    // That takes microseconds: more of them means that nothing is checked.
    constexpr std::uint64_t kMutationsARace = 200;
    if (raced <= 1 + mutated_ / kMutationsARace) return 0;
    std::fputs("ringside_campaign quarantine: damaged events came in mode=event\n", stderr);
    return 1;
  }

  std::string where() const {
    return "seed " + std::to_string(options_.seed) + ", round " + std::to_string(round_);
  }

 private:
  std::string bus() const { return (workplace_.path() / "bus").string(); }
  fs::path path(std::uint64_t slot) const {
    return workplace_.path() / "bus" / "q" / ("s" + std::to_string(slot) + ".ring");
  }

  /// A new segment in that place, which nobody writes any more.
  void prepare(std::uint64_t slot) {
    std::error_code ignored;
    fs::remove_all(path(slot), ignored);
    wire_test::LoadProducer producer(
        bus(), "q", "s" + std::to_string(slot),
        Caps{.capacity_bytes = dice_.between(0, 1) == 0 ? 65536U : 262144U, .retain_events = {}});
    producer.publish(dice_.between(1, 1500), dice_.between(1, 20));
  }

  void round() {
    std::vector<std::jthread> threads;
    const std::uint16_t port = dashboard_.port();
    for (const auto& client : clients_) {
      const bool reconnect = dice_.between(0, 3) > 0;
      threads.emplace_back([client = client.get(), port, reconnect] {
        try {
          client->follow(port, reconnect);
        } catch (const std::exception& wrong) {
          client->fault = wrong.what();
        }
      });
    }
    for (std::uint64_t slot = 0; slot < kSlots; ++slot) {
      ::usleep(static_cast<useconds_t>(dice_.between(0, 3000)));
      if (dice_.between(0, 5) > 0) mutate(slot);
    }
    threads.clear();
    for (const auto& client : clients_) {
      if (!client->fault.empty())
        throw std::runtime_error("the client of " + client->mode + ": " + client->fault);
      // Epochs that are replaced have ended; what is away or quarantined may come back.
      if (client->follower.places().size() > 4 * kSlots)
        throw std::runtime_error("a token of " + std::to_string(client->follower.places().size()) +
                                 " epochs");
    }
    if (wire_test::http(port, "GET", "/healthz").status != 200)
      throw std::runtime_error("/healthz does not answer");
  }

  void mutate(std::uint64_t slot) {
    ++mutated_;
    const fs::path file = path(slot);
    std::error_code ignored;
    switch (dice_.between(0, 9)) {
      case 0:
        fs::resize_file(file, dice_.between(0, fs::file_size(file)), ignored);
        return;
      case 1:
        fs::remove(file, ignored);
        return;
      case 2:
        fs::remove(file, ignored);
        fs::create_directory(file, ignored);
        return;
      case 3: {  // a copy with changes, put in its place
        const fs::path aside = file.string() + ".aside";
        fs::copy_file(file, aside, fs::copy_options::overwrite_existing, ignored);
        change(aside);
        fs::rename(aside, file, ignored);
        return;
      }
      case 4:  // another segment of the same name
        prepare(slot);
        return;
      default:
        change(file);
        if (dice_.between(0, 2) > 0) return;
        // And mended after a while.
        ::usleep(static_cast<useconds_t>(dice_.between(0, 2000)));
        undo();
    }
  }

  /// Changes some words: of the state, the index, or records.
  void change(const fs::path& file) {
    changed_.clear();
    std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
    const auto word_at = [&](std::uint64_t at) {
      std::uint64_t word = 0;
      bytes.seekg(static_cast<std::streamoff>(at));
      bytes.read(reinterpret_cast<char*>(&word), sizeof word);
      return word;
    };
    const std::uint64_t index = word_at(48);
    const std::uint64_t slots = word_at(56);
    const std::uint64_t data = word_at(72);
    const std::uint64_t capacity = word_at(80);
    if (!bytes || slots == 0 || capacity == 0) return;
    for (std::uint64_t i = dice_.between(1, 4); i > 0; --i) {
      const std::array<std::uint64_t, 5> places = {
          4224, 4232, index + 8 * dice_.between(0, slots - 1),
          data + 8 * dice_.between(0, capacity / 8 - 1),
          data + word_at(index + 8 * dice_.between(0, slots - 1)) % capacity / 8 * 8};
      const std::uint64_t at = places.at(dice_.between(0, places.size() - 1));
      const std::uint64_t good = word_at(at);
      const std::array<std::uint64_t, 5> values = {
          good ^ (std::uint64_t{1} << dice_.between(0, 63)), good + dice_.between(1, 9), 0,
          dice_.next(), good - 1};
      const std::uint64_t bad = values.at(dice_.between(0, values.size() - 1));
      bytes.clear();
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.write(reinterpret_cast<const char*>(&bad), sizeof bad);
      changed_.push_back({file, at, good});
    }
  }

  void undo() {
    for (auto change = changed_.rbegin(); change != changed_.rend(); ++change) {
      std::fstream bytes(change->file, std::ios::binary | std::ios::in | std::ios::out);
      bytes.seekp(static_cast<std::streamoff>(change->at));
      bytes.write(reinterpret_cast<const char*>(&change->good), sizeof change->good);
    }
  }

  struct Change {
    fs::path file;
    std::uint64_t at;
    std::uint64_t good;
  };

  const Options& options_;
  Dice dice_;
  Workplace workplace_;
  support::Dashboard dashboard_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Change> changed_;
  std::uint64_t round_ = 0;
  std::uint64_t mutated_ = 0;
};

}  // namespace

Campaign add_quarantine(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser = app.add_subcommand(
      "quarantine", "Segments that are mutated under streams: data and gaps join at every live");
  parser->add_option("--segments", options->segments, "How many are mutated")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  parser->add_option("--seed", options->seed, "Of all that is random")->capture_default_str();
  parser->add_option("--dashboard", options->dashboard, "The program")->required();
  return {parser, [options] {
            std::string where = "at the start";
            try {
              QuarantineCampaign campaign(*options);
              try {
                return campaign.run();
              } catch (const std::exception&) {
                where = campaign.where();
                throw;
              }
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign quarantine: %s: %s\n", where.c_str(),
                           error.what());
              return 1;
            }
          }};
}

}  // namespace ringside::campaign
