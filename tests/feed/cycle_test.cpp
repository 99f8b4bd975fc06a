// What the feeder keeps in its segment: one cycle, whole, under a sequence that goes on.
#include <chrono>
#include <cstdio>
#include <set>

#include <catch2/catch.hpp>

#include "bus/durable/reader_open.hpp"
#include "event_generated.h"
#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("the retained window is one event of the whole last cycle, numbered on and on") {
  const Workplace place;
  std::uint64_t cycle = 0;
  for (std::uint32_t k = 0; k < 5; ++k) {
    write_parquet(place.file, fit_sql(k, 20'000 - 100 * k));
    REQUIRE(place.run().status == 0);
    const auto batches = place.batches();
    REQUIRE(batches.size() == 1);
    CHECK(batches[0].sequence.value == k);
    CHECK(batches[0].cycle > cycle);
    CHECK(batches[0].index == 0);
    CHECK(batches[0].total == 20'000 - 100 * k);
    CHECK((batches[0].rows == rows_of(k, 20'000 - 100 * k)));
    cycle = batches[0].cycle;
  }
  // Room for two, so that one stays while the next is copied in.
  const auto reader = open_reader(Bus(place.bus), {"embedding", "feed"});
  REQUIRE(reader);
  CHECK(reader->geometry().data_capacity > 2 * 20'000 * sizeof(Point));
  CHECK(reader->geometry().retain_events == 1);
}

TEST_CASE("a fit that outgrows its segment gets a new epoch, and one that shrinks keeps its own") {
  const Workplace place;
  write_parquet(place.file, fit_sql(0, 1000));
  REQUIRE(place.run().status == 0);
  const auto small = place.epoch();
  write_parquet(place.file, fit_sql(1, 100'000));
  REQUIRE(place.run().status == 0);
  const auto large = place.epoch();
  CHECK((small != large));
  CHECK((place.rows() == rows_of(1, 100'000)));
  write_parquet(place.file, fit_sql(2, 10));
  REQUIRE(place.run().status == 0);
  CHECK((place.epoch() == large));
  CHECK((place.rows() == rows_of(2, 10)));
}

TEST_CASE("more profiles than one batch can number make several events of one cycle") {
  const Workplace place;
  for (std::uint32_t k = 0; k < 2; ++k) {
    write_parquet(place.file,
                  fit_sql(k, 1000, "'profile-' || replace(episode_id, 'episode-', '') AS profile"));
    const auto outcome = place.run();
    REQUIRE(outcome.status == 0);
    CHECK_THAT(outcome.errors, Contains("note: one event numbers at most"));
    const auto batches = place.batches();
    REQUIRE(batches.size() == 4);
    std::uint32_t next = 0;
    for (const Batch& batch : batches) {
      CHECK(batch.cycle == batches[0].cycle);
      CHECK(batch.index == next);
      CHECK(batch.total == 1000);
      next += static_cast<std::uint32_t>(batch.rows.size());
    }
    CHECK(next == 1000);
    const auto rows = place.rows();
    REQUIRE(rows.size() == 1000);
    CHECK(rows[999].profile == "profile-999");
    CHECK(rows[999].x == static_cast<float>(k));
  }
}

TEST_CASE("caps are as the user asks") {
  const Workplace place;
  write_parquet(place.file, fit_sql(0, 2000));
  REQUIRE(place.run({"--retain", "3", "--capacity", "4MiB"}).status == 0);
  REQUIRE(place.run({"--retain", "3"}).status == 0);
  CHECK(place.batches().size() == 2);
  const auto reader = open_reader(Bus(place.bus), {"embedding", "feed"});
  REQUIRE(reader);
  CHECK(reader->geometry().data_capacity == 4 * 1024 * 1024);
  CHECK(reader->geometry().retain_events == 3);
}

TEST_CASE("caps that cannot keep a whole cycle are refused before anything is published") {
  const Workplace place;
  // Two events, for more hosts than one can number.
  write_parquet(place.file, fit_sql(1, 100'000, "'host-' || (8 * y)::INT AS host_id"));
  const std::uint64_t bytes = [&] {
    REQUIRE(place.run().status == 0);
    const auto reader = open_reader(Bus(place.bus), {"embedding", "feed"});
    REQUIRE(reader);
    REQUIRE(reader->window().to - reader->window().from == 2);
    std::uint64_t sum = 0;
    RecordCopier copier(*reader, reader->seek({}));
    while (copier.next() == RunOutcome::run) sum += record_bytes(copier.record().payload.size());
    return sum;
  }();
  const std::string least = std::to_string(bytes);

  auto outcome = place.run({"--capacity", "4MiB"});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors, Contains("--capacity 4194304 cannot keep a cycle of 2 events with " +
                                      least + " bytes") &&
                                 Contains("give --capacity " + least + " or more"));
  CHECK(count_of(outcome.errors, "ringside-feed: ") == 1);
  outcome = place.run({"--retain", "1"});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors, Contains("--retain 1 cannot keep a cycle of 2 events") &&
                                 Contains("give --retain 2 or more"));
  outcome = place.run({"--capacity", least, "--sync-interval", "1s"});
  CHECK(outcome.status == 1);
  CHECK(place.batches().at(0).sequence.value == 0);  // nothing has changed

  const std::size_t at = outcome.errors.find("give --capacity ");
  REQUIRE(at != std::string::npos);
  const std::string synced = std::to_string(std::stoull(outcome.errors.substr(at + 16)));
  CHECK(place.run({"--capacity", synced, "--sync-interval", "1s"}).status == 0);
  CHECK(place.rows().size() == 100'000);
  CHECK(place.run({"--capacity", least, "--retain", "2"}).status == 0);
  CHECK(place.rows().size() == 100'000);
}

TEST_CASE("a fit that is older than --retain-age goes while its file is watched") {
  const Workplace place;
  write_parquet(place.file, fit_sql(0, 10));
  auto watcher = place.watch({"--retain-age", "1500ms"});
  REQUIRE(place.shows(0, 10));
  CHECK(place.shows(0, 0));
}

TEST_CASE("with --sync-interval the fit is on the disk when the feeder ends") {
  const Workplace place;
  write_parquet(place.file, fit_sql(0, 10));
  REQUIRE(place.run({"--sync-interval", "100ms"}).status == 0);
  const auto reader = open_reader(Bus(place.bus), {"embedding", "feed"});
  REQUIRE(reader);
  REQUIRE(reader->durable());
  CHECK(reader->durable()->value == 1);
}

TEST_CASE("a second feeder of the same name is refused, one of another is not") {
  const Workplace place;
  write_parquet(place.file, fit_sql(0, 10));
  auto watcher = place.watch();
  REQUIRE(place.shows(0, 10));
  const auto outcome = place.run();
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors, Contains(std::to_string(watcher.pid())));
  CHECK(place.run({"--producer", "other"}).status == 0);
}

TEST_CASE("150,000 rows are in the ring when the feeder ends, whose time is printed") {
  const Workplace place;
  write_parquet(place.file, fit_sql(0, 150'000));
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = place.run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    REQUIRE(outcome.status == 0);
    std::printf("150,000 rows: %.0f ms from start to end\n%s", took.count(),
                outcome.errors.c_str());
  }
  CHECK((place.rows() == rows_of(0, 150'000)));
}

}  // namespace
}  // namespace ringside::feed::test
