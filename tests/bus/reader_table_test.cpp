// The table of readers: who is listed, who is not, and that nothing in it can hurt (B-9 to B-14).
#include "bus/inspect/reader_table.hpp"

#include <fstream>
#include <random>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

namespace fs = std::filesystem;

constexpr Epoch kEpoch{0xABCDEF};
// As docs/bus.md, 5, gives them, not as the code does.
constexpr std::uint64_t kSlotBytes = 128;
constexpr std::size_t kSlotsForReaders = 1023;
constexpr std::uint64_t kTableBytes = 131'072;

fs::path table_of(const TemporaryBus& bus) {
  return bus.bus().directory() / ".readers";
}

ReaderTable open_table(const TemporaryBus& bus, Access access = Access::read_write) {
  Result<ReaderTable> table = ReaderTable::open(bus.bus(), access);
  if (!table) FAIL(table.error().message);
  return std::move(*table);
}

}  // namespace

TEST_CASE("a reader is listed with what it says of itself, until it lets go") {
  const TemporaryBus bus;
  ReaderTable table = open_table(bus);
  CHECK(table.live().empty());
  {
    std::optional<ReaderSlot> slot = table.claim(kEpoch, "tail");
    REQUIRE(slot);
    const std::uint64_t before = now().ns;
    slot->move_to(Sequence{41}, 7);
    CHECK(table.live().size() == 1);
    const std::vector<ReaderStatus> all = open_table(bus, Access::read_only).live();
    REQUIRE(all.size() == 1);
    CHECK(all[0].epoch == kEpoch);
    CHECK(all[0].cursor == Sequence{41});
    CHECK(all[0].clients == 7);
    CHECK(all[0].pid == static_cast<std::uint64_t>(::getpid()));
    CHECK(all[0].name == "tail");
    // The clock of the table ticks every few milliseconds.
    CHECK(all[0].updated.ns + 100'000'000 > before);
    CHECK(all[0].updated.ns <= now().ns);
  }
  CHECK(table.live().empty());
  CHECK(open_table(bus, Access::read_only).live().empty());
}

TEST_CASE("a slot that is moved stays listed once, and goes with its last holder") {
  const TemporaryBus bus;
  ReaderTable table = open_table(bus);
  std::optional<ReaderSlot> first = table.claim(kEpoch, "first");
  std::optional<ReaderSlot> second = table.claim(kEpoch, "second");
  REQUIRE((first && second));
  ReaderSlot moved = std::move(*first);
  first.reset();
  CHECK(table.live().size() == 2);
  moved = std::move(*second);
  second.reset();
  REQUIRE(table.live().size() == 1);
  CHECK(table.live()[0].name == "second");
}

TEST_CASE("slots outlive their table object") {
  const TemporaryBus bus;
  std::optional<ReaderSlot> slot;
  {
    ReaderTable table = open_table(bus);
    slot = table.claim(kEpoch, "tail");
  }
  REQUIRE(slot);
  slot->move_to(Sequence{3});
  const std::vector<ReaderStatus> all = open_table(bus, Access::read_only).live();
  REQUIRE(all.size() == 1);
  CHECK(all[0].cursor == Sequence{3});
}

TEST_CASE("a reader that is killed disappears by itself, though its slot still holds its words") {
  const TemporaryBus bus;
  ReaderTable table = open_table(bus);
  Child child([&bus] {
    Result<ReaderTable> own = ReaderTable::open(bus.bus(), Access::read_write);
    std::optional<ReaderSlot> slot = own ? own->claim(kEpoch, "doomed") : std::nullopt;
    if (!slot) return 1;
    slot->move_to(Sequence{99});
    while (true) ::pause();
    return 0;
  });
  wait_until([&table] {
    const std::vector<ReaderStatus> all = table.live();
    return all.size() == 1 && all[0].cursor == Sequence{99};
  });
  CHECK(table.live()[0].pid == static_cast<std::uint64_t>(child.pid()));
  ::kill(child.pid(), SIGKILL);
  CHECK(child.wait() == 128 + SIGKILL);
  CHECK(table.live().empty());
  CHECK(peek(table_of(bus), 1 * kSlotBytes) == kEpoch.value);
  // The slot is free for the next, and shows nothing of the dead one.
  const std::optional<ReaderSlot> next = table.claim(Epoch{5}, "next");
  REQUIRE(next);
  CHECK(peek(table_of(bus), 1 * kSlotBytes) == 5);
  REQUIRE(table.live().size() == 1);
  CHECK(table.live()[0].name == "next");
  CHECK(table.live()[0].cursor == Sequence{0});
}

TEST_CASE("a full table refuses one more reader of any table, and takes it once one has left") {
  const TemporaryBus bus;
  ReaderTable mine = open_table(bus);
  ReaderTable other = open_table(bus);
  std::vector<ReaderSlot> slots;
  // In turn, so that the locks of the two lie between each other.
  for (std::size_t i = 0; i < kSlotsForReaders; ++i) {
    std::optional<ReaderSlot> slot = (i % 2 == 0 ? mine : other).claim(Epoch{i + 1}, "one of many");
    REQUIRE(slot);
    slots.push_back(std::move(*slot));
  }
  CHECK_FALSE(mine.claim(kEpoch, "late"));
  CHECK_FALSE(other.claim(kEpoch, "late"));
  for (const ReaderTable* table : {&mine, &other}) {
    const std::vector<ReaderStatus> all = table->live();
    REQUIRE(all.size() == kSlotsForReaders);
    for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i].epoch == Epoch{i + 1});
  }
  slots.erase(slots.begin() + 500);
  CHECK(open_table(bus, Access::read_only).live().size() == kSlotsForReaders - 1);
  const std::optional<ReaderSlot> late = other.claim(kEpoch, "late");
  REQUIRE(late);
  CHECK(mine.live().at(500).epoch == kEpoch);
}

TEST_CASE("whatever is scribbled into the table, what comes out is harmless") {
  const TemporaryBus bus;
  ReaderTable table = open_table(bus);
  std::vector<ReaderSlot> slots;
  for (int i = 0; i < 50; ++i) slots.push_back(std::move(*table.claim(kEpoch, "reader")));
  std::mt19937_64 random(9);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint64_t> noise((kTableBytes - kSlotBytes) / 8);
    for (std::uint64_t& word : noise) word = random();
    write_at(table_of(bus), kSlotBytes, std::as_bytes(std::span(noise)));
    const std::vector<ReaderStatus> all = table.live();
    // Noise lists nobody who does not live, and at most those who do.
    CHECK(all.size() == 50);
    for (const ReaderStatus& one : all) {
      CHECK(one.name.size() <= 32);
      for (const char c : one.name) REQUIRE((c >= 0x20 && c < 0x7F));
    }
  }
  // A name that fills all of its bytes ends there.
  const std::vector<std::byte> name = bytes_of(std::string(32, 'n') + "\xff\xff\xff");
  write_at(table_of(bus), kSlotBytes + 32, name);
  CHECK(table.live().at(0).name == std::string(32, 'n'));
  // Those who own the slots go on without noticing.
  for (ReaderSlot& slot : slots) slot.move_to(Sequence{1});
  slots.clear();
  CHECK(table.live().empty());
}

TEST_CASE("a stranger's lock on the whole file keeps readers out and lists nobody") {
  const TemporaryBus bus;
  ReaderTable table = open_table(bus);
  const File stranger(::open(table_of(bus).c_str(), O_RDWR | O_CLOEXEC));
  flock lock{};
  lock.l_type = F_WRLCK;
  REQUIRE(::fcntl(stranger.descriptor(), F_OFD_SETLK, &lock) == 0);
  CHECK_FALSE(table.claim(kEpoch, "kept out"));
  CHECK(table.live().empty());
  lock.l_type = F_UNLCK;
  REQUIRE(::fcntl(stranger.descriptor(), F_OFD_SETLK, &lock) == 0);
  CHECK(table.claim(kEpoch, "in"));
}

TEST_CASE("what is no table under its name is refused and not touched") {
  const TemporaryBus bus;
  const std::vector<std::byte> precious = bytes_of(std::string(kTableBytes, 'p'));
  const fs::path elsewhere = bus.bus().directory() / "precious";
  std::ofstream(elsewhere, std::ios::binary) << text_of(precious);
  for (const bool link : {false, true}) {
    fs::remove(table_of(bus));
    if (link)
      fs::create_symlink(elsewhere, table_of(bus));
    else
      fs::copy_file(elsewhere, table_of(bus));
    for (const Access access : {Access::read_write, Access::read_only})
      CHECK_FALSE(ReaderTable::open(bus.bus(), access));
    CHECK(read_at(table_of(bus), 0, kTableBytes) == precious);
  }
  // A link is not followed, not even to a table; and one wrong byte at the head is enough.
  fs::remove(table_of(bus));
  static_cast<void>(open_table(bus));
  const fs::path other = bus.bus().directory() / "other";
  fs::rename(table_of(bus), other);
  fs::create_symlink(other, table_of(bus));
  CHECK_FALSE(ReaderTable::open(bus.bus(), Access::read_write));
  fs::remove(table_of(bus));
  for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{8}}) {
    fs::copy_file(other, table_of(bus), fs::copy_options::overwrite_existing);
    CHECK(ReaderTable::open(bus.bus(), Access::read_write));
    poke(table_of(bus), word, peek(table_of(bus), word) ^ 1);
    CHECK_FALSE(ReaderTable::open(bus.bus(), Access::read_write));
  }
  fs::remove(table_of(bus));
  static_cast<void>(open_table(bus));
  fs::resize_file(table_of(bus), 4096);
  const Result<ReaderTable> cut = ReaderTable::open(bus.bus(), Access::read_write);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == Errc::not_segment);
  CHECK(cut.error().message.find("remove it") != std::string::npos);
}

TEST_CASE("a table that is cut short while it is open lists who is left of it") {
  const TemporaryBus bus;
  ReaderTable writing = open_table(bus);
  const ReaderTable looking = open_table(bus, Access::read_only);
  std::optional<ReaderSlot> a = writing.claim(kEpoch, "a");
  const std::optional<ReaderSlot> b = writing.claim(kEpoch, "b");
  REQUIRE((a && b));
  fs::resize_file(table_of(bus), 2 * kSlotBytes + 1);
  REQUIRE(looking.live().size() == 1);
  CHECK(looking.live()[0].name == "a");
  // Cut off whole pages, and their owners go on without a table.
  fs::resize_file(table_of(bus), 0);
  CHECK(looking.live().empty());
  a->move_to(Sequence{7});
  CHECK(writing.live().empty());
}

TEST_CASE("anybody may list himself, whatever the umask of the first reader") {
  const TemporaryBus bus;
  const mode_t before = ::umask(077);
  static_cast<void>(open_table(bus));
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat(table_of(bus).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0666);
  CHECK(static_cast<std::uint64_t>(status.st_size) == kTableBytes);
}

TEST_CASE("who only looks makes no table, and claims none") {
  const TemporaryBus bus;
  const Result<ReaderTable> none = ReaderTable::open(bus.bus(), Access::read_only);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::not_found);
  CHECK_FALSE(fs::exists(table_of(bus)));
  ReaderTable first = open_table(bus);
  ReaderTable looking = open_table(bus, Access::read_only);
  CHECK_FALSE(looking.claim(kEpoch, "not me"));
  CHECK(looking.is_at(bus.bus()));
  fs::remove(table_of(bus));
  CHECK_FALSE(looking.is_at(bus.bus()));
  CHECK_FALSE(ReaderTable::open(Bus(bus.bus().directory() / "none"), Access::read_write));
}

TEST_CASE("the lag is what is unread, what of it is gone, and how old the next event is") {
  const TemporaryBus bus;
  Writer writer = make_writer(bus.bus(), small_ring(100));
  publish_events(writer, 1, 250, 100);
  const Reader reader = make_reader(bus.bus());
  CHECK(lag_of(reader, Sequence{250}).events == 0);
  CHECK(lag_of(reader, Sequence{250}).seconds == 0.0);
  // Nobody has read what is not published; who says so is at the end.
  CHECK(lag_of(reader, Sequence{~std::uint64_t{0}}).events == 0);
  const Lag near = lag_of(reader, Sequence{240});
  CHECK(near.events == 10);
  CHECK(near.overwritten == 0);
  const double age = 1e-9 * static_cast<double>(now().ns - reader.timestamp_of(Sequence{240})->ns);
  REQUIRE(near.seconds);
  CHECK(*near.seconds > 0);
  CHECK(*near.seconds <= age);
  const Lag lapped = lag_of(reader, Sequence{7});
  CHECK(lapped.events == 243);
  CHECK(lapped.overwritten == 143);
  REQUIRE(lapped.seconds);
  CHECK(*lapped.seconds >= *near.seconds);
}
