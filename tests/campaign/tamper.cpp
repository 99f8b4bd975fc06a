// Segments are lied about, while a dashboard shows them: their files are cut off, moved, replaced
// and written into. The dashboard lives on; a client of a good segment notices nothing; clients of
// the bad ones get only what was published; and what is whole again is shown again.
#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/lap_stream.hpp"
#include "tests/campaign/producers.hpp"
#include "tests/campaign/tamper_clients.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/wire/http_client.hpp"

namespace ringside::campaign {
namespace {

using tamper::Attack;
using tamper::Victim;

constexpr std::uint64_t kBackNs = 10'000'000'000;
constexpr std::uint64_t kNamedNs = 5'000'000'000;
/// Of most attacks; a few last long enough for the dashboard to look less often.
constexpr std::uint64_t kHoldUs = 400'000;
constexpr std::uint64_t kLongHoldUs = 2'500'000;

struct Options {
  double seconds = 60;
  std::uint64_t seed = 1;
  std::string dashboard;
};

class LieCampaign {
 public:
  explicit LieCampaign(Options options) : options_(std::move(options)), dice_(options_.seed) {}

  int run();

 private:
  void begin();
  void round();
  void hold(std::uint64_t us);
  void look() const;
  void wait_until_named(const Victim& victim);
  void wait_until_back(const Victim& victim, std::uint64_t published);
  nlohmann::json entry_of(const Victim& victim) const;
  bool is_back(const Victim& victim, std::uint64_t published, std::string& why) const;
  void finish();
  std::string last_attacks() const;

  Options options_;
  Dice dice_;
  Workplace workplace_;
  Bus bus_{workplace_.path() / "bus"};
  SharedPage<tamper::Streams> streams_;
  std::unique_ptr<support::Dashboard> dashboard_;
  pid_t good_ = -1;
  std::vector<std::unique_ptr<Victim>> victims_;
  std::vector<std::unique_ptr<tamper::Client>> clients_;
  std::uint64_t attacks_ = 0;
  std::uint64_t named_ = 0;
  std::uint64_t back_ = 0;
  std::uint64_t longest_back_ms_ = 0;
};

void LieCampaign::begin() {
  for (std::uint64_t number = 0; number < tamper::kVictims; ++number)
    victims_.push_back(std::make_unique<Victim>(bus_, number, number % 2 == 0, streams_));
  std::fflush(nullptr);
  good_ = ::fork();
  if (good_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(tamper::produce(bus_, {"good", "p"}, tamper::kGoodStream, *streams_));
  }
  while (streams_->good.published < 10) ::usleep(1000);
  dashboard_ = std::make_unique<support::Dashboard>(options_.dashboard, bus_.directory().string());
  const std::uint16_t port = dashboard_->port();
  const auto add = [&](const char* name, const tamper::Client::Following& following) {
    clients_.push_back(std::make_unique<tamper::Client>(name, streams_, following));
  };
  add("good", tamper::follow_good(port));
  add("bad, mode=run", tamper::follow_bad(port, "run"));
  add("bad, mode=json", tamper::follow_bad(port, "json"));
}

/// Throws if anyone has found anything wrong.
void LieCampaign::look() const {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(dashboard_->process().pid()), &info,
               WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != 0)
    throw std::runtime_error("the dashboard died, status " + std::to_string(info.si_status));
  for (const auto& client : clients_)
    if (Verdict fault = client->fault()) throw std::runtime_error(*fault);
  for (const auto& victim : victims_)
    if (Verdict fault = victim->fault()) throw std::runtime_error(*fault);
  if (streams_->good.fault[0] != '\0')
    throw std::runtime_error(std::string("the good producer: ") + streams_->good.fault.data());
  const wire_test::HttpAnswer health = wire_test::http(dashboard_->port(), "GET", "/healthz");
  if (health.status != 200) throw std::runtime_error("/healthz does not answer");
}

void LieCampaign::hold(std::uint64_t us) {
  constexpr std::uint64_t kLookUs = 100'000;
  for (; us > kLookUs; us -= kLookUs) {
    ::usleep(kLookUs);
    look();
  }
  ::usleep(static_cast<useconds_t>(us));
  look();
}

nlohmann::json LieCampaign::entry_of(const Victim& victim) const {
  const auto answer = wire_test::http(dashboard_->port(), "GET", "/v1/segments");
  if (answer.status != 200) throw std::runtime_error("/v1/segments does not answer");
  for (const nlohmann::json& entry : nlohmann::json::parse(answer.body))
    if (entry.at("channel") == victim.name().channel &&
        entry.at("producer") == victim.name().producer)
      return entry;
  return nullptr;
}

void LieCampaign::wait_until_named(const Victim& victim) {
  const std::uint64_t start = steady_ns();
  while (true) {
    const nlohmann::json entry = entry_of(victim);
    if (!entry.is_null() && entry.contains("fault")) {
      const std::string fault = entry.at("fault");
      if (fault.find(victim.name().producer) == std::string::npos)
        throw std::runtime_error(victim.name().text() + ": a fault that names no file: " + fault);
      ++named_;
      return;
    }
    if (steady_ns() - start > kNamedNs)
      throw std::runtime_error(victim.name().text() + ": " + tamper::name_of(victim.last()) +
                               " is not named as a fault: " + entry.dump());
    hold(20'000);
  }
}

bool LieCampaign::is_back(const Victim& victim, std::uint64_t published, std::string& why) const {
  const nlohmann::json entry = entry_of(victim);
  why = entry.dump();
  if (entry.is_null() || entry.contains("fault")) return false;
  if (!victim.is_alone()) {
    why += "; its clients have it up to " + std::to_string(victim.stream().seen) + " of " +
           std::to_string(published);
    return entry.at("live") == true && victim.stream().seen >= published;
  }
  if (entry.at("oldest") != 0 || entry.at("next") != victim.records()) return false;
  // And all of it can be had.
  const auto answer =
      wire_test::http(dashboard_->port(), "GET", "/v1/window/" + victim.name().text());
  why += "; window " + std::to_string(answer.status);
  if (answer.status != 200) return false;
  std::size_t walked = 0;
  const std::uint64_t whole =
      walk_records(std::stoull(answer.headers.at("Ringside-Epoch"), nullptr, 16), 0, answer.body,
                   walked, [this](std::uint64_t, std::string_view payload) {
                     tamper::judge_published(*streams_, payload);
                   });
  why += " with " + std::to_string(whole) + " whole records";
  return whole == victim.records();
}

void LieCampaign::wait_until_back(const Victim& victim, std::uint64_t published) {
  const std::uint64_t start = steady_ns();
  std::string why;
  while (!is_back(victim, published, why)) {
    if (steady_ns() - start > kBackNs)
      throw std::runtime_error(victim.name().text() + " does not come back after " +
                               tamper::name_of(victim.last()) + ": " + why);
    hold(20'000);
  }
  longest_back_ms_ = std::max(longest_back_ms_, (steady_ns() - start) / 1'000'000);
  ++back_;
}

void LieCampaign::round() {
  for (const auto& victim : victims_) {
    const auto attack =
        static_cast<Attack>(dice_.between(0, static_cast<std::uint64_t>(Attack::count) - 1));
    victim->attack(attack, dice_);
    ++attacks_;
    if (dice_.between(0, 3) == 0) ::usleep(static_cast<useconds_t>(dice_.between(0, kHoldUs / 4)));
  }
  hold(dice_.between(0, dice_.between(0, 9) == 0 ? kLongHoldUs : kHoldUs));
  for (const auto& victim : victims_)
    if (victim->must_be_put_aside()) wait_until_named(*victim);
  std::vector<std::uint64_t> published;
  for (const auto& victim : victims_) {
    victim->undo(dice_);
    published.push_back(victim->stream().published);
  }
  for (std::size_t i = 0; i < victims_.size(); ++i) wait_until_back(*victims_[i], published[i]);
}

void LieCampaign::finish() {
  streams_->stop.store(true);
  int status = 0;
  while (::waitpid(good_, &status, 0) < 0 && errno == EINTR) {
  }
  good_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error("the good producer was refused or died");
  const std::uint64_t start = steady_ns();
  while (!clients_.front()->tally().done) {
    look();
    if (steady_ns() - start > kBackNs)
      throw std::runtime_error("the client of the good segment does not get all of it");
    ::usleep(10'000);
  }
}

std::string LieCampaign::last_attacks() const {
  std::string text;
  for (const auto& victim : victims_)
    text += " " + victim->name().producer + (victim->is_alone() ? " (alone) " : " (live) ") +
            tamper::name_of(victim->last());
  return text;
}

int LieCampaign::run() {
  Verdict fault;
  const std::uint64_t start = steady_ns();
  try {
    begin();
    while (static_cast<double>(steady_ns() - start) < options_.seconds * 1e9) round();
    finish();
  } catch (const std::exception& wrong) {
    fault = wrong.what();
  }
  if (good_ > 0) {
    ::kill(good_, SIGKILL);
    ::waitpid(good_, nullptr, 0);
  }
  if (fault) {
    workplace_.keep();
    std::fprintf(stderr,
                 "ringside_campaign tamper: wrong state, seed %" PRIu64 ", attack %" PRIu64
                 ": %s\nthe last attacks:%s\nthe bus is kept in %s\n",
                 options_.seed, attacks_, fault->c_str(), last_attacks().c_str(),
                 bus_.directory().c_str());
    return 1;
  }
  std::uint64_t detached = 0;
  for (const auto& victim : victims_) detached += victim->stream().detached;
  for (const auto& client : clients_)
    std::printf("tamper: client %s: records %" PRIu64 " gaps %" PRIu64
                " refused_by_checksum %" PRIu64 " connections %" PRIu64 " longest_pause_ms %" PRIu64
                " wrong 0\n",
                client->name().c_str(), client->tally().records.load(), client->tally().gaps.load(),
                client->tally().refused.load(), client->tally().connections.load(),
                client->tally().longest_pause_ms.load());
  std::printf("tamper: seconds %.1f attacks %" PRIu64 " faults_named %" PRIu64 " back %" PRIu64
              " slowest_back_ms %" PRIu64 " producers_detached_and_reopened %" PRIu64
              "; dashboard deaths 0\n",
              static_cast<double>(steady_ns() - start) / 1e9, attacks_, named_, back_,
              longest_back_ms_, detached);
  return 0;
}

}  // namespace

Campaign add_tamper(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->dashboard =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ringside-dashboard")
          .string();
  CLI::App* parser = app.add_subcommand(
      "tamper",
      "Segment files are cut off, replaced and written into while a dashboard shows them");
  parser->add_option("--seconds", options->seconds, "How long")->capture_default_str();
  parser->add_option("--seed", options->seed, "Of the attacks")->capture_default_str();
  parser->add_option("--dashboard", options->dashboard, "The ringside-dashboard to be tried");
  return {parser, [options] { return LieCampaign(*options).run(); }};
}

}  // namespace ringside::campaign
