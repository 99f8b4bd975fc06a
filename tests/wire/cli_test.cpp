// `ringside` through the real program: ls, tail and load, and what they say when it cannot be done.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/mount.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
constexpr const char* kRingside = RINGSIDE_BIN "/ringside";
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

Outcome run_ringside(const std::string& bus, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {kRingside, "--bus", bus});
  return run_command(arguments);
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

std::vector<std::uint64_t> sequences(const Outcome& outcome) {
  std::vector<std::uint64_t> found;
  for (const nlohmann::json& line : json_lines(outcome.output))
    found.push_back(line.at("sequence"));
  return found;
}

bool is_one_line(const std::string& text) {
  return text.size() > 1 && text.find('\n') == text.size() - 1;
}

void check_error(const Outcome& outcome, int status, const std::string& word) {
  INFO("standard error: " << outcome.errors);
  CHECK(outcome.status == status);
  CHECK(is_one_line(outcome.errors));
  CHECK(outcome.errors.find(word) != std::string::npos);
}

}  // namespace

TEST_CASE("tail --json prints one object a line: sequence, time, producer, epoch, event") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  const std::uint64_t before = now().ns;
  producer.publish(3, 2);
  const Outcome outcome = run_ringside(bus.text(), {"tail", "events", "--json"});
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.empty());
  const std::vector<nlohmann::json> lines = json_lines(outcome.output);
  REQUIRE(lines.size() == 3);
  const auto listed = nlohmann::json::parse(run_ringside(bus.text(), {"ls", "--json"}).output);
  for (std::uint64_t sequence = 0; sequence < lines.size(); ++sequence) {
    const nlohmann::json& line = lines[sequence];
    CHECK(line.size() == 5);
    CHECK(line.at("sequence") == sequence);
    CHECK(line.at("producer") == "p");
    CHECK(line.at("epoch") == listed.at(0).at("epoch"));
    const std::uint64_t time = std::stoull(line.at("timestamp_ns").get<std::string>());
    CHECK(time >= before);
    CHECK(time <= now().ns);
    CHECK(line.at("event") ==
          nlohmann::json{{"seed", 0},
                         {"sequence", sequence},
                         {"words", {sequence * kGolden, sequence * kGolden + 1}}});
  }
}

TEST_CASE("tail without --json prints a line an event with its segment and sequence") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(2, 1);
  const Outcome outcome = run_ringside(bus.text(), {"tail", "events/p"});
  CHECK(outcome.status == 0);
  CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 2);
  CHECK(outcome.output.find("events/p  1  ") != std::string::npos);
}

TEST_CASE("tail --from begins where it is told to") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 1 << 16, .retain_events = 20});
  producer.publish(30);
  const auto from = [&](const std::string& start) {
    const Outcome outcome =
        run_ringside(bus.text(), {"tail", "events/p", "--json", "--from", start});
    CHECK(outcome.status == 0);
    return sequences(outcome);
  };
  CHECK(from("oldest").size() == 20);
  CHECK(from("oldest").front() == 10);
  CHECK(from("latest").empty());
  CHECK(from("last:3") == std::vector<std::uint64_t>{27, 28, 29});
  CHECK(sequences(run_ringside(bus.text(), {"tail", "events/p", "--json", "-n", "3"})) ==
        std::vector<std::uint64_t>{27, 28, 29});
  check_error(run_ringside(bus.text(), {"tail", "events", "-n", "-1"}), 2, "-1");
  CHECK(from("seq:28") == std::vector<std::uint64_t>{28, 29});
  CHECK(from("since:1h").size() == 20);
  CHECK(from("since:0ns").empty());
  check_error(run_ringside(bus.text(), {"tail", "events", "--from", "never"}), 2, "never");
}

TEST_CASE("tail merges the producers of a channel by time and keeps other channels out") {
  const TemporaryDirectory bus;
  LoadProducer a(bus.text(), "events", "a");
  LoadProducer b(bus.text(), "events", "b");
  LoadProducer other(bus.text(), "other", "p");
  for (int i = 0; i < 5; ++i) {
    a.publish(1);
    b.publish(1);
    other.publish(1);
  }
  const std::vector<nlohmann::json> lines =
      json_lines(run_ringside(bus.text(), {"tail", "events", "--json"}).output);
  REQUIRE(lines.size() == 10);
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::uint64_t next = std::stoull(lines[i].at("timestamp_ns").get<std::string>());
    CHECK(next >= time);
    time = next;
  }
  CHECK(sequences(run_ringside(bus.text(), {"tail", "events/b", "--json"})).size() == 5);
}

TEST_CASE("tail --follow gets new events and segments, and ends on SIGINT with status 0") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(2, 1);
  Process::Options options;
  options.command = {kRingside, "--bus", bus.text(), "tail", "events", "--follow", "--json"};
  Process tail(options);
  tail.wait_for_line("\"sequence\":1,");
  producer.publish(1, 1);
  tail.wait_for_line("\"sequence\":2,");
  LoadProducer later(bus.text(), "events", "later");
  later.publish(1, 1);
  tail.wait_for_line("\"later\"");
  tail.send_signal(SIGINT);
  CHECK(tail.wait() == 0);
}

TEST_CASE("load publishes events that obey the formula, as many and as large as asked") {
  const TemporaryDirectory bus;
  for (const std::uint64_t size : {96UL, 100UL, 1000UL, 4096UL}) {
    const std::string channel = "size" + std::to_string(size);
    const Outcome outcome =
        run_ringside(bus.text(), {"load", channel, "--producer", "p", "--count", "1500", "--size",
                                  std::to_string(size), "--seed", "9"});
    REQUIRE(outcome.status == 0);
    Result<Reader> reader = open_reader(Bus(bus.text()), {channel, "p"});
    REQUIRE(reader.has_value());
    RecordCopier copier(*reader, Sequence{0});
    std::uint64_t count = 0;
    std::string fault;
    for (; copier.next() == RunOutcome::run; ++count) {
      const Bytes payload = copier.record().payload;
      const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
      if (fault.empty()) fault = load_fault(text, count, 9);
      if (payload.size() > size || payload.size() + 8 <= size) fault = "not of the size asked for";
    }
    CHECK(count == 1500);
    CHECK(fault.empty());
  }
}

TEST_CASE("load --rate keeps to its rate and ends on SIGTERM with status 0") {
  const TemporaryDirectory bus;
  Process::Options options;
  options.command = {kRingside,    "--bus", bus.text(), "load", "events",
                     "--producer", "p",     "--rate",   "20000"};
  const auto begin = std::chrono::steady_clock::now();
  Process load(options);
  const auto end = begin + std::chrono::seconds(60);
  std::optional<Reader> reader;
  while (!reader || reader->window().to.value < 4000) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    if (!reader)
      if (Result<Reader> opened = open_reader(Bus(bus.text()), {"events", "p"}); opened)
        reader.emplace(std::move(*opened));
    ::usleep(1000);
  }
  load.send_signal(SIGTERM);
  CHECK(load.wait() == 0);
  // Never faster than asked; how much slower is the machine's affair.
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  CHECK(static_cast<double>(reader->window().to.value) <= 20'000 * seconds + 1);
}

TEST_CASE("load goes on with the sequence where the last one ended") {
  const TemporaryDirectory bus;
  for (int run = 0; run < 3; ++run)
    REQUIRE(
        run_ringside(bus.text(), {"load", "events", "--producer", "p", "--count", "10"}).status ==
        0);
  CHECK(sequences(run_ringside(bus.text(), {"tail", "events", "--json", "--from", "last:1"})) ==
        std::vector<std::uint64_t>{29});
}

TEST_CASE("ls shows each segment as a table or as JSON, and an empty bus is no error") {
  const TemporaryDirectory bus;
  const Outcome empty = run_ringside(bus.text(), {"ls"});
  CHECK(empty.status == 0);
  CHECK(empty.output.empty());
  CHECK(run_ringside(bus.text(), {"ls", "--json"}).output == "[]\n");
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(12);
  const Outcome table = run_ringside(bus.text(), {"ls"});
  CHECK(table.output.find("events/p") != std::string::npos);
  CHECK(table.output.find("live, " + std::to_string(::getpid())) != std::string::npos);
  // The bus can also be named by the environment.
  const Outcome named = run_command({kRingside, "ls", "--json"}, {"RINGSIDE_BUS=" + bus.text()});
  CHECK(nlohmann::json::parse(named.output).at(0).at("next") == 12);
}

TEST_CASE("the default bus is refused if somebody else may have planted it") {
  // /run and /dev/shm of its own, with a bus in the latter that is nobody's.
  constexpr int kNotAllowed = 77;
  const std::string plant =
      "mount -t tmpfs none /run && mount -t tmpfs none /dev/shm && mkdir -m 777 /dev/shm/ringside "
      "&& "
      "{ chown 65534 /dev/shm/ringside 2>&- || mount --bind /usr /dev/shm/ringside; } || exit 77\n"
      "unset RINGSIDE_BUS\n"
      "\"$@\"\n"
      "status=$?\n"
      "[ ! -e /dev/shm/ringside/events ] || echo something was written\n"
      "exit $status";
  const auto with_planted = [&](const std::vector<std::string>& command) {
    std::vector<std::string> all{"/usr/bin/unshare", "--mount"};
    if (::geteuid() != 0) all.emplace_back("--map-root-user");
    all.insert(all.end(), {"/bin/sh", "-c", plant, "sh"});
    all.insert(all.end(), command.begin(), command.end());
    return run_command(all);
  };
  if (const Outcome tried = with_planted({"/bin/true"}); tried.status != 0) {
    WARN("skipped, since no namespace with mounts of its own may be made here: " << tried.errors);
    return;
  }
  const std::vector<std::vector<std::string>> commands = {
      {"ls"},
      {"stat"},
      {"tail", "events"},
      {"tail", "events/p"},
      {"verify", "events/p"},
      {"load", "events", "--producer", "p", "--count", "1"}};
  for (std::vector<std::string> command : commands) {
    command.insert(command.begin(), kRingside);
    const Outcome outcome = with_planted(command);
    INFO(command[1] << ": " << outcome.errors);
    CHECK(outcome.status != 0);
    CHECK(outcome.status != kNotAllowed);
    CHECK(outcome.errors.find("the default bus belongs to user 65534") != std::string::npos);
    CHECK(outcome.output.find("something was written") == std::string::npos);
  }
  // Whoever names it has it, with a warning.
  const Outcome named = with_planted({kRingside, "--bus", "/dev/shm/ringside", "ls"});
  CHECK(named.status == 0);
  CHECK(named.errors.find("belongs to user 65534, who can change") != std::string::npos);
}

TEST_CASE("that logout empties a bus is said to ordinary users, where logind runs") {
  const auto as_user = [](const std::string& user, const std::string& folder) {
    return run_command({"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                        "mount -t tmpfs none /run && mkdir -p /run/systemd/" + folder +
                            " && exec setpriv --reuid " + user + " --clear-groups \"$@\"",
                        "sh", kRingside, "--bus", "/dev/shm/nowhere", "ls"});
  };
  if (::geteuid() != 0) {
    WARN("skipped, since only root can become other users");
    return;
  }
  const std::string kWarning = "/dev/shm/nowhere is emptied when you log out";
  CHECK(as_user("1000", "seats").errors.find(kWarning) != std::string::npos);
  for (const auto& [user, folder] : {std::pair{"1000", "other"},
                                     {"999", "seats"},
                                     {"0", "seats"},
                                     {"65534", "seats"},
                                     {"61184", "seats"}}) {
    INFO("user " << user << ", /run/systemd/" << folder);
    const Outcome outcome = as_user(user, folder);
    CHECK(outcome.errors.find("emptied") == std::string::npos);
    CHECK(outcome.errors.find("/dev/shm/nowhere") != std::string::npos);  // it is not there
  }
}

TEST_CASE("a wrong command line is one line on standard error and status 2") {
  const TemporaryDirectory bus;
  check_error(run_ringside(bus.text(), {}), 2, "--help");
  check_error(run_ringside(bus.text(), {"frobnicate"}), 2, "--help");
  check_error(run_ringside(bus.text(), {"tail"}), 2, "CHANNEL");
  check_error(run_ringside(bus.text(), {"load", "events"}), 2, "--producer");
  check_error(run_ringside(bus.text(), {"load", "events", "--producer", "p", "--count", "x"}), 2,
              "--count");
  check_error(run_ringside(bus.text(), {"load", "a/b", "--producer", "p", "--count", "1"}), 2,
              "a/b");
  check_error(run_ringside(bus.text(), {"load", "events", "--producer", "../p", "--count", "1"}), 2,
              "../p");
  check_error(run_ringside(bus.text(), {"tail", "events/p/q"}), 2, "p/q");
  check_error(run_ringside(bus.text(), {"tail", ".hidden"}), 2, ".hidden");
  CHECK_FALSE(fs::exists(bus.path() / "a"));
}

TEST_CASE("a bus that cannot be written, or a segment that is not there, is status 1") {
  const TemporaryDirectory bus;
  std::ofstream(bus.path() / "file") << "not a directory";
  const std::string under_file = (bus.path() / "file" / "bus").string();
  check_error(run_ringside(under_file, {"load", "events", "--producer", "p", "--count", "1"}), 1,
              under_file);
  check_error(run_ringside("/proc/ringside", {"load", "events", "--producer", "p", "--count", "1"}),
              1, "/proc/ringside");
  check_error(run_ringside(bus.text(), {"tail", "nothing"}), 1, "nothing");
}

TEST_CASE("a second producer of the same name is told which process holds the segment") {
  const TemporaryDirectory bus;
  LoadProducer holder(bus.text(), "events", "p");
  check_error(run_ringside(bus.text(), {"load", "events", "--producer", "p", "--count", "1"}), 1,
              std::to_string(::getpid()));
  CHECK(holder.next() == 0);
}

TEST_CASE("a file system that is full is one line and status 1, and leaves nothing behind") {
  const TemporaryDirectory place;
  if (::mount("tmpfs", place.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("a small tmpfs cannot be mounted here, so a full one is not tried");
    return;
  }
  const Outcome outcome = run_ringside(
      place.text(), {"load", "events", "--producer", "p", "--count", "1", "--capacity", "16MiB"});
  const bool empty = !fs::exists(place.path() / "events" / "p.ring");
  REQUIRE(::umount2(place.path().c_str(), MNT_DETACH) == 0);
  check_error(outcome, 1, place.text());
  CHECK(empty);
}

TEST_CASE("files that are no segments of this version are named, and left as they are") {
  const TemporaryDirectory bus;
  const fs::path path = bus.path() / "events" / "p.ring";
  const auto make_segment = [&] {
    fs::remove(path);
    LoadProducer producer(bus.text(), "events", "p",
                          {.capacity_bytes = 1 << 16, .retain_events = {}});
    producer.publish(5);
  };
  const auto check_refused = [&](const std::string& word) {
    const auto size = fs::file_size(path);
    check_error(run_ringside(bus.text(), {"load", "events", "--producer", "p", "--count", "1"}), 1,
                word);
    const Outcome tail = run_ringside(bus.text(), {"tail", "events/p"});
    INFO(tail.errors);
    CHECK(tail.status == 1);
    CHECK(tail.errors.find(word) != std::string::npos);
    CHECK(tail.errors.find(path.string()) != std::string::npos);
    const Outcome ls = run_ringside(bus.text(), {"ls", "--json"});
    CHECK(ls.status == 0);
    CHECK(nlohmann::json::parse(ls.output).at(0).at("fault").get<std::string>().find(word) !=
          std::string::npos);
    CHECK(fs::file_size(path) == size);
  };
  make_segment();
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(12);
    file.put(7);
  }
  check_refused("expected 2, found 7");
  make_segment();
  fs::resize_file(path, 10'000);
  check_refused("truncated");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(5000, 'r');
  check_refused("not a ringside segment");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "";
  check_refused("found 0");
}
