// `ringside-knn stream`, the program itself, over a small saved fit.
#include <chrono>
#include <functional>
#include <thread>

#include <catch2/catch.hpp>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "producer_shim/knn/fit_file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::knn {
namespace {

using Catch::Matchers::Contains;

/// A bus, and a fit of ten points beside it.
struct Workplace {
  support::TemporaryDirectory directory;
  std::string bus = directory.text() + "/bus";
  std::string fit = directory.text() + "/ten.fit";

  Workplace() {
    Fit ten{{}, {"host"}, {"profile"}, {}};
    for (std::uint32_t i = 0; i < 10; ++i) {
      ten.episodes.push_back("episode-" + std::to_string(i));
      ten.points.emplace_back(0.0F, 0.0F, 0.0F, 0, 0, 0, i, std::uint16_t{0}, std::uint8_t{0},
                              true);
    }
    REQUIRE(write_fit(fit, ten));
  }

  std::vector<std::string> command(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{
        RINGSIDE_BIN "/ringside-knn", "stream", "--fit", fit, "--bus", bus};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  /// From the oldest to the next; nothing if there is no segment.
  SequenceRange window() const {
    const auto reader = open_reader(Bus(bus), {"embedding", "knn"});
    return reader ? reader->window() : SequenceRange{};
  }
};

bool wait_until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

TEST_CASE("points older than --retain-age go, also between two cycles", "[knn][stream]") {
  const Workplace place;
  const support::Process producer(
      {.command = place.command({"--loop", "--cycle-pause-s", "600", "--retain-age", "300ms"}),
       .environment = {}});
  CHECK(wait_until([&] { return place.window().to.value == 10; }));
  CHECK(wait_until([&] { return place.window().from.value == 10; }));
}

TEST_CASE("a stream that is started again takes its segment up", "[knn][stream]") {
  const Workplace place;
  REQUIRE(support::run_command(place.command({})).status == 0);
  const auto again = support::run_command(place.command({}));
  CHECK(again.status == 0);
  CHECK_THAT(again.errors, Contains("the segment reopened"));
  CHECK(place.window().from.value == 10);
  CHECK(place.window().to.value == 20);
}

TEST_CASE("a pause between cycles that is no number of seconds is refused", "[knn][stream]") {
  const Workplace place;
  for (const char* const wrong : {"nan", "-nan", "inf", "-1", "86401", "1s", ""}) {
    INFO(wrong);
    // Without --loop, so that what is accepted ends too.
    const auto outcome =
        support::run_command(place.command({std::string("--cycle-pause-s=") + wrong}));
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.errors,
               Contains("--cycle-pause-s") && Contains("see ringside-knn stream --help"));
  }
  CHECK(support::run_command(place.command({"--cycle-pause-s", "0.5"})).status == 0);
}

TEST_CASE("a wrong option of the producer is a wrong command line", "[knn][stream]") {
  const Workplace place;
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--retain-age", "soon"},
                                             {"--sync-interval", "1 s"},
                                             {"--retain", "0"},
                                             {"--channel", "../up"},
                                             {"--producer", ""}}) {
    INFO(wrong[0]);
    const auto outcome = support::run_command(place.command(wrong));
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.errors, Contains(wrong[0]) && Contains("see ringside-knn stream --help"));
  }
  CHECK_FALSE(std::filesystem::exists(place.bus));
}

}  // namespace
}  // namespace ringside::knn
