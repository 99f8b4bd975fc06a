// How `ringside publish` ends, by a signal or killed, and what grows old while it waits.
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/publish_workshop.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

/// A publisher that reads a file, or a pipe that the test holds open.
class Publisher {
 public:
  explicit Publisher(const Workshop& workshop, const std::vector<std::string>& more = {},
                     const std::optional<std::string>& file = {})
      : bus_(workshop.bus.path()),
        input_(file.value_or((workshop.folder.path() / "pipe").string())),
        errors_((workshop.folder.path() / "errors").string()) {
    std::filesystem::remove(errors_);
    if (!file && ::mkfifo(input_.c_str(), 0600) != 0 && errno != EEXIST)
      throw std::runtime_error("cannot make " + input_);
    Process::Options options;
    options.errors = errors_;
    options.command = {"/bin/sh",
                       "-c",
                       "exec \"$@\" < \"$0\"",
                       input_,
                       kRingside,
                       "--bus",
                       workshop.bus.text(),
                       "publish",
                       "readings",
                       "--producer",
                       "pipe",
                       "--schema",
                       workshop.schema};
    options.command.insert(options.command.end(), more.begin(), more.end());
    process_.emplace(options);
    if (!file) pipe_.open(input_);
  }

  void write(const std::string& text) { pipe_ << text << std::flush; }

  /// The window, once the sequence that comes next is `next`, or a later one.
  SequenceRange wait_for_next(std::uint64_t next) const {
    SequenceRange window{};
    REQUIRE(wait_until([&] {
      const auto reader = open_reader(bus_, {"readings", "pipe"});
      if (reader) window = reader->window();
      return window.to.value >= next;
    }));
    return window;
  }

  /// Its status, and what it said.
  Outcome stop(int signal) {
    process_->send_signal(signal);
    return wait();
  }
  Outcome end() {
    pipe_.close();
    return wait();
  }

 private:
  Outcome wait() {
    const int status = process_->wait();
    return {status, {}, text_of(errors_)};
  }

  Bus bus_;
  std::string input_;
  std::string errors_;
  std::ofstream pipe_;
  std::optional<Process> process_;
};

}  // namespace

TEST_CASE("a publisher that is stopped publishes what has come, and says if that is not all") {
  const Workshop workshop;
  {
    Publisher drained(workshop);
    drained.write("{\"name\":\"1\"}\n");
    drained.wait_for_next(1);
    CHECK(drained.stop(SIGTERM).status == 0);
    CHECK(workshop.events().size() == 1);
  }
  {
    Publisher half(workshop);
    half.write("{\"name\":\"2\"}\n{\"na");
    half.wait_for_next(2);
    const Outcome outcome = half.stop(SIGTERM);
    CHECK(outcome.status == 1);
    CHECK(outcome.errors.find("what came after line 1 was not published") != std::string::npos);
    CHECK(workshop.events().size() == 2);
  }
  // A file always has more to read, as a pipe may not have at that very moment.
  const std::string file = (workshop.folder.path() / "lines").string();
  std::ofstream lines(file);
  for (int i = 0; i < 4'000'000; ++i) lines << "{\"name\":\"y\"}\n";
  lines.close();
  Publisher endless(workshop, {}, file);
  endless.wait_for_next(3);
  const Outcome outcome = endless.stop(SIGTERM);
  CHECK(outcome.status == 1);
  CHECK(outcome.errors.find("stopped by a signal; what came after line ") != std::string::npos);
}

TEST_CASE(
    "a publisher that is killed goes on with the next sequence, and one cap makes a new epoch") {
  const Workshop workshop;
  Publisher killed(workshop);
  killed.write("{\"name\":\"1\"}\n{\"name\":\"2\"}\n");
  killed.wait_for_next(2);
  CHECK(killed.stop(SIGKILL).status == 128 + SIGKILL);
  CHECK(workshop.events().size() == 2);
  CHECK(workshop.publish("{\"name\":\"3\"}\n").status == 0);
  CHECK(workshop.events().size() == 3);
  const Outcome capped = workshop.publish("{\"name\":\"4\"}\n", {"--retain", "2"});
  CHECK(capped.errors.find("a new epoch") != std::string::npos);
  CHECK(workshop.events().size() == 1);
}

TEST_CASE("events older than --retain-age go, also while nothing is published") {
  const Workshop workshop;
  Publisher publisher(workshop, {"--retain-age", "500ms"});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) publisher.write("{\"name\":\"old\"}\n");
  publisher.wait_for_next(20);
  CHECK(wait_until([&] { return publisher.wait_for_next(20).from.value == 20; }));
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(500));
  CHECK(workshop.events().empty());
  const Outcome ls = run_command({kRingside, "--bus", workshop.bus.text(), "ls", "--json"});
  const nlohmann::json segment = nlohmann::json::parse(ls.output).at(0);
  CHECK(segment.at("retain_age_s") == 0.5);
  CHECK(segment.at("next") == 20);
  CHECK(segment.at("oldest") == 20);
  publisher.write("{\"name\":\"new\"}\n");
  CHECK(publisher.end().status == 0);
}
