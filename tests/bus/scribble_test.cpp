// Someone who may write a segment's file stores what he likes into it, all the time: whoever opens
// it or writes it neither follows a word that was changed behind its check, nor ever waits for one
// to be right.
#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <catch2/catch.hpp>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/recovery.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;
namespace ipc = boost::interprocess;

namespace {

constexpr std::uint64_t kSeed = 110;
constexpr std::uint64_t kMost = 300;
constexpr std::uint64_t kHuge = std::uint64_t{1} << 40;
constexpr std::uint64_t kOpenedAt = 4120;
/// `page_bytes` of the two sync marks.
constexpr std::uint64_t kPageBytesAt[] = {8192 + 32, 16384 + 32};

/// The words of a file, and a thread that stores into them.
class Scribbler {
 public:
  using Words = std::function<std::atomic_ref<std::uint64_t>(std::uint64_t offset)>;

  Scribbler(const std::filesystem::path& path,
            const std::function<void(const std::stop_token& stop, const Words& word)>& body)
      : region_(ipc::file_mapping(path.c_str(), ipc::read_write), ipc::read_write),
        thread_([this, body](const std::stop_token& stop) {
          body(stop, [this](std::uint64_t offset) {
            return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(
                static_cast<std::byte*>(region_.get_address()) + offset));
          });
        }) {}

 private:
  ipc::mapped_region region_;
  std::jthread thread_;
};

WriterOptions synced_ring() {
  WriterOptions options = small_ring();
  options.sync_interval = std::chrono::milliseconds(1);
  return options;
}

}  // namespace

TEST_CASE("a sync mark that changes while it is read leads no reader astray") {
  const TemporaryBus temporary;
  const std::filesystem::path path = temporary.path(kName);
  {
    Writer writer = make_writer(temporary.bus(), synced_ring());
    publish_events(writer, kSeed, 20, kMost);
  }
  const std::optional<SyncMark> mark = newest_mark(*Segment::open(path, Access::read_only));
  REQUIRE(mark);
  REQUIRE(mark->page_bytes > 0);
  // It has to be salvaged, and the page that the mark keeps put back.
  age_by_a_boot(path);
  poke(path, kNextAt, 5);
  const std::uint64_t page = peek(path, kDataOffsetAt) + mark->tail - mark->page_bytes;
  poke(path, page, ~peek(path, page));
  const std::uint64_t at = kPageBytesAt[mark->generation % 2];
  const Scribbler scribbler(path, [&](const std::stop_token& stop, const Scribbler::Words& word) {
    while (!stop.stop_requested()) {
      word(at).store(kHuge, std::memory_order_relaxed);
      word(at).store(mark->page_bytes, std::memory_order_relaxed);
    }
  });
  std::size_t whole = 0;
  for (int opened = 0; opened < 500; ++opened) {
    const Result<Reader> reader = open_reader(path);
    REQUIRE(reader);
    const Drained left = drain(*reader);
    REQUIRE_FALSE(left.fault);
    REQUIRE(left.payloads.size() <= 20);
    if (left.payloads.size() == 20) ++whole;
  }
  INFO(whole << " of 500 saw the mark as it was written");
  CHECK(whole > 0);
}

TEST_CASE("a producer that syncs writes its own mark, whatever stands in its place") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), synced_ring());
  const Scribbler scribbler(temporary.path(kName),
                            [](const std::stop_token& stop, const Scribbler::Words& word) {
                              while (!stop.stop_requested())
                                for (const std::uint64_t at : kPageBytesAt)
                                  word(at).store(kHuge, std::memory_order_relaxed);
                            });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) publish_events(writer, kSeed, 20, kMost);
  const Drained left = drain(make_reader(temporary.bus()));
  CHECK_FALSE(left.fault);
  CHECK(left.invalid.empty());
  REQUIRE_FALSE(left.payloads.empty());
  for (std::size_t i = 0; i < left.payloads.size(); ++i)
    REQUIRE(left.payloads[i] == event_of(kSeed, left.sequences[i], kMost));
}

TEST_CASE("a producer goes on from the window that it checked, not from what stands there later") {
  const TemporaryBus temporary;
  const std::filesystem::path path = temporary.path(kName);
  publish_events(*std::make_unique<Writer>(make_writer(temporary.bus(), small_ring())), kSeed, 20,
                 kMost);
  for (std::uint64_t life = 1; life <= 50; ++life) {
    const std::uint64_t next = peek(path, kNextAt);
    const std::uint64_t opened = peek(path, kOpenedAt);
    std::optional<Scribbler> scribbler(
        std::in_place, path, [&](const std::stop_token& stop, const Scribbler::Words& word) {
          while (!stop.stop_requested() &&
                 word(kOpenedAt).load(std::memory_order_relaxed) == opened) {
          }
          word(kOldestAt).store(next + 7, std::memory_order_relaxed);
        });
    Writer writer = make_writer(temporary.bus(), synced_ring());
    CHECK(writer.oldest() == Sequence{0});
    CHECK(writer.next() == Sequence{next});
    publish_events(writer, kSeed, 1, kMost);
    scribbler.reset();
    poke(path, kOldestAt, 0);
  }
}
