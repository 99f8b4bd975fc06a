// `ringside stat` and `ringside verify` through the real program, who is listed as a reader, and
// what the looking commands say of a bus that is missing, empty, damaged or forbidden.
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/inspect/reader_table.hpp"
#include "bus/layout.hpp"
#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
constexpr const char* kRingside = RINGSIDE_BIN "/ringside";
constexpr const char* kSoon = "0.05";

Outcome run_ringside(const std::string& bus, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {kRingside, "--bus", bus});
  return run_command(arguments);
}

Process start_ringside(const std::string& bus, std::vector<std::string> arguments) {
  Process::Options options;
  arguments.insert(arguments.begin(), {kRingside, "--bus", bus});
  options.command = arguments;
  return Process(options);
}

nlohmann::json stat_json(const std::string& bus, const std::string& interval = kSoon) {
  const Outcome outcome = run_ringside(bus, {"stat", "--json", "--interval", interval});
  INFO(outcome.errors);
  REQUIRE(outcome.status == 0);
  return nlohmann::json::parse(outcome.output);
}

/// The first segment's readers, once `good` says yes to them; the test fails if it never does.
nlohmann::json readers_when(const std::string& bus,
                            const std::function<bool(const nlohmann::json&)>& good) {
  nlohmann::json readers;
  for (int attempt = 0; attempt < 200; ++attempt) {
    readers = stat_json(bus).at("segments").at(0).at("readers");
    if (good(readers)) return readers;
  }
  FAIL("readers: " << readers);
  return readers;
}

void check_error(const Outcome& outcome, int status, const std::vector<std::string>& words) {
  INFO("standard error: " << outcome.errors);
  CHECK(outcome.status == status);
  CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
  for (const std::string& word : words) CHECK(outcome.errors.find(word) != std::string::npos);
}

void flip(const fs::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 0x10));
}

/// Where the record of a sequence lies in the data ring, by the index in the file.
std::uint64_t position_of(const fs::path& path, const Reader& reader, std::uint64_t sequence) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(reader.geometry().index_offset + 8 * sequence));
  std::array<char, 8> bytes{};
  file.read(bytes.data(), bytes.size());
  return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace

TEST_CASE("stat --json says of a segment what ls --json says, and its rates and readers") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p", {.capacity_bytes = 1 << 16, .retain_events = 9});
  producer.publish(20, 1);
  const nlohmann::json sample = stat_json(bus.text());
  CHECK(sample.at("timestamp_ns").is_string());
  nlohmann::json segment = sample.at("segments").at(0);
  nlohmann::json listed =
      nlohmann::json::parse(run_ringside(bus.text(), {"ls", "--json"}).output).at(0);
  CHECK(segment.at("events_per_s") == 0);
  CHECK(segment.at("bytes_per_s") == 0);
  CHECK(segment.at("readers").empty());
  CHECK(segment.at("span_s").get<double>() <= segment.at("oldest_age_s").get<double>());
  for (const char* own : {"events_per_s", "bytes_per_s", "readers"}) segment.erase(own);
  for (nlohmann::json* each : {&segment, &listed}) each->erase("oldest_age_s");
  CHECK(segment == listed);
  CHECK(segment.at("events") == 9);
  const Outcome table = run_ringside(bus.text(), {"stat", "--interval", kSoon});
  CHECK(table.output.find("9 / 9") != std::string::npos);
  CHECK(table.output.find("live, " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("stat measures the rate at which a producer publishes") {
  const TemporaryDirectory bus;
  const Process load = start_ringside(
      bus.text(), {"load", "events", "--producer", "p", "--rate", "2000", "--size", "64"});
  while (!fs::exists(bus.path() / "events" / "p.ring")) ::usleep(1000);
  const nlohmann::json segment = stat_json(bus.text(), "1").at("segments").at(0);
  const double events = segment.at("events_per_s");
  // A busy machine may hold either up for a while; the two figures must agree whatever it does.
  CHECK(events > 1000);
  CHECK(events < 3000);
  CHECK(segment.at("bytes_per_s").get<double>() == Approx(events * 88));
}

TEST_CASE("a tail is listed with its lag, and one that is killed disappears") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p", {.capacity_bytes = 1 << 16, .retain_events = 9});
  producer.publish(5, 1);
  CHECK(stat_json(bus.text()).at("segments").at(0).at("readers").empty());
  Process tail = start_ringside(bus.text(), {"tail", "events", "--follow", "--json"});
  tail.wait_for_line("\"sequence\":4,");
  const nlohmann::json caught_up = readers_when(bus.text(), [](const nlohmann::json& readers) {
    return readers.size() == 1 && readers.at(0).at("cursor") == 5;
  });
  CHECK(caught_up.at(0).at("name") == "tail");
  CHECK(caught_up.at(0).at("pid") == tail.pid());
  CHECK(caught_up.at(0).at("clients") == 1);
  CHECK(caught_up.at(0).at("lag_events") == 0);
  CHECK(caught_up.at(0).at("lag_s") == 0);

  tail.send_signal(SIGSTOP);
  producer.publish(3, 1);
  const nlohmann::json behind = readers_when(bus.text(), [](const nlohmann::json& readers) {
    return readers.at(0).at("lag_events") == 3;
  });
  CHECK(behind.at(0).at("lag_overwritten") == 0);
  CHECK(behind.at(0).at("lag_s") > 0.0);
  producer.publish(12, 1);
  CHECK(stat_json(bus.text()).at("segments").at(0).at("readers").at(0).at("lag_overwritten") == 6);
  const std::string table = run_ringside(bus.text(), {"stat", "--interval", kSoon}).output;
  INFO(table);
  CHECK(table.find("read by tail (" + std::to_string(tail.pid()) + ") at 5: 15 events behind") !=
        std::string::npos);
  CHECK(table.find("6 of them overwritten") != std::string::npos);

  tail.kill();
  CHECK(stat_json(bus.text()).at("segments").at(0).at("readers").empty());
}

TEST_CASE("nonsense in the table of readers reaches nobody's terminal, and stat goes on") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(5, 1);
  const Epoch epoch{std::stoull(
      stat_json(bus.text()).at("segments").at(0).at("epoch").get<std::string>(), nullptr, 16)};
  Result<ReaderTable> table = ReaderTable::open(Bus(bus.path()), Access::read_write);
  REQUIRE(table);
  std::optional<ReaderSlot> liar = table->claim(epoch, "\033[2J\xff\n");
  std::optional<ReaderSlot> elsewhere = table->claim(Epoch{1}, "of no segment");
  REQUIRE((liar && elsewhere));
  liar->move_to(Sequence{~std::uint64_t{0}}, 0xFFFFFFFF);
  const nlohmann::json readers = stat_json(bus.text()).at("segments").at(0).at("readers");
  REQUIRE(readers.size() == 1);
  CHECK(readers.at(0).at("name") == "?[2J??");
  CHECK(readers.at(0).at("lag_events") == 0);
  const Outcome shown = run_ringside(bus.text(), {"stat", "--interval", kSoon});
  CHECK(shown.output.find('\033') == std::string::npos);
  // And a table that is no table is one line, and no more than that.
  fs::remove(bus.path() / ".readers");
  std::ofstream(bus.path() / ".readers") << "scribble";
  const Outcome without = run_ringside(bus.text(), {"stat", "--interval", kSoon});
  check_error(without, 0, {".readers", "remove it"});
  CHECK(without.output.find("events/p") != std::string::npos);
  CHECK(run_ringside(bus.text(), {"tail", "events"}).status == 0);
}

TEST_CASE("stat --watch prints a sample each interval and ends on SIGINT with status 0") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  const auto begin = static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
  Process watch = start_ringside(bus.text(), {"stat", "--watch", "--json", "--interval", "0.02"});
  std::uint64_t last = 0;
  for (std::uint64_t sample = 0; sample < 5; ++sample) {
    const nlohmann::json object = nlohmann::json::parse(watch.wait_for_line("{"));
    const std::uint64_t time = std::stoull(object.at("timestamp_ns").get<std::string>());
    CHECK(time > last);
    // However late one comes, none is early.
    CHECK(time >= begin + (sample + 1) * 20'000'000);
    last = time;
  }
  watch.send_signal(SIGINT);
  CHECK(watch.wait() == 0);
  // One that would sleep for an hour ends at once, too.
  Process sleeper = start_ringside(bus.text(), {"stat", "--watch", "--interval", "3600"});
  REQUIRE(wait_until_caught(sleeper.pid(), SIGTERM));
  sleeper.send_signal(SIGTERM);
  CHECK(sleeper.wait() == 0);
  check_error(run_ringside(bus.text(), {"stat", "--interval", "0"}), 2, {"--interval"});
}

TEST_CASE("a bus that is not there is an error that names it, and an empty one is not") {
  const TemporaryDirectory bus;
  const std::string none = (bus.path() / "none").string();
  std::ofstream(bus.path() / "file") << "not a directory";
  for (const char* command : {"ls", "stat"}) {
    check_error(run_ringside(none, {command}), 1, {none, "there is no bus"});
    check_error(run_ringside(none, {command, "--json"}), 1, {none, "there is no bus"});
    check_error(run_ringside((bus.path() / "file").string(), {command}), 1, {"not a directory"});
    check_error(run_ringside(bus.text(), {command}), 0, {bus.text(), "no segments"});
  }
  CHECK(run_ringside(bus.text(), {"ls"}).output.empty());
  CHECK_FALSE(fs::exists(none));
}

TEST_CASE("who may not look into a bus is told what to do") {
  const TemporaryDirectory bus;
  const TemporaryDirectory open;
  // A copy, since the program may lie where others may not go.
  const fs::path program = open.path() / "ringside";
  fs::copy_file(kRingside, program);
  fs::permissions(open.path(), fs::perms{0755});
  {
    LoadProducer producer(bus.text(), "events", "p");
    producer.publish(3, 1);
  }
  const auto as_other = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {program.string(), "--bus", bus.text()});
    if (::geteuid() == 0)
      arguments.insert(arguments.begin(), {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                           "--clear-groups", "--inh-caps=-all"});
    Outcome outcome = run_command(arguments);
    // An ordinary user is also warned of a bus in /dev/shm, which is not the matter here.
    if (outcome.errors.find("ringside: warning: ") == 0)
      outcome.errors.erase(0, outcome.errors.find('\n') + 1);
    return outcome;
  };
  fs::permissions(bus.path(), fs::perms{0});
  for (const char* command : {"ls", "stat"})
    check_error(as_other({command}), 1, {bus.text(), "Permission denied", "sudo"});
  // A segment that may not be read is quarantined with the same words, and reported once.
  fs::permissions(bus.path(), fs::perms{0755});
  const fs::path segment = bus.path() / "events" / "p.ring";
  fs::permissions(segment, fs::perms{0});
  check_error(as_other({"tail", "events"}), 1, {segment.string(), "Permission denied", "sudo"});
  check_error(as_other({"verify", segment.string()}), 1, {segment.string(), "sudo"});
  const Outcome ls = as_other({"ls"});
  CHECK(ls.status == 0);
  CHECK(ls.output.find("sudo") != std::string::npos);
  // Who may read and not write is served all the same, and just not listed.
  fs::permissions(segment, fs::perms{0444});
  const Outcome tail = as_other({"tail", "events", "--json"});
  INFO(tail.errors);
  CHECK(tail.status == 0);
  CHECK(std::count(tail.output.begin(), tail.output.end(), '\n') == 3);
  CHECK(as_other({"stat", "--interval", kSoon}).status == 0);
  // Nor is a channel passed over whose folder is closed, with another beside it or alone.
  const fs::path folder = bus.path() / "events";
  fs::permissions(folder, fs::perms{0});
  check_error(as_other({"tail", "events"}), 1, {folder.string(), "Permission denied", "sudo"});
  for (const std::string command : {"ls", "stat"}) {
    const Outcome closed = as_other({command});
    INFO(closed.output);
    CHECK(closed.status == 0);
    CHECK(closed.output.find("\nevents ") != std::string::npos);
    CHECK(closed.output.find(folder.string() + ": Permission denied") != std::string::npos);
  }
}

TEST_CASE("verify says of whole segments what is in them, and changes nothing") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p", {.capacity_bytes = 1 << 16, .retain_events = 9});
  const std::string file = (bus.path() / "events" / "p.ring").string();
  CHECK(run_ringside(bus.text(), {"verify", file}).output ==
        file + ": intact: 0 records, next is 0, 0 bytes, schema RSLD\n");
  producer.publish(30, 1);
  const auto changed = fs::last_write_time(file);
  const Outcome outcome = run_ringside(bus.text(), {"verify", file, file});
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.empty());
  const std::string line = file + ": intact: 9 records, 21..29, 720 bytes, schema RSLD\n";
  CHECK(outcome.output == line + line);
  CHECK(fs::last_write_time(file) == changed);
}

TEST_CASE("verify names the first fault of each damaged file, and goes on to the next") {
  const TemporaryDirectory bus;
  LoadProducer good(bus.text(), "events", "good");
  LoadProducer bad(bus.text(), "events", "bad", {.capacity_bytes = 1 << 16, .retain_events = {}});
  for (LoadProducer* producer : {&good, &bad}) producer->publish(10, 1);
  const fs::path file = bus.path() / "events" / "bad.ring";
  const std::string other = (bus.path() / "events" / "good.ring").string();
  Result<Reader> reader = open_reader(file);
  REQUIRE(reader);
  const auto check_fault = [&](std::uint64_t offset, const std::vector<std::string>& words) {
    flip(file, offset);
    const Outcome outcome = run_ringside(bus.text(), {"verify", file.string(), other});
    flip(file, offset);
    check_error(outcome, 1, words);
    CHECK(outcome.errors.find(file.string()) != std::string::npos);
    CHECK(outcome.output.find(other + ": intact: 10 records") == 0);
  };
  const std::uint64_t record = reader->geometry().data_offset + position_of(file, *reader, 3);
  check_fault(record + 40, {"checksum", "offset " + std::to_string(record + 4), "sequence 3",
                            "expected ", "found ", "F-15", "move the file away"});
  check_fault(reader->geometry().index_offset + 8 * 5, {"index word", "sequence 5", "F-10"});
  check_fault(12, {"version", "offset 12"});
  check_fault(100, {"fixed_crc32c at offset 124", "expected ", "found "});
  check_fault(kHeaderBytes, {"schema", "offset " + std::to_string(kHeaderBytes)});
  CHECK(run_ringside(bus.text(), {"verify", file.string()}).status == 0);
  check_error(run_ringside(bus.text(), {"verify", (bus.path() / "none").string()}), 1, {"none"});
  check_error(run_ringside(bus.text(), {"verify"}), 2, {"SEGMENT"});
  // What readers are told of a segment that cannot be read, they are told once.
  flip(file, 12);
  check_error(run_ringside(bus.text(), {"tail", "events/bad"}), 1, {"version", file.string()});
}

TEST_CASE("verify beside a live producer passes over what is overwritten meanwhile, and says so") {
  const TemporaryDirectory bus;
  const Process load = start_ringside(
      bus.text(), {"load", "events", "--producer", "p", "--size", "64", "--capacity", "64KiB"});
  const fs::path file = bus.path() / "events" / "p.ring";
  while (!fs::exists(file)) ::usleep(1000);
  std::string reported;
  for (int attempt = 0; attempt < 500 && reported.empty(); ++attempt) {
    const Outcome outcome = run_ringside(bus.text(), {"verify", file.string()});
    INFO(outcome.errors);
    REQUIRE(outcome.status == 0);
    REQUIRE(outcome.output.find(": intact: ") != std::string::npos);
    if (outcome.output.find("overwritten while reading") != std::string::npos)
      reported = outcome.output;
  }
  CHECK_FALSE(reported.empty());
}
