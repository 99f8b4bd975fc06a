// One writer at a time, and the next one goes on where the last one stood, however that one died
// (F-16, D-1 to D-7).
#include <atomic>
#include <ctime>
#include <random>

#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus/inspect/liveness.hpp"
#include "tests/bus/bus_fixture.hpp"
#include "tests/support/shifted_clock.hpp"

using namespace ringside;
using namespace ringside::test;
using ringside::support::ShiftedClock;

namespace {

/// A word that parent and child share.
class SharedWord {
 public:
  SharedWord() {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) FAIL("cannot map a page");
    word_ = new (page) std::atomic<std::uint64_t>(0);
  }
  ~SharedWord() { ::munmap(word_, 4096); }
  SharedWord(const SharedWord&) = delete;
  SharedWord& operator=(const SharedWord&) = delete;
  std::atomic<std::uint64_t>* operator->() const { return word_; }

 private:
  std::atomic<std::uint64_t>* word_;
};

void sleep_ns(long ns) {
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

TEST_CASE("a second producer of the name is refused, with the number of the first (D-1)") {
  const TemporaryBus temporary;
  SharedWord ready;
  Child child([&] {
    const Result<Writer> writer = open_writer(temporary.bus(), kName, small_ring());
    ready->store(writer ? 1 : 2);
    while (true) ::pause();
    return 0;
  });
  wait_until([&] { return ready->load() != 0; });
  REQUIRE(ready->load() == 1);
  const auto path = temporary.path(kName);
  const auto before = read_at(path, 0, 24576);
  for (const WriterOptions& options : {small_ring(), small_ring(3)}) {
    const Result<Writer> second = open_writer(temporary.bus(), kName, options);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == Errc::in_use);
    CHECK(second.error().message.find("process " + std::to_string(child.pid())) !=
          std::string::npos);
    CHECK(second.error().message.find(path.string()) != std::string::npos);
  }
  CHECK(read_at(path, 0, 24576) == before);
  // Stopped is not dead.
  ::kill(child.pid(), SIGSTOP);
  CHECK_FALSE(open_writer(temporary.bus(), kName, small_ring()).has_value());
  CHECK(is_live(make_reader(temporary.bus())));
  ::kill(child.pid(), SIGKILL);
  CHECK(child.wait() == 128 + SIGKILL);
  CHECK_FALSE(is_live(make_reader(temporary.bus())));
  CHECK(make_writer(temporary.bus(), small_ring()).origin() == Origin::reopened);
}

TEST_CASE("a second writer in the same process is refused as well (D-1)") {
  const TemporaryBus temporary;
  const Writer writer = make_writer(temporary.bus(), small_ring());
  const Result<Writer> second = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::in_use);
}

TEST_CASE("of many producers that start at once exactly one has the segment (D-1, D-4, D-5)") {
  for (int round = 0; round < 20; ++round) {
    const TemporaryBus temporary;
    SharedWord owners;
    SharedWord start;
    std::vector<Child> children;
    for (int i = 0; i < 4; ++i)
      children.emplace_back([&] {
        while (start->load() == 0) sleep_ns(10'000);
        const Result<Writer> writer = open_writer(temporary.bus(), kName, small_ring());
        if (!writer) return writer.error().code == Errc::in_use ? 1 : 2;
        owners->fetch_add(1);
        while (start->load() == 1) sleep_ns(100'000);
        return 0;
      });
    start->store(1);
    sleep_ns(20'000'000);
    wait_until([&] { return owners->load() > 0; });
    start->store(2);
    int refused = 0;
    int owned = 0;
    for (Child& child : children) {
      const int status = child.wait();
      refused += status == 1 ? 1 : 0;
      owned += status == 0 ? 1 : 0;
    }
    // Late starters may come after the first has ended, so more than one can have had it in turn.
    REQUIRE(owned + refused == 4);
    REQUIRE(owned >= 1);
    REQUIRE(owners->load() == static_cast<std::uint64_t>(owned));
  }
}

TEST_CASE(
    "a writer killed at any moment leaves a segment that the next one reopens (F-16, F-20, "
    "D-6)") {
  constexpr std::uint64_t kSeed = 70;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const TemporaryBus temporary;
  const std::uint64_t most = GENERATE(as<std::uint64_t>{}, 30, 3000, 20000);
  const WriterOptions options =
      small_ring(most == 30 ? std::optional<std::uint64_t>(50) : std::nullopt);
  Sequence taken{0};
  Epoch epoch;
  std::uint64_t published_by_killed = 0;
  std::uint64_t waited_for = 0;
  for (int round = 0; round < 40; ++round) {
    SharedWord reported;
    reported->store(taken.value);
    Child child([&] {
      Result<Writer> writer = open_writer(temporary.bus(), kName, options);
      if (!writer) return 1;
      while (true) {
        const auto event = event_of(kSeed, writer->next(), most);
        Sequence sequence{};
        if (writer->next().value % 2 == 0) {
          sequence = *writer->publish(event);
        } else {
          const auto room = writer->claim(event.size() + writer->next().value % 50);
          if (!room) continue;
          std::copy(event.begin(), event.end(), room->begin());
          sequence = *writer->commit(event.size());
        }
        reported->store(sequence.value + 1);
      }
      return 0;
    });
    const std::uint64_t first = 1 + random() % 50;
    waited_for += first;
    wait_until([&] { return reported->load() >= taken.value + first; });
    sleep_ns(static_cast<long>(random() % 3'000'000));
    ::kill(child.pid(), SIGKILL);
    REQUIRE(child.wait() == 128 + SIGKILL);

    Writer writer = make_writer(temporary.bus(), options);
    REQUIRE(writer.origin() == Origin::reopened);
    if (round == 0) epoch = writer.geometry().epoch;
    REQUIRE(writer.geometry().epoch == epoch);
    // What it was told is published; at most one more, killed between the commit and the telling.
    REQUIRE(writer.next().value >= reported->load());
    REQUIRE(writer.next().value <= reported->load() + 1);
    published_by_killed += writer.next().value - taken.value;
    publish_events(writer, kSeed, static_cast<std::uint64_t>(round % 3), most);
    const Drained all = drain(make_reader(temporary.bus()));
    REQUIRE_FALSE(all.fault);
    REQUIRE_FALSE(all.sequences.empty());
    REQUIRE(all.sequences.back() + 1 == writer.next());
    for (std::size_t i = 0; i < all.sequences.size(); ++i) {
      REQUIRE(all.payloads[i] == event_of(kSeed, all.sequences[i], most));
      if (i > 0) REQUIRE(all.sequences[i] == all.sequences[i - 1] + 1);
      if (i > 0) REQUIRE(all.timestamps[i] >= all.timestamps[i - 1]);
    }
    taken = writer.next();
  }
  CHECK(published_by_killed >= waited_for);
}

TEST_CASE("timestamps never go back, even when a writer opens what was written tomorrow (F-17)") {
  const TemporaryBus temporary;
  const Timestamp today = now();
  {
    const ShiftedClock tomorrow(std::chrono::hours(24));
    Writer writer = make_writer(temporary.bus(), small_ring());
    publish_events(writer, 1, 1, 10);
  }
  // Neither by the clock that was kept, nor without it.
  const bool is_kept = GENERATE(true, false);
  if (!is_kept) poke(temporary.path(kName), 4168, 0);
  // A word without a checksum is not what decides.
  poke(temporary.path(kName), 4240, 2 * today.ns);
  Writer writer = make_writer(temporary.bus(), small_ring());
  publish_events(writer, 1, 1, 10);
  const Drained all = drain(make_reader(temporary.bus()));
  REQUIRE(all.timestamps.size() == 2);
  CHECK(all.timestamps[1] >= all.timestamps[0]);
  CHECK(all.timestamps[1].ns < today.ns + 25 * 3'600'000'000'000);
}

namespace {

/// A segment whose writer, with these options, has published ten events and closed.
struct Left {
  TemporaryBus temporary;
  std::filesystem::path path = temporary.path(kName);
  std::vector<std::byte> schema = bytes_of("one");
  WriterOptions options = small_ring(100);

  Left() {
    options.schema = schema;
    Writer writer = make_writer(temporary.bus(), options);
    publish_events(writer, 1, 10, 100);
  }
};

}  // namespace

TEST_CASE("the same caps and schema, or caps left to what is there, take the segment up (D-6)") {
  Left left;
  const Reader reader = make_reader(left.temporary.bus());
  SECTION("the same") {}
  SECTION("caps left to what is there") {
    left.options.caps.capacity_bytes.reset(), left.options.caps.retain_events.reset();
  }
  SECTION("only the capacity left to what is there") {
    left.options.caps.capacity_bytes.reset();
  }
  SECTION("a capacity that rounds to the same") {
    left.options.caps.capacity_bytes = kDataGranule - 100;
  }
  Writer writer = make_writer(left.temporary.bus(), left.options);
  CHECK(writer.origin() == Origin::reopened);
  CHECK(writer.next() == Sequence{10});
  CHECK(reader.is_at(left.path));
  publish_events(writer, 1, 1, 100);
  CHECK(drain(reader).sequences.size() == 11);
}

TEST_CASE(
    "caps or a schema that differ make a new epoch, and readers see that theirs is gone (D-7)") {
  Left left;
  const Reader reader = make_reader(left.temporary.bus());
  const std::vector<std::byte> other_schema = bytes_of("two");
  SECTION("another capacity") {
    left.options.caps.capacity_bytes = 2 * kDataGranule;
  }
  SECTION("another retention") {
    left.options.caps.retain_events = 99;
  }
  SECTION("another schema") {
    left.options.schema = other_schema;
  }
  SECTION("a shorter schema") {
    left.options.schema = Bytes(left.schema).first(2);
  }
  SECTION("no schema") {
    left.options.schema = {};
  }
  SECTION("another identifier") {
    left.options.schema_id = {'X', 'X', 'X', 'X'};
  }
  const Writer writer = make_writer(left.temporary.bus(), left.options);
  CHECK(writer.origin() == Origin::replaced);
  CHECK(writer.geometry().epoch != reader.epoch());
  CHECK(writer.next() == Sequence{0});
  CHECK_FALSE(reader.is_at(left.path));
  CHECK_FALSE(is_live(reader));
  // The old segment is still whole for those who have it.
  CHECK(drain(reader).sequences.size() == 10);
  CHECK(make_reader(left.temporary.bus()).epoch() == writer.geometry().epoch);
}

TEST_CASE("what a dead writer left of a replacement is cleared by the next (D-7)") {
  const TemporaryBus temporary;
  { const Writer writer = make_writer(temporary.bus(), small_ring()); }
  const auto left = temporary.path(kName).parent_path() / ".writer.ring.new";
  std::filesystem::copy_file(temporary.path(kName), left);
  const Writer writer = make_writer(temporary.bus(), small_ring(9));
  CHECK(writer.origin() == Origin::replaced);
  CHECK_FALSE(std::filesystem::exists(left));
}
