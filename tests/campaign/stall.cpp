// Clients that take nothing must not be felt by those that do: the live latency of twenty clients
// while a producer writes at a steady rate, without and with a thousand others that have stalled in
// their replay, in turns.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/many_clients.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

constexpr std::size_t kLiveClients = 20;
constexpr double kMostRatio = 2;
/// Of what was published in a measurement, so much has to arrive in it: a client that gets nothing
/// has no latency.
constexpr double kLeastArrived = 0.95;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kLeastBrief = 0.01;
#else
constexpr double kLeastBrief = 0.5;
#endif

struct Options {
  std::uint64_t stalled = 1000;
  std::uint64_t rate = 50'000;
  std::uint64_t rounds = 5;
  double seconds = 2;
  bool brief = false;
  std::string dashboard;
};

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// How many events took how many microseconds.
class Latencies {
 public:
  void add(std::uint64_t ns) {
    ++counts_[std::min<std::size_t>(ns / 1000, counts_.size() - 1)];
    ++total_;
  }
  std::uint64_t percentile_us(double share) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (static_cast<double>(seen) >= share * static_cast<double>(total_)) return i;
    }
    return counts_.size();
  }
  std::uint64_t total() const { return total_; }

 private:
  std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(1'000'000);
  std::uint64_t total_ = 0;
};

template <class Number>
Number number_at(const std::vector<char>& bytes, std::size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// A client of mode=run that takes whatever is there, and when each event came.
class LiveClient {
 public:
  explicit LiveClient(int socket) : socket_(socket) {}

  int socket() const { return socket_; }

  /// Takes what is there; false if the connection ended.
  bool take(Latencies& latencies) {
    const std::size_t have = bytes_.size();
    bytes_.resize(have + 262144);
    const ssize_t got = ::recv(socket_, bytes_.data() + have, 262144, MSG_DONTWAIT);
    bytes_.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return false;
    if (got < 0) return true;
    const std::uint64_t now = now_ns();
    std::size_t at = 0;
    while (take_frame(at, now, latencies)) continue;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

  std::uint64_t missing() const { return missing_; }
  /// Events since the last time it was asked.
  std::uint64_t take_count() { return std::exchange(count_, 0); }

 private:
  bool take_frame(std::size_t& at, std::uint64_t now, Latencies& latencies) {
    if (!upgraded_) {
      const std::string_view text(bytes_.data(), bytes_.size());
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string_view::npos) return false;
      upgraded_ = true;
      at = end + 4;
    }
    if (bytes_.size() < at + 2) return false;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes_[at + i]); };
    std::uint64_t length = byte(1);
    const std::size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes_.size() < at + 2 + wide) return false;
    if (wide > 0) length = 0;
    for (std::size_t i = 0; i < wide; ++i) length = length << 8 | byte(2 + i);
    const std::size_t payload = at + 2 + wide;
    if (bytes_.size() < payload + length) return false;
    if ((byte(0) & 0xF) == 2) take_run(payload, now, latencies);
    at = payload + static_cast<std::size_t>(length);
    return true;
  }

  void take_run(std::size_t at, std::uint64_t now, Latencies& latencies) {
    const auto first = number_at<std::uint64_t>(bytes_, at + 8);
    const auto count = number_at<std::uint32_t>(bytes_, at + 16);
    if (due_ > 0 && first != due_) ++missing_;
    due_ = first + count;
    count_ += count;
    at += 32;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto size = number_at<std::uint32_t>(bytes_, at);
      latencies.add(now - std::min(now, number_at<std::uint64_t>(bytes_, at + 16)));
      at += (24 + size + 7) / 8 * 8;
    }
  }

  int socket_;
  std::vector<char> bytes_;
  std::uint64_t due_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t count_ = 0;
  bool upgraded_ = false;
};

class StallCampaign {
 public:
  explicit StallCampaign(const Options& options)
      : options_(options),
        producer_(bus(), "load", "p", {.capacity_bytes = 64 << 20, .retain_events = 1 << 19}),
        dashboard_((producer_.publish(200'000), options.dashboard), bus(), {"--log-level", "off"}) {
    for (std::size_t i = 0; i < kLiveClients; ++i) {
      live_.add(open_stream(dashboard_.port(), "/v1/stream?from=latest", i));
      clients_.emplace_back(live_.sockets().back());
    }
  }

  int run() {
    std::jthread publishing([this](const std::stop_token& stop) { publish(stop); });
    std::vector<double> ratios;
    Measured without;
    Measured with;
    for (std::uint64_t round = 0; round < options_.rounds; ++round) {
      // Until the kernel has taken back what the last stalled ones held.
      settle(1);
      without = measured();
      Crowd stalled;
      for (std::uint64_t i = 0; i < options_.stalled; ++i)
        stalled.add(open_stream(dashboard_.port(), "/v1/stream?from=oldest", i, 4096));
      // Until each of them has stalled. What does not fit into a small buffer is dropped and sent
      // again, so this can take its time.
      settle(2);
      for (int i = 0; i < 20 && stalled.count_upgraded() < stalled.size(); ++i) settle(1);
      const std::size_t upgraded = stalled.count_upgraded();
      if (upgraded != stalled.size())
        throw std::runtime_error(std::to_string(upgraded) + " of the stalled clients were let in");
      with = measured();
      if (const std::size_t waiting = stalled.count_waiting(); waiting != stalled.size())
        throw std::runtime_error(std::to_string(waiting) + " of the clients have stalled");
      ratios.push_back(static_cast<double>(with.p99_us) / static_cast<double>(without.p99_us));
      std::fprintf(stderr,
                   "p50 %" PRIu64 " and p99 %" PRIu64 " us without, %" PRIu64 " and %" PRIu64
                   " us with %" PRIu64 " stalled, at %.0f events/s\n",
                   without.p50_us, without.p99_us, with.p50_us, with.p99_us, options_.stalled,
                   with.rate);
    }
    std::sort(ratios.begin(), ratios.end());
    const double ratio = ratios.at(ratios.size() / 2);
    std::uint64_t missing = 0;
    for (const LiveClient& client : clients_) missing += client.missing();
    std::printf("stall: %" PRIu64
                " stalled clients, %.0f events/s to %zu live ones: p99 %.2f times "
                "that without (median of %zu rounds; in the last p50 %" PRIu64 " and %" PRIu64
                ", p99 %" PRIu64 " and %" PRIu64 " us); %" PRIu64 " events, %" PRIu64 " gaps\n",
                options_.stalled, with.rate, kLiveClients, ratio, ratios.size(), with.p50_us,
                without.p50_us, with.p99_us, without.p99_us, events_, missing);
    if (missing == 0 && events_ > 0 && (options_.brief || ratio <= kMostRatio)) return 0;
    std::fprintf(stderr, "ringside_campaign stall: live clients feel those that have stalled\n");
    return 1;
  }

 private:
  std::string bus() const { return (workplace_.path() / "bus").string(); }

  void publish(const std::stop_token& stop) {
    auto due = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      const std::uint64_t burst = std::max<std::uint64_t>(options_.rate / 1000, 1);
      producer_.publish(burst);
      published_ += burst;
      due += std::chrono::milliseconds(1);
      std::this_thread::sleep_until(due);
    }
  }

  /// Goes on without counting.
  void settle(double seconds) {
    Latencies uncounted;
    measure(seconds, uncounted);
  }

  struct Measured {
    std::uint64_t p50_us = 0;
    std::uint64_t p99_us = 0;
    double rate = 0;  // events a second that were published
  };

  Measured measured() {
    for (LiveClient& client : clients_) client.take_count();
    const std::uint64_t before = published_;
    Latencies latencies;
    measure(options_.seconds, latencies);
    const std::uint64_t published = published_ - before;
    events_ += latencies.total();
    const double rate = static_cast<double>(published) / options_.seconds;
    const double least =
        (options_.brief ? kLeastBrief : kLeastArrived) * static_cast<double>(published);
    for (LiveClient& client : clients_) {
      const std::uint64_t arrived = client.take_count();
      if (static_cast<double>(arrived) < least)
        throw std::runtime_error("of " + std::to_string(published) + " events, " +
                                 std::to_string(arrived) + " came to a live client in time");
    }
    if (!options_.brief && rate < kLeastArrived * static_cast<double>(options_.rate))
      throw std::runtime_error("the producer made only " + std::to_string(rate) + " events/s");
    return {latencies.percentile_us(0.5), std::max<std::uint64_t>(latencies.percentile_us(0.99), 1),
            rate};
  }

  void measure(double seconds, Latencies& latencies) {
    std::vector<pollfd> polls;
    for (const LiveClient& client : clients_) polls.push_back({client.socket(), POLLIN, 0});
    const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
    while (now_ns() < end) {
      ::poll(polls.data(), polls.size(), 100);
      for (std::size_t i = 0; i < polls.size(); ++i)
        if (polls[i].revents != 0 && !clients_[i].take(latencies))
          throw std::runtime_error("a live client was cut off");
    }
  }

  const Options& options_;
  Workplace workplace_;
  wire_test::LoadProducer producer_;
  support::Dashboard dashboard_;
  Crowd live_;
  std::vector<LiveClient> clients_;
  std::atomic<std::uint64_t> published_{0};
  std::uint64_t events_ = 0;
};

}  // namespace

Campaign add_stall(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser = app.add_subcommand(
      "stall", "Clients that take nothing, beside live ones whose latency must not change");
  parser->add_option("--stalled", options->stalled, "How many take nothing")->capture_default_str();
  parser->add_option("--rate", options->rate, "Events a second")->capture_default_str();
  parser->add_option("--rounds", options->rounds, "Pairs of measurements")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  parser->add_option("--seconds", options->seconds, "Of each measurement")->capture_default_str();
  parser->add_flag("--brief", options->brief, "Only that nothing is lost; times are not judged");
  parser->add_option("--dashboard", options->dashboard, "The program")->required();
  return {parser, [options] {
            try {
              allow_descriptors(options->stalled + 4096);
              return StallCampaign(*options).run();
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign stall: %s\n", error.what());
              return 1;
            }
          }};
}

}  // namespace ringside::campaign
