// What cannot be used is refused whole, with a message that says where the fault is, and what was
// in the ring stays.
#include <csignal>
#include <fstream>
#include <span>
#include <stdexcept>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "producer_shim/feed/parquet_types.h"
#include "producer_shim/feed/thrift.hpp"
#include "tests/feed/feed_fixture.hpp"
#include "tests/support/wait_until.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

struct Wrong {
  const char* replaced;
  const char* message;
};

const Wrong kWrong[] = {
    {"CASE WHEN episode_id != 'episode-77' THEN episode_id END AS episode_id",
     "episode_id of row 77 (counted from 0) is \"null\"; it must be there"},
    {"CASE WHEN y != 5000 THEN y END AS y", "y of row 40000 (counted from 0) is \"null\""},
    {"CASE WHEN z = -10000 THEN 'nan'::DOUBLE ELSE z END AS z",
     "z of row 40000 (counted from 0) is \"nan\"; it must be finite"},
    {"CASE WHEN y = 1 THEN '-inf'::DOUBLE ELSE x END AS x",
     "x of row 8 (counted from 0) is \"-inf\""},
    {"CASE WHEN y = 1 THEN 1e300 ELSE x END AS x",
     "x of row 8 (counted from 0) is \"1e+300\"; it must be finite and fit a float"},
    {"CASE WHEN y = 1 THEN 3.5::DOUBLE ELSE 1 END AS phase_int",
     "phase_int of row 8 (counted from 0) is \"3.5\"; it must be a whole number of 32 bits"},
    {"CASE WHEN y = 1 THEN 9007199254740993 ELSE 1 END AS cluster",
     "cluster of row 8 (counted from 0) is \"9007199254740993\""},
    {"CASE WHEN y = 1 THEN -2147483649 ELSE 1 END AS predicted_int",
     "predicted_int of row 8 (counted from 0) is \"-2147483649\""},
    {"CASE WHEN y = 1 THEN 2 ELSE 1 END AS is_train",
     "is_train of row 8 (counted from 0) is \"2\"; it must be true or false, or 1 or 0"},
    {"CASE WHEN y = 1 THEN NULL ELSE true END AS is_train",
     "is_train of row 8 (counted from 0) is \"null\""},
    {"x::VARCHAR AS x, [cluster] AS cluster, {'a': 1} AS host_id, DATE '2024-01-01' AS is_train",
     "host_id is STRUCT and should be text; x is STRING and should be numbers; cluster is LIST and "
     "should be whole numbers; is_train is DATE and should be true or false"},
};

/// The most memory that this process has had since forget_peak().
std::uint64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::uint64_t kib = 0; word == "VmHWM:" && status >> kib) return kib * 1024;
  throw std::runtime_error("/proc/self/status has no VmHWM");
}

/// Tells if the kernel was built without that.
bool forget_peak() {
  std::ofstream reset("/proc/self/clear_refs");
  if (reset << 5 << std::flush) return true;
  WARN("not tested: /proc/self/clear_refs cannot be written");
  return false;
}

TEST_CASE("a value or a type that cannot be used is named with its row and column") {
  const Workplace place;
  write_parquet(place.file, fit_sql(1, 10));
  REQUIRE(place.run().status == 0);
  for (const Wrong& wrong : kWrong) {
    INFO(wrong.replaced);
    write_parquet(place.file, fit_sql(2, 50'000, wrong.replaced), ", ROW_GROUP_SIZE 8192");
    const auto outcome = place.run();
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.errors,
               StartsWith("ringside-feed: cannot use " + place.file.string() + " as a fit: ") &&
                   Contains(wrong.message));
    CHECK(count_of(outcome.errors, "\n") == 1);
  }
  CHECK((place.rows() == rows_of(1, 10)));
}

TEST_CASE("columns that are missing or wrong are named all together") {
  const Workplace place;
  write_parquet(place.file,
                "SELECT x::VARCHAR AS x, * EXCLUDE (x, z, cluster, is_train), z AS \"Z2\" FROM (" +
                    fit_sql(1, 10) + ")");
  const auto outcome = place.run();
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors,
             Contains("it has no column z, cluster, is_train (it has also \"Z2\"); x "
                      "is STRING and should be numbers"));
}

TEST_CASE("what is no whole Parquet file is refused, and the ring stays as it was") {
  const Workplace place;
  write_parquet(place.file, fit_sql(1, 1000));
  REQUIRE(place.run().status == 0);
  const std::string whole = content_of(place.file);
  const auto refused = [&](const std::string& content) {
    put_content(place.file, content);
    const auto outcome = place.run();
    INFO(outcome.errors);
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.errors, StartsWith("ringside-feed: cannot use ") && !Contains("/proc/"));
    CHECK(count_of(outcome.errors, "\n") == 1);
  };
  refused("");
  refused("PAR1");
  refused(std::string(100'000, 'x'));
  refused(whole.substr(0, whole.size() / 2));
  refused(whole.substr(0, whole.size() - 1));
  refused(whole.substr(1));
  refused(whole.substr(0, whole.size() / 2) + std::string(whole.size() / 2, '\0'));
  CHECK((place.rows() == rows_of(1, 1000)));
  write_parquet(place.file, fit_sql(1, 0));
  const auto outcome = place.run();
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors, Contains("it has no rows"));
  CHECK((place.rows() == rows_of(1, 1000)));
}

TEST_CASE("a list that lies about its length takes no more room than its footer could need") {
  constexpr std::size_t kBytes = 64 * 1024;
  // FileMetaData whose second field, the schema, is a list of so many structures: as many as there
  // are bytes, a million, and 2^30.
  const std::string count =
      GENERATE(as<std::string>{}, "\x80\x80\x04", "\xC0\x84\x3D", "\x80\x80\x80\x80\x04");
  std::string footer = "\x29\xFC" + count;
  footer.resize(kBytes);
  parquet::FileMetaData file;
  if (!forget_peak()) return;
  const std::uint64_t before = peak_bytes();
  CHECK(!read_thrift(std::as_bytes(std::span(footer)), file));
  constexpr std::uint64_t kSlack = 2 << 20;
  CHECK(peak_bytes() <= before + kBytes * sizeof(parquet::SchemaElement) + kSlack);
}

TEST_CASE("a damaged byte anywhere never ends the feeder but with a message") {
  const Workplace place;
  write_parquet(place.file, fit_sql(1, 500), ", COMPRESSION zstd");
  const std::string whole = content_of(place.file);
  std::size_t refused = 0;
  constexpr std::size_t kPlaces = 100;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    std::string damaged = whole;
    // Half of them in the end of the file, where its structure stands.
    const std::size_t range = i % 2 == 0 ? whole.size() : std::min<std::size_t>(whole.size(), 1500);
    const std::size_t at = whole.size() - 1 - i * 7919 % range;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << i % 8));
    put_content(place.file, damaged);
    const auto outcome = place.run();
    INFO("byte " << at << " of " << whole.size() << ": " << outcome.errors);
    REQUIRE((outcome.status == 0 || outcome.status == 1));
    REQUIRE(!outcome.errors.empty());
    if (outcome.status == 1) ++refused;
  }
  CHECK(refused > kPlaces / 4);
}

TEST_CASE("a feeder that is stopped before it has published says so, and fails") {
  const Workplace place;
  write_parquet(place.file, fit_sql(1, 2'000'000));  // takes its time
  support::Process feeder({.command = place.command(),
                           .environment = {},
                           .errors = (place.directory.path() / "errors").string()});
  REQUIRE(support::wait_until_caught(feeder.pid(), SIGTERM));
  feeder.send_signal(SIGTERM);
  CHECK(feeder.wait() == 1);
  CHECK_THAT(place.errors(), Contains("ringside-feed: stopped; nothing was published\n"));
  CHECK(place.batches().empty());
}

TEST_CASE("a file that a program has open to write it is refused") {
  const Workplace place;
  write_parquet(place.file, fit_sql(1, 10));
  {
    const std::ofstream writer(place.file, std::ios::app);
    const auto outcome = place.run();
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.errors, Contains("a program has it open to write it"));
  }
  CHECK(place.run().status == 0);
}

TEST_CASE("what is not there or no file, and a wrong command line, are reported") {
  Workplace place;
  const auto refuses = [&](int status, const std::string& message,
                           const std::vector<std::string>& arguments = {}) {
    const auto outcome = place.run(arguments);
    INFO(outcome.errors);
    CHECK(outcome.status == status);
    CHECK_THAT(outcome.errors,
               StartsWith("ringside-feed: ") && Contains(message) && Contains(place.file.string()));
    CHECK(count_of(outcome.errors, "\n") == 1);
  };
  refuses(1, "No such file");
  const auto folder = place.directory.path();
  place.file = folder / "pipe";
  REQUIRE(::mkfifo(place.file.c_str(), 0600) == 0);
  refuses(2, "something other than a file");
  place.file = folder;
  refuses(2, "something other than a file");
  place.file = "/dev/null";
  refuses(2, "something other than a file");
  put_content(folder / "file", "");
  place.file = folder / "file" / "below";
  refuses(1, "Not a directory");
  place.file = folder / "no" / "such";
  refuses(1, "No such file");
  CHECK_THAT(place.run({"--watch"}).errors, Contains("cannot watch the folder"));
  CHECK(place.run({"--what"}).status == 2);
  CHECK(place.run({"--channel", "../x"}).status == 2);
  CHECK(place.run({"--watch", "--save"}).status == 2);
  CHECK(support::run_command({RINGSIDE_BIN "/ringside-feed"}).status == 2);
  const auto help = support::run_command({RINGSIDE_BIN "/ringside-feed", "--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.output, Contains("--watch") && Contains("--capacity") && Contains("episode_id"));
  CHECK_THAT(support::run_command({RINGSIDE_BIN "/ringside-feed", "--version"}).output,
             StartsWith("ringside-feed "));
}

}  // namespace
}  // namespace ringside::feed::test
