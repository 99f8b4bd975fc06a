// Two hundred replacements, some of them broken or half-written, under a reader that follows: every
// event is one whole fit, and the last one wins.
#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "bus/durable/reader_open.hpp"
#include "tests/feed/feed_fixture.hpp"
#include "tests/support/wait_until.hpp"

namespace ringside::feed::test {
namespace {

constexpr std::uint32_t kReplacements = 200;

/// How many rows the fit numbered `k` has: never the same as its neighbours.
std::uint32_t rows_in(std::uint32_t k) {
  return 3000 + k % 3 * 500;
}

/// What a reader saw who looked at every event that it could.
struct Seen {
  std::uint64_t whole = 0;
  std::uint64_t other = 0;  ///< anything that is not one whole fit
  /// Looks at an empty window. They can be had: with one event retained, the writer gives the last
  /// one up and shows the next one by two stores, and a look may come between them.
  std::uint64_t blank = 0;
  std::atomic<std::uint32_t> last = 0;
  bool backwards = false;
};

void look_at(const Batch& batch, Seen& seen) {
  const auto k = static_cast<std::uint32_t>(batch.rows.at(0).x);
  const bool is_still_valid =
      batch.index == 0 && batch.total == batch.rows.size() && batch.rows == rows_of(k, rows_in(k));
  ++(is_still_valid ? seen.whole : seen.other);
  seen.backwards = seen.backwards || k < seen.last;
  seen.last = k;
}

void follow(const Workplace& place, const std::atomic<bool>& stop, Seen& seen) {
  const auto reader = open_reader(Bus(place.bus), {"embedding", "feed"});
  if (!reader) return;
  RecordCopier copier(*reader, reader->seek({}));
  while (true) {
    const bool last_look = stop.load();
    const auto next = copier.next();
    if (next == RunOutcome::run)
      look_at(decode(copier.record()), seen);
    else if (next == RunOutcome::corrupt || next == RunOutcome::damaged)
      ++seen.other;
    else if (next == RunOutcome::nothing && last_look)
      return;
    const SequenceRange window = reader->window();
    if (window.from == window.to) ++seen.blank;
  }
}

TEST_CASE("two hundred replacements, some half-written, never show but one whole fit") {
  const Workplace place;
  std::vector<std::string> contents;
  for (std::uint32_t k = 0; k < kReplacements; ++k) {
    write_parquet(place.file, fit_sql(k, rows_in(k)));
    contents.push_back(content_of(place.file));
  }
  put_content(place.file, contents[0]);
  auto watcher = place.watch();
  REQUIRE(place.shows(0, rows_in(0)));

  Seen seen;
  std::atomic<bool> stop{false};
  std::thread reader([&] { follow(place, stop, seen); });
  for (std::uint32_t k = 1; k < kReplacements; ++k) {
    const std::string& content = contents[k];
    const auto half = static_cast<std::streamsize>(content.size() / 2);
    switch (k % 5) {
      case 1:  // only ever half of it
        replace_content(place.file, content.substr(0, content.size() / 2));
        break;
      case 2: {  // in place, with a rest
        std::ofstream file(place.file, std::ios::binary);
        file.write(content.data(), half).flush();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        file.write(content.data() + half, static_cast<std::streamsize>(content.size()) - half);
        break;
      }
      case 3:  // damaged inside
        replace_content(place.file,
                        content.substr(0, 100) + std::string(2000, '\xFF') + content.substr(2100));
        break;
      default:
        replace_content(place.file, content);
    }
    // Now slower than the feeder, now faster; and from time to time all have to be up to date,
    // however slow the machine is.
    std::this_thread::sleep_for(std::chrono::milliseconds(k % 7 * 15));
    if (k % 10 == 0) REQUIRE(support::wait_until([&] { return seen.last == k; }));
  }
  const bool arrived = place.shows(kReplacements - 1, rows_in(kReplacements - 1));
  stop.store(true);
  reader.join();
  INFO(place.errors());
  REQUIRE(arrived);
  std::printf("%llu whole fits of 200 seen, %llu looks at an empty window\n",
              static_cast<unsigned long long>(seen.whole),
              static_cast<unsigned long long>(seen.blank));
  CHECK(seen.other == 0);
  CHECK(seen.whole >= kReplacements / 10);
  CHECK(!seen.backwards);
  CHECK(seen.last == kReplacements - 1);
}

}  // namespace
}  // namespace ringside::feed::test
