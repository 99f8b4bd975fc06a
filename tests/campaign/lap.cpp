// A writer laps its readers as fast as it can: readers of the segment, and clients of a dashboard
// in each of its modes. No torn byte may come as whole, and each sequence comes once or in a gap.
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/lap_readers.hpp"
#include "tests/campaign/producers.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"

namespace ringside::campaign {
namespace {

struct Options {
  double seconds = 60;
  std::uint64_t seed = 1;
  std::string dashboard;
};

class LapCampaign {
 public:
  explicit LapCampaign(Options options) : options_(std::move(options)) {}

  int run();

 private:
  Verdict begin();
  Verdict watch();
  Verdict finish();
  void add(std::string name, const lap::Reading& reading) {
    readers_.push_back(std::make_unique<lap::LappedReader>(std::move(name), *signals_, reading));
  }

  Options options_;
  Workplace workplace_;
  Bus bus_{workplace_.path() / "bus"};
  SharedPage<lap::Signals> signals_;
  pid_t writer_ = -1;
  std::unique_ptr<support::Dashboard> dashboard_;
  std::vector<std::unique_ptr<lap::LappedReader>> readers_;
};

Verdict LapCampaign::begin() {
  std::fflush(nullptr);
  writer_ = ::fork();
  if (writer_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(lap::write(bus_, options_.seed, *signals_));
  }
  while (!signals_->ready) {
    if (::waitpid(writer_, nullptr, WNOHANG) != 0) return "the writer does not get going";
    ::usleep(1000);
  }
  // Beside the bus, so that it is kept with it.
  dashboard_ = std::make_unique<support::Dashboard>(
      options_.dashboard, bus_.directory().string(),
      support::Process::Options{.command = {},
                                .environment = {},
                                .errors = (workplace_.path() / "dashboard.log").string()});
  const std::uint16_t port = dashboard_->port();
  add("copies", lap::read_copies(bus_, options_.seed));
  add("runs", lap::read_runs(bus_, options_.seed));
  add("mode=run",
      lap::read_stream(port, options_.seed, {.mode = "run", .channels = "raw,load"}, 0));
  constexpr int kSmallBuffer = 16 * 1024;
  constexpr unsigned kSlowUs = 2000;
  add("mode=run, slow",
      lap::read_stream(port, options_.seed,
                       {.mode = "run", .channels = "raw,load", .receive_buffer = kSmallBuffer},
                       kSlowUs));
  add("mode=event",
      lap::read_stream(port, options_.seed, {.mode = "event", .channels = "raw,load"}, 0));
  add("mode=json", lap::read_stream(port, options_.seed, {.mode = "json", .channels = "load"}, 0));
  add("windows", lap::read_windows(port, options_.seed));
  signals_->go.store(true);
  return std::nullopt;
}

Verdict LapCampaign::watch() {
  const std::uint64_t end = steady_ns() + static_cast<std::uint64_t>(options_.seconds * 1e9);
  while (steady_ns() < end) {
    ::usleep(50'000);
    for (const auto& reader : readers_)
      if (Verdict fault = reader->fault()) return fault;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(dashboard_->process().pid()), &info,
                 WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != 0)
      return "the dashboard died";
  }
  return std::nullopt;
}

Verdict LapCampaign::finish() {
  signals_->stop.store(true);
  int status = 0;
  while (::waitpid(writer_, &status, 0) < 0 && errno == EINTR) {
  }
  writer_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "the writer was refused or died";
  Verdict first;
  for (const auto& reader : readers_)
    if (Verdict fault = reader->finish(); fault && !first) first = fault;
  return first;
}

int LapCampaign::run() {
  Verdict fault;
  try {
    fault = begin();
    if (!fault) fault = watch();
    if (!fault) fault = finish();
  } catch (const std::exception& wrong) {
    fault = wrong.what();
  }
  if (writer_ > 0) {
    ::kill(writer_, SIGKILL);
    ::waitpid(writer_, nullptr, 0);
  }
  if (fault) {
    workplace_.keep();
    std::fprintf(
        stderr, "ringside_campaign lap: wrong state, seed %" PRIu64 ": %s\nthe bus is kept in %s\n",
        options_.seed, fault->c_str(), bus_.directory().c_str());
    return 1;
  }
  for (const auto& reader : readers_) {
    const lap::Tally& tally = reader->tally();
    std::printf("lap: %s: records %" PRIu64 " gaps %" PRIu64 " sequences_missed_and_named %" PRIu64
                " overtaken_and_told %" PRIu64 " whole_downloads %" PRIu64 " torn 0\n",
                reader->name().c_str(), tally.records.load(), tally.gaps.load(),
                tally.missed.load(), tally.voids.load(), tally.wholes.load());
  }
  std::printf("lap: seconds %.1f published %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64
              " laps, and %" PRIu64 " Load events; torn 0 lost 0\n",
              options_.seconds, signals_->raw_total.load(), signals_->bytes.load(),
              signals_->bytes.load() / lap::kCapacity, signals_->load_total.load());
  return 0;
}

}  // namespace

Campaign add_lap(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->dashboard =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "ringside-dashboard")
          .string();
  CLI::App* parser = app.add_subcommand(
      "lap", "A writer laps readers of every kind: nothing torn may come as whole");
  parser->add_option("--seconds", options->seconds, "How long")->capture_default_str();
  parser->add_option("--seed", options->seed, "Of the payloads and the pauses")
      ->capture_default_str();
  parser->add_option("--dashboard", options->dashboard, "The ringside-dashboard to be tried");
  return {parser, [options] { return LapCampaign(*options).run(); }};
}

}  // namespace ringside::campaign
