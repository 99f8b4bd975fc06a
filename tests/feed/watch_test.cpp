// A watching feeder: every whole file is published once, and nothing else disturbs the last one.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;
using Clock = std::chrono::steady_clock;

/// The content of a Parquet file with the fit numbered `k`.
std::string fit_content(std::uint32_t k, std::uint32_t count) {
  const support::TemporaryDirectory folder;
  write_parquet(folder.path() / "fit", fit_sql(k, count));
  return content_of(folder.path() / "fit");
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

TEST_CASE("a file that is replaced or rewritten is published again, and ends cleanly") {
  const Workplace place;
  put_content(place.file, fit_content(0, 1000));
  auto watcher = place.watch();
  REQUIRE(place.shows(0, 1000));
  const std::string first = fit_content(1, 150'000);
  auto start = Clock::now();
  replace_content(place.file, first);
  REQUIRE(place.shows(1, 150'000));
  std::printf("150,000 rows in the ring %.0f ms after the file was replaced\n",
              milliseconds_since(start));
  const std::string second = fit_content(2, 500);
  start = Clock::now();
  put_content(place.file, second);
  REQUIRE(place.shows(2, 500));
  std::printf("500 rows in the ring %.0f ms after the file was rewritten\n",
              milliseconds_since(start));
  watcher.send_signal(SIGTERM);
  CHECK(watcher.wait() == 0);
}

TEST_CASE("a feeder that is killed goes on with the next sequence") {
  const Workplace place;
  put_content(place.file, fit_content(0, 1000));
  for (std::uint64_t run = 0; run < 4; ++run) {
    auto watcher = place.watch();
    REQUIRE(place.shows(0, 1000));
    while (place.batches().at(0).sequence.value < run)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    CHECK(place.batches().at(0).sequence.value == run);
    watcher.kill();
  }
}

TEST_CASE("a broken file keeps the last good fit, and is reported once") {
  const Workplace place;
  const std::string whole = fit_content(0, 1000);
  put_content(place.file, whole);
  auto watcher = place.watch();
  REQUIRE(place.shows(0, 1000));
  const auto epoch = place.epoch();
  for (std::size_t part = 1; part < 4; ++part) {
    replace_content(place.file, whole.substr(0, whole.size() * part / 4));
    REQUIRE(place.says("the last good fit stays"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  CHECK(count_of(place.errors(), "the last good fit stays") == 1);
  CHECK(place.batches().at(0).sequence.value == 0);
  replace_content(place.file, fit_content(1, 1000));
  REQUIRE(place.shows(1, 1000));
  // A new state is reported again, and another fault too.
  replace_content(place.file, whole.substr(0, whole.size() / 2));
  std::filesystem::path other = place.directory.path() / "other";
  write_parquet(other, "SELECT 1 AS x");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  std::filesystem::rename(other, place.file);
  REQUIRE(place.says("it has no column episode_id"));
  CHECK(count_of(place.errors(), "the last good fit stays") == 3);
  std::filesystem::remove(place.file);
  REQUIRE(place.says("No such file"));
  CHECK((place.rows() == rows_of(1, 1000)));
  CHECK((place.epoch() == epoch));
  replace_content(place.file, whole);
  REQUIRE(place.shows(0, 1000));
}

TEST_CASE("a file that is being written is let alone until its writer is done") {
  const Workplace place;
  put_content(place.file, fit_content(0, 1000));
  auto watcher = place.watch();
  REQUIRE(place.shows(0, 1000));
  // In place and without truncation, so that after the first half it has the end of a whole file:
  // of the old one, whose pages would be half the new one's.
  const std::string fresh = fit_content(1, 1000);
  REQUIRE(fresh.size() == content_of(place.file).size());
  {
    std::fstream file(place.file, std::ios::binary | std::ios::in | std::ios::out);
    const auto half = static_cast<std::streamsize>(fresh.size() / 2);
    file.write(fresh.data(), half).flush();
    REQUIRE(place.says("waiting until it closes it"));
    CHECK((place.rows() == rows_of(0, 1000)));
    file.write(fresh.data() + half, static_cast<std::streamsize>(fresh.size()) - half);
  }
  REQUIRE(place.shows(1, 1000));
  CHECK(place.batches().at(0).sequence.value == 1);
}

TEST_CASE("a watcher waits for a file that is not there or not whole yet") {
  const Workplace place;
  const std::string whole = fit_content(3, 100);
  auto watcher = place.watch();
  REQUIRE(place.says("waiting for a complete one"));
  put_content(place.file, whole.substr(0, 1000));
  REQUIRE(place.says("cannot use"));
  CHECK(place.batches().empty());
  put_content(place.file, whole);
  REQUIRE(place.shows(3, 100));
}

TEST_CASE("a segment that is removed under a watcher is published again") {
  const Workplace place;
  put_content(place.file, fit_content(3, 100));
  auto watcher = place.watch();
  REQUIRE(place.shows(3, 100));
  const auto epoch = place.epoch();
  std::filesystem::remove_all(place.bus);
  REQUIRE(place.says("publishing again"));
  REQUIRE(place.shows(3, 100));
  CHECK((place.epoch() != epoch));
  replace_content(place.file, fit_content(4, 100));
  REQUIRE(place.shows(4, 100));
}

TEST_CASE("a segment that is spoilt under a watcher is reported, and tried again") {
  const Workplace place;
  put_content(place.file, fit_content(3, 100));
  auto watcher = place.watch();
  REQUIRE(place.shows(3, 100));
  const auto ring = place.bus / "embedding" / "feed.ring";
  std::filesystem::resize_file(ring, 100);
  REQUIRE(place.says("trying again"));
  // The file goes on being followed meanwhile.
  replace_content(place.file, fit_content(4, 100));
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  CHECK(count_of(place.errors(), "trying again") == 1);
  std::filesystem::remove(ring);
  REQUIRE(place.shows(4, 100));
  watcher.send_signal(SIGTERM);
  CHECK(watcher.wait() == 0);
}

TEST_CASE("a file that is touched or written with what it holds makes no new cycle") {
  const Workplace place;
  const std::string content = fit_content(3, 100);
  put_content(place.file, content);
  auto watcher = place.watch();
  REQUIRE(place.shows(3, 100));
  const std::function<void()> changes[] = {
      [&] {
        std::filesystem::last_write_time(place.file, std::filesystem::file_time_type::clock::now());
      },
      [&] { std::filesystem::permissions(place.file, std::filesystem::perms{0640}); },
      [&] { std::filesystem::create_hard_link(place.file, place.directory.path() / "link"); },
      [&] { put_content(place.file, content); },
      [&] { replace_content(place.file, content); },
  };
  std::size_t notes = 0;
  for (const auto& change : changes) {
    change();
    CHECK(place.says("nothing new to publish", ++notes));
  }
  CHECK(place.batches().at(0).sequence.value == 0);
  replace_content(place.file, fit_content(4, 100));
  REQUIRE(place.shows(4, 100));
  CHECK(place.batches().at(0).sequence.value == 1);
}

TEST_CASE("a file behind a link into another folder is followed, and so is the link") {
  const Workplace place;
  const auto other = place.directory.path() / "other";
  std::filesystem::create_directory(other);
  put_content(other / "a", fit_content(1, 100));
  put_content(other / "b", fit_content(2, 100));
  std::filesystem::create_symlink(other / "a", place.file);
  auto watcher = place.watch();
  REQUIRE(place.shows(1, 100));
  put_content(other / "a", fit_content(3, 100));
  REQUIRE(place.shows(3, 100));
  const auto link = place.directory.path() / "link";
  std::filesystem::create_symlink(other / "b", link);
  std::filesystem::rename(link, place.file);
  REQUIRE(place.shows(2, 100));
}

}  // namespace
}  // namespace ringside::feed::test
