// What holds for the command lines of all programs alike: output that cannot be written, a bus that
// is not there, --help, and the words for what was not understood.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string kBin = RINGSIDE_BIN "/";
const Words kPrograms = {"ringside", "ringside-dashboard", "ringside-feed", "ringside-knn"};
const Words kSubcommands = {"ls", "stat", "tail", "publish", "load", "verify"};

/// Redirections, and why nothing can be written there.
const std::vector<std::pair<std::string, std::string>> kBroken = {
    {"> /dev/full", "No space left on device"}, {">&-", "Bad file descriptor"}};

bool has(const std::string& text, const std::string& word) {
  return text.find(word) != std::string::npos;
}

/// Runs a program by a shell, with a redirection.
Outcome run_redirected(Words command, const std::string& redirection) {
  command.front() = kBin + command.front();
  command.insert(command.begin(), {"/bin/bash", "-c", "\"$0\" \"$@\" " + redirection});
  return run_command(command);
}

Outcome run(Words command) {
  command.front() = kBin + command.front();
  return run_command(command);
}

/// The feeder as it is built without DuckDB knows no options.
bool reads_parquet() {
  return !has(run({"ringside-feed", "--version"}).output, "without DuckDB");
}

}  // namespace

TEST_CASE("output that cannot be written is status 1, and one line that says why") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  // More than any buffer holds, and less.
  producer.publish(2000);
  LoadProducer few(bus.text(), "few", "p");
  few.publish(1);
  std::vector<Words> commands;
  for (const std::string& program : kPrograms)
    for (const char* option : {"--version", "--help"}) commands.push_back({program, option});
  for (const std::string& subcommand : kSubcommands)
    commands.push_back({"ringside", subcommand, "--help"});
  for (const char* subcommand : {"produce", "stream"})
    commands.push_back({"ringside-knn", subcommand, "--help"});
  for (Words words : std::vector<Words>{{"ls"},
                                        {"ls", "--json"},
                                        {"stat", "--interval", "0.01"},
                                        {"stat", "--watch", "--interval", "0.01"},
                                        {"stat", "--json", "--interval", "0.01"},
                                        {"tail", "few"},
                                        {"tail", "events"},
                                        {"tail", "events", "--json"},
                                        {"tail", "events", "--json", "--follow"},
                                        {"verify", "events", "few"}}) {
    words.insert(words.begin(), {"ringside", "--bus", bus.text()});
    commands.push_back(words);
  }
  for (const Words& command : commands) {
    std::string text;
    for (const std::string& word : command) text += word + " ";
    for (const auto& [redirection, reason] : kBroken) {
      const Outcome outcome = run_redirected(command, redirection);
      INFO(text << redirection << ": " << outcome.status << ", " << outcome.errors);
      CHECK(outcome.status == 1);
      CHECK(outcome.errors.ends_with(command.front() + ": cannot write standard output: " + reason +
                                     "\n"));
    }
  }
}

TEST_CASE("a reader that has had enough ends a program quietly, by SIGPIPE") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(5000);
  for (const char* option : {"--json", "--follow"}) {
    const Outcome outcome =
        run_redirected({"ringside", "--bus", bus.text(), "tail", "events", option},
                       "| head -n 1 > /dev/null; exit ${PIPESTATUS[0]}");
    CHECK(outcome.status == 128 + SIGPIPE);
    CHECK(outcome.errors.empty());
  }
}

TEST_CASE("a dashboard whose standard output cannot be written says so, and serves") {
  const TemporaryDirectory bus;
  Process::Options options;
  const std::string errors = bus.text() + "/errors";
  options.command = {"/bin/bash",
                     "-c",
                     "exec \"$0\" \"$@\" > /dev/full",
                     kBin + "ringside-dashboard",
                     "--listen",
                     "127.0.0.1:0",
                     "--bus",
                     bus.text()};
  options.errors = errors;
  Process dashboard(options);
  const auto log = [&] {
    std::ifstream file(errors);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!has(log(), "cannot write standard output") && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(has(log(), "cannot write standard output: No space left on device"));
  CHECK(::kill(dashboard.pid(), 0) == 0);
  dashboard.send_signal(SIGTERM);
  // Clients were served all the same.
  CHECK(dashboard.wait() == 0);
}

TEST_CASE("every --help names the bus and the exit status, and every fault the --help to read") {
  std::vector<Words> all;
  for (const std::string& program : kPrograms)
    if (program != "ringside-feed" || reads_parquet()) all.push_back({program});
  for (const std::string& subcommand : kSubcommands) all.push_back({"ringside", subcommand});
  for (const char* subcommand : {"produce", "stream"}) all.push_back({"ringside-knn", subcommand});
  for (Words command : all) {
    const std::string name =
        command.size() > 1 ? command.front() + " " + command.back() : command.front();
    INFO(name);
    command.push_back("--help");
    const Outcome help = run(command);
    CHECK(help.status == 0);
    CHECK(has(help.output, "Exit status: 0 done; 1 failed"));
    // The fit is computed without a bus.
    if (name != "ringside-knn" && name != "ringside-knn produce")
      CHECK(has(help.output, "--bus DIR"));
    command.back() = "--frobnicate";
    const Outcome fault = run(command);
    CHECK(fault.status == 2);
    CHECK(has(fault.errors, "; see " + name + " --help\n"));
  }
}

TEST_CASE("a bus that is not there is named at the start") {
  const TemporaryDirectory place;
  const std::string bus = place.text() + "/typo";
  for (Words words : std::vector<Words>{
           {"ls"}, {"stat"}, {"tail", "events"}, {"verify", "events"}, {"verify", "events/p"}}) {
    words.insert(words.begin(), "ringside");
    words.insert(words.end(), {"--bus", bus});
    const Outcome outcome = run(words);
    INFO(words[1] << ": " << outcome.errors);
    CHECK(outcome.status == 1);
    CHECK(has(outcome.errors, bus));
    CHECK_FALSE(fs::exists(bus));
  }
  // Whoever waits for what may come says for what.
  for (const auto& [command, text] : std::vector<std::pair<Words, std::string>>{
           {{"ringside", "tail", "events", "--follow"}, "there is no bus at " + bus},
           {{"ringside-dashboard", "--listen", "127.0.0.1:0"},
            "there is no bus at " + bus + " yet"}}) {
    Process::Options options;
    options.command = command;
    options.command.front() = kBin + command.front();
    options.command.insert(options.command.end(), {"--bus", bus});
    options.errors = place.text() + "/errors";
    Process process(options);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::string said;
    while (!has(said, text) && std::chrono::steady_clock::now() < end) {
      std::ifstream file(options.errors);
      said.assign(std::istreambuf_iterator<char>(file), {});
    }
    INFO(said);
    CHECK(has(said, text));
    process.send_signal(SIGTERM);
    CHECK(process.wait() == 0);
  }
}

TEST_CASE("a bus without a name is refused, and not the default one") {
  for (Words words : std::vector<Words>{{"ringside", "ls"},
                                        {"ringside", "load", "events", "--producer", "p"},
                                        {"ringside-dashboard", "--listen", "127.0.0.1:0"},
                                        {"ringside-knn", "stream"},
                                        {"ringside-feed", "fit.parquet"}}) {
    if (words.front() == "ringside-feed" && !reads_parquet()) continue;
    words.insert(words.end(), {"--bus", ""});
    const Outcome outcome = run(words);
    INFO(words.front() << ": " << outcome.errors);
    CHECK(outcome.status == 2);
    CHECK(has(outcome.errors, "--bus: needs the name of a directory"));
  }
}

TEST_CASE("verify takes segments of the bus by name, and files") {
  const TemporaryDirectory bus;
  LoadProducer a(bus.text(), "events", "a");
  LoadProducer b(bus.text(), "events", "b");
  LoadProducer other(bus.text(), "other", "a");
  a.publish(3);
  const auto verify = [&](const Words& targets) {
    Words command = {"ringside", "verify", "--bus", bus.text()};
    command.insert(command.end(), targets.begin(), targets.end());
    return run(command);
  };
  const auto lines = [](const Outcome& outcome) {
    return std::count(outcome.output.begin(), outcome.output.end(), '\n');
  };
  const std::string file = bus.text() + "/events/a.ring";
  for (const std::string& target : {std::string("events/a"), file}) {
    const Outcome one = verify({target});
    CHECK(one.status == 0);
    CHECK(has(one.output, file + ": intact: 3 records"));
    CHECK(lines(one) == 1);
  }
  CHECK(lines(verify({"events"})) == 2);
  CHECK(lines(verify({"events", "other/a"})) == 3);
  // A copy under any name, where the bus has nothing of that name.
  fs::copy_file(file, bus.path() / "copy");
  const Outcome copy = run_command(
      {"/bin/bash", "-c", "cd \"$1\" && \"$0\" verify copy", kBin + "ringside", bus.text()});
  CHECK(copy.status == 0);
  for (const char* missing : {"none", "events/none", "none.ring", "./none"}) {
    const Outcome outcome = verify({missing, "events/a"});
    CHECK(outcome.status == 1);
    CHECK(has(outcome.errors, missing));
    CHECK(lines(outcome) == 1);
  }
  CHECK(verify({}).status == 2);
}

TEST_CASE("a size that is not taken as it was given is said") {
  const TemporaryDirectory bus;
  const auto load = [&](const std::string& name, const Words& more) {
    Words command = {"ringside",   "load", "events",  "--bus", bus.text(),
                     "--producer", name,   "--count", "1"};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  };
  const Outcome exact = load("a", {"--capacity", "64KiB"});
  CHECK(exact.status == 0);
  CHECK_FALSE(has(exact.errors, "asked for"));
  CHECK(has(load("b", {"--capacity", "1"}).errors,
            "events/b: a ring of 65536 bytes for the 1 asked for"));
  CHECK(has(load("c", {"--capacity", "64KiB", "--size", "10"}).errors,
            "events of 64 bytes for the 10 asked for"));
  const Outcome replaced = load("a", {"--capacity", "128KiB"});
  CHECK(replaced.status == 0);
  CHECK(has(replaced.errors, "a cap changed, so a new epoch begins"));
  for (const char* wrong : {"-5", "abc", "0"}) {
    const Outcome outcome = load("d", {"--capacity", wrong});
    INFO(outcome.errors);
    CHECK(outcome.status == 2);
    CHECK(has(outcome.errors, "capacity"));
    CHECK_FALSE(fs::exists(bus.path() / "events" / "d.ring"));
  }
}
