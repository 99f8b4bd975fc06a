// Death at every instruction: a producer is run one machine instruction at a time, and each state
// that it passes through, which is what a kill at that instruction would leave, is judged.
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/judge.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/campaign/shared_page.hpp"
#include "tests/campaign/tracee.hpp"
#include "tests/campaign/workplace.hpp"

namespace ringside::campaign {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kBlocked = std::chrono::seconds(1);
/// Opening and closing take tens of thousands of instructions, few of which touch the bus: system
/// calls that change names, and stores that follow one. So what comes after each call is stepped,
/// and only in one round of some all of it.
constexpr int kStepsAfterCall = 2;
constexpr int kStepsAfterNearCall = 150;
constexpr std::uint64_t kWholeOpenings = 8;

struct Options {
  std::uint64_t states = 1'000'000;
  std::uint64_t seed = 1;
  std::string scenario;
  bool brief = false;
};

struct Figures {
  std::uint64_t states = 0;
  std::uint64_t distinct = 0;
  std::uint64_t reopenings = 0;
  std::chrono::nanoseconds longest_reopening{};
  std::map<std::string, std::uint64_t> by_scenario;
};

/// Ends the program if a take-up does not return: nobody else could tell.
class Watchdog {
 public:
  Watchdog() : thread_([this] { watch(); }) {}
  ~Watchdog() {
    stop_.store(true);
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm() { deadline_.store((Clock::now() + kBlocked).time_since_epoch().count()); }
  void disarm() { deadline_.store(0); }

 private:
  void watch() {
    while (!stop_.load()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const std::int64_t deadline = deadline_.load();
      if (deadline == 0 || Clock::now().time_since_epoch().count() < deadline) continue;
      std::fprintf(stderr, "ringside_campaign step: a take-up has blocked for a second\n");
      ::_exit(1);
    }
  }

  std::atomic<std::int64_t> deadline_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// How many instructions to step after a system call: many if it changes names, or if the bus's
/// words about the owner are written next.
int steps_after(long call) {
#if defined(__x86_64__)
  switch (call) {
    case SYS_getpid:
    case SYS_linkat:
    case SYS_rename:
    case SYS_unlink:
    case SYS_msync:
      return kStepsAfterNearCall;
    default:
      return kStepsAfterCall;
  }
#else
  (void)call;
  return kStepsAfterNearCall;
#endif
}

class StepCampaign {
 public:
  explicit StepCampaign(Options options) : options_(std::move(options)) {}

  int run();

 private:
  Verdict run_scenario(const Scenario& scenario);
  Verdict live_before(const Scenario& scenario, const Life& life);
  Verdict step_through(const Scenario& scenario, const Life& life, const BusImage& image);
  Verdict see(Judge& judge, BusImage& image, bool& first);
  Verdict try_reopening(const Judge& judge, const BusImage& image);
  void report(const Scenario& scenario, const std::string& fault);
  void fresh_buses();
  Pace pace() const { return options_.brief ? Pace::brief : Pace::whole; }

  Options options_;
  Workplace workplace_;
  SegmentName name_{"events", "stepped"};
  Bus bus_{workplace_.path() / "bus"};
  Bus copy_bus_{workplace_.path() / "copy"};
  std::unique_ptr<BusImage> copy_;
  SharedPage<Progress> told_;
  std::optional<Oracle> before_;  // what earlier lives of the scenario left
  std::uint32_t seen_begun_ = 0;
  std::uint32_t seen_done_ = 0;
  std::uint64_t scenario_states_ = 0;
  std::string where_;
  Figures figures_;
  Watchdog watchdog_;
};

void StepCampaign::fresh_buses() {
  copy_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(bus_.directory(), ignored);
  std::filesystem::remove_all(copy_bus_.directory(), ignored);
  copy_ = std::make_unique<BusImage>(copy_bus_, name_);
}

Verdict StepCampaign::live_before(const Scenario& scenario, const Life& life) {
  told_->clear();
  Tracee child([&] { return live(bus_, name_, scenario, life, *told_); });
  Tracee::Stop stop = child.run();
  if (life.killed) {
    // It stops before its last operation; then some way into that.
    for (std::uint64_t i = Dice(scenario.stream).between(0, 500);
         i > 0 && stop != Tracee::Stop::gone && told_->done.load() < life.operations.size(); --i)
      stop = child.step();
    child.kill();
  } else {
    while (stop != Tracee::Stop::gone) stop = child.run();
    if (child.exit_status() != 0)
      return "a life before failed: " + std::string(told_->fault.data());
  }
  BusImage image(bus_, name_);
  image.refresh();
  // This life found nothing and is judged as it ended.
  Scenario first = scenario;
  first.finding = Finding::nothing;
  Judge judge(first, life, bus_, name_, std::nullopt, BusImage(bus_, name_));
  Verdict fault = judge.judge(image, *told_);
  before_ = judge.held();
  return fault;
}

Verdict StepCampaign::try_reopening(const Judge& judge, const BusImage& image) {
  image.lay_out(*copy_);
  ++figures_.reopenings;
  watchdog_.arm();
  const Clock::time_point start = Clock::now();
  Verdict fault = judge.reopening(copy_bus_);
  const auto took = Clock::now() - start;
  watchdog_.disarm();
  figures_.longest_reopening = std::max<std::chrono::nanoseconds>(figures_.longest_reopening, took);
  if (!fault && took > kBlocked) return "blocked: a take-up took more than a second";
  return fault;
}

/// Judges the state as it is, if anything has changed since the last.
Verdict StepCampaign::see(Judge& judge, BusImage& image, bool& first) {
  ++figures_.states;
  ++scenario_states_;
  const bool changed = image.refresh() || first;
  const std::uint32_t begun = told_->begun.load();
  const std::uint32_t done = told_->done.load();
  const bool told_changed = begun != seen_begun_ || done != seen_done_;
  first = false;
  seen_begun_ = begun;
  seen_done_ = done;
  if (!changed && !told_changed) return std::nullopt;
  if (Verdict fault = judge.judge(image, *told_)) return fault;
  if (!changed) return std::nullopt;
  ++figures_.distinct;
  return try_reopening(judge, image);
}

Verdict StepCampaign::step_through(const Scenario& scenario, const Life& life,
                                   const BusImage& found) {
  told_->clear();
  Judge judge(scenario, life, bus_, name_, before_, found);
  Tracee child([&] { return live(bus_, name_, scenario, life, *told_); });
  Tracee::Stop stop = child.run();
  BusImage image(bus_, name_);
  const bool whole = !options_.brief && scenario.stream % kWholeOpenings == 0;
  bool first = true;
  int steps_left = 0;
  while (stop != Tracee::Stop::gone && figures_.states < options_.states) {
    if (Verdict fault = see(judge, image, first)) {
      where_ = child.where();
      return fault;
    }
    // The last operation has returned: what is left is the end of a process.
    if (told_->done.load() == life.operations.size()) break;
    const std::uint32_t done = told_->done.load();
    const bool may_skip = done == 0 || life.operations[done].kind == Operation::Kind::close;
    if (stop == Tracee::Stop::call) steps_left = steps_after(child.call_number());
    const bool skip = !whole && may_skip && steps_left-- <= 0;
    stop = skip ? child.run_to_call() : child.step();
  }
  if (stop == Tracee::Stop::gone)
    return "the producer ended with status " + std::to_string(child.exit_status()) + ": " +
           told_->fault.data();
  return std::nullopt;
}

Verdict StepCampaign::run_scenario(const Scenario& scenario) {
  fresh_buses();
  before_.reset();
  scenario_states_ = 0;
  where_ = "an earlier life";
  for (std::size_t i = 0; i + 1 < scenario.lives.size(); ++i)
    if (Verdict fault = live_before(scenario, scenario.lives[i])) return fault;
  if (Verdict fault = inflict(scenario.damage, bus_, name_)) return fault;
  BusImage found(bus_, name_);
  found.refresh();
  return step_through(scenario, scenario.lives.back(), found);
}

void StepCampaign::report(const Scenario& scenario, const std::string& fault) {
  workplace_.keep();
  std::fprintf(stderr,
               "ringside_campaign step: wrong state in scenario %s, seed %" PRIu64 ", step %" PRIu64
               ", operation %u, at %s: %s\n"
               "the bus is kept in %s (its copy, reopened, beside it); again: ringside_campaign "
               "step --states %" PRIu64 " --seed %" PRIu64 " --scenario %s%s\n",
               scenario.name.c_str(), scenario.stream, scenario_states_, seen_begun_,
               where_.c_str(), fault.c_str(), bus_.directory().c_str(), scenario_states_ + 1000,
               scenario.stream, scenario.name.c_str(), options_.brief ? " --brief" : "");
}

int StepCampaign::run() {
  // Parent and child take turns; on one processor the turn passes without waking another.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
  ::sched_setaffinity(0, sizeof one, &one);
  // Looked up once, here, and not step by step in each child.
  (void)current_boot_id();
  (void)now();
  const std::vector<std::string> names =
      options_.scenario.empty() ? scenario_names() : std::vector<std::string>{options_.scenario};
  const Clock::time_point start = Clock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  for (std::uint64_t round = 0; figures_.states < options_.states; ++round) {
    for (const std::string& name : names) {
      if (figures_.states >= options_.states) break;
      const std::uint64_t before = figures_.states;
      const Scenario scenario = make_scenario(name, options_.seed + round, pace());
      if (Verdict fault = run_scenario(scenario)) {
        report(scenario, *fault);
        return 1;
      }
      figures_.by_scenario[name] += figures_.states - before;
    }
    std::fprintf(stderr, "step: round %" PRIu64 ", %" PRIu64 " states, %.0f s\n", round + 1,
                 figures_.states, seconds());
  }
  std::string counts;
  for (const auto& [name, count] : figures_.by_scenario)
    counts.append(" ").append(name).append(" ").append(std::to_string(count));
  std::printf("step: states %" PRIu64 " distinct %" PRIu64 " reopenings %" PRIu64
              " longest_reopening_ms %.2f lost 0 torn 0 blocked 0 seconds %.1f scenarios:%s\n",
              figures_.states, figures_.distinct, figures_.reopenings,
              std::chrono::duration<double, std::milli>(figures_.longest_reopening).count(),
              seconds(), counts.c_str());
  return 0;
}

}  // namespace

Campaign add_step(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand(
      "step", "A producer killed at every instruction: single-steps it and judges each state");
  parser->add_option("--states", options->states, "How many states to see")->capture_default_str();
  parser->add_option("--seed", options->seed, "Of the first round; each further one has the next")
      ->capture_default_str();
  parser->add_option("--scenario", options->scenario, "Only this one")
      ->check(CLI::IsMember(scenario_names()));
  parser->add_flag("--brief", options->brief,
                   "Smaller records; of opening, only what follows each system call");
  return {parser, [options] { return StepCampaign(*options).run(); }};
}

}  // namespace ringside::campaign
