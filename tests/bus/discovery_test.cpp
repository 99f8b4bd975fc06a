// Which segments a bus has: names, appearance, disappearance, and what is quarantined (B-1 to
// B-3).
#include "bus/inspect/discovery.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "bus/inspect/contents.hpp"
#include "bus/inspect/status.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

Changes refresh(Discovery& discovery) {
  Result<Changes> changes = discovery.refresh();
  if (!changes) FAIL(changes.error().message);
  return std::move(*changes);
}

/// The text of a field that is printed of a segment; "" if there is no such field.
std::string field_of(const SegmentStatus& status, const std::string& wanted) {
  std::ostringstream text;
  for_each_field(status, [&](const char* name, const auto& value) {
    if (name == wanted) text << value;
  });
  return text.str();
}

}  // namespace

TEST_CASE("a name that cannot be a file of the bus is refused (B-1)") {
  for (const std::string_view good : {"a", "Z9", "a.b", "a_b-c", "0"}) CHECK(check_name("x", good));
  CHECK(check_name("x", std::string(64, 'a')));
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string("."), std::string(".."), std::string(".a"),
        std::string("-a"), std::string("a/b"), std::string("a b"), std::string("a\0b", 3),
        std::string("\xC3\xA4")}) {
    INFO(bad);
    const Result<void> checked = check_name("x", bad);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Errc::bad_name);
  }
}

TEST_CASE("a bus that is not there has no segments, and one that is no directory is an error") {
  const TemporaryBus temporary;
  Discovery none(Bus(temporary.bus().directory() / "absent"));
  CHECK(refresh(none).appeared.empty());
  const auto file = temporary.bus().directory() / "file";
  std::ofstream(file) << "x";
  Discovery wrong{Bus(file)};
  const Result<Changes> changes = wrong.refresh();
  REQUIRE_FALSE(changes.has_value());
  CHECK(changes.error().message.find(file.string()) != std::string::npos);
}

TEST_CASE("a channel whose folder cannot be read is reported once, and the others are read (B-3)") {
  const TemporaryBus temporary;
  const Writer closed = make_writer(temporary.bus(), small_ring(), {"closed", "one"});
  const Writer open = make_writer(temporary.bus(), small_ring(), {"open", "two"});
  const auto folder = temporary.bus().directory() / "closed";
  std::filesystem::permissions(folder, std::filesystem::perms{0700});
  std::filesystem::permissions(temporary.bus().directory(), std::filesystem::perms{0755});
  constexpr int kNobody = 65534;
  Child child([&] {
    if (::geteuid() != 0)
      std::filesystem::permissions(folder, std::filesystem::perms{0});
    else if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)
      return 99;
    Discovery discovery(temporary.bus());
    const Result<Changes> changes = discovery.refresh();
    if (!changes || changes->quarantined.size() != 1) return 1;
    const Error& reason = changes->quarantined.front().reason;
    if (reason.os_errno != EACCES || reason.message.find(folder.string()) == std::string::npos)
      return 2;
    if (discovery.attached().size() != 1 || !discovery.attached().contains({"open", "two"}))
      return 3;
    const std::vector<SegmentStatus> all = status_of(discovery);
    if (all.size() != 2 || all.front().name.text() != "closed" || all.front().fault.empty())
      return 4;
    const Result<Changes> again = discovery.refresh();
    if (!again || !again->quarantined.empty() || discovery.quarantined().size() != 1) return 5;
    // Who looks at another channel is not bothered with it, and who looks at this one is.
    Discovery other(temporary.bus(), "open");
    Discovery asked(temporary.bus(), "closed", "one");
    if (!other.refresh() || !other.quarantined().empty()) return 6;
    if (!asked.refresh() || asked.quarantined().size() != 1) return 7;
    return 0;
  });
  CHECK(child.wait() == 0);
  std::filesystem::permissions(folder, std::filesystem::perms{0755});
  Discovery mended(temporary.bus());
  refresh(mended);
  CHECK(mended.quarantined().empty());
  CHECK(mended.attached().size() == 2);
}

TEST_CASE(
    "segments beyond the limit on open files are quarantined, and read once others are closed") {
  const TemporaryBus temporary;
  for (const char* producer : {"1", "2", "3"})
    make_writer(temporary.bus(), small_ring(), {"a", producer});
  Discovery discovery(temporary.bus());
  discovery.limit_descriptors(2);
  Changes changes = refresh(discovery);
  CHECK(discovery.attached().size() == 2);
  REQUIRE(changes.quarantined.size() == 1);
  CHECK(changes.quarantined.front().name.text() == "a/3");
  const std::string& reason = changes.quarantined.front().reason.message;
  CHECK(reason.find(temporary.path({"a", "3"}).string()) == 0);
  CHECK(reason.find("LimitNOFILE") != std::string::npos);
  CHECK(refresh(discovery).quarantined.empty());  // said once
  // One that has vanished is open as long as someone still reads it.
  AttachedSegment read = discovery.attached().at({"a", "1"});
  std::filesystem::remove(temporary.path({"a", "1"}));
  changes = refresh(discovery);
  CHECK(changes.vanished.size() == 1);
  CHECK(discovery.attached().size() == 1);
  changes = {};
  CHECK(refresh(discovery).appeared.empty());
  read.reset();
  CHECK(refresh(discovery).appeared.size() == 1);
  CHECK(discovery.attached().contains({"a", "3"}));
  CHECK(discovery.quarantined().empty());
}

TEST_CASE("segments appear, vanish and are replaced, each reported once (D-7, B-3)") {
  const TemporaryBus temporary;
  Discovery discovery(temporary.bus());
  CHECK(refresh(discovery).appeared.empty());

  auto first = std::make_unique<Writer>(make_writer(temporary.bus(), small_ring(), {"a", "one"}));
  const Writer second = make_writer(temporary.bus(), small_ring(), {"b", "two"});
  Changes changes = refresh(discovery);
  REQUIRE(changes.appeared.size() == 2);
  CHECK(changes.appeared[0]->name.text() == "a/one");
  CHECK(changes.appeared[1]->name.text() == "b/two");
  CHECK(refresh(discovery).appeared.empty());

  const Epoch old = first->geometry().epoch;
  first.reset();
  const Writer replacing = make_writer(temporary.bus(), small_ring(7), {"a", "one"});
  changes = refresh(discovery);
  REQUIRE(changes.vanished.size() == 1);
  REQUIRE(changes.appeared.size() == 1);
  CHECK(changes.vanished[0]->reader.epoch() == old);
  CHECK(changes.appeared[0]->reader.epoch() == replacing.geometry().epoch);

  std::filesystem::remove(temporary.path({"b", "two"}));
  changes = refresh(discovery);
  REQUIRE(changes.vanished.size() == 1);
  CHECK(changes.vanished[0]->name.text() == "b/two");
  CHECK(discovery.attached().size() == 1);
}

TEST_CASE("only the channel and the producer that are asked for are attached") {
  const TemporaryBus temporary;
  const Writer one = make_writer(temporary.bus(), small_ring(), {"a", "one"});
  const Writer two = make_writer(temporary.bus(), small_ring(), {"a", "two"});
  const Writer three = make_writer(temporary.bus(), small_ring(), {"b", "one"});
  Discovery channel(temporary.bus(), "a");
  CHECK(refresh(channel).appeared.size() == 2);
  Discovery producer(temporary.bus(), "a", "two");
  REQUIRE(refresh(producer).appeared.size() == 1);
  CHECK(producer.attached().begin()->first.text() == "a/two");
}

TEST_CASE(
    "a bad file is quarantined once with its reason, the others go on, and it comes back (B-3)") {
  const TemporaryBus temporary;
  const Writer good = make_writer(temporary.bus(), small_ring(), {"a", "good"});
  const auto bad = temporary.path({"a", "bad"});
  std::ofstream(bad) << "this is no segment";
  Discovery discovery(temporary.bus());
  Changes changes = refresh(discovery);
  REQUIRE(changes.appeared.size() == 1);
  REQUIRE(changes.quarantined.size() == 1);
  CHECK(changes.quarantined[0].name.text() == "a/bad");
  CHECK(changes.quarantined[0].reason.message.find(bad.string()) != std::string::npos);
  CHECK(refresh(discovery).quarantined.empty());
  const std::vector<SegmentStatus> all = status_of(discovery);
  REQUIRE(all.size() == 2);
  CHECK(field_of(all[0], "fault").find("bad") != std::string::npos);
  CHECK(field_of(all[1], "fault").empty());
  CHECK(field_of(all[1], "live") == "1");

  std::filesystem::remove(bad);
  const Writer mended = make_writer(temporary.bus(), small_ring(), {"a", "bad"});
  changes = refresh(discovery);
  REQUIRE(changes.appeared.size() == 1);
  CHECK(discovery.quarantined().empty());
}

namespace {

/// A segment that was found to be corrupt, and what refreshing says of it from then on.
struct Aside {
  TemporaryBus temporary;
  std::filesystem::path path = temporary.path(kName);
  std::unique_ptr<Writer> writer =
      std::make_unique<Writer>(make_writer(temporary.bus(), small_ring(5)));
  Discovery discovery{temporary.bus()};

  Aside() {
    publish_events(*writer, 1, 20, 100);
    const Changes first = refresh(discovery);
    REQUIRE(first.appeared.size() == 1);
    discovery.quarantine(first.appeared[0], Error{Errc::corrupt, 0, "it is corrupt"}, Sequence{18});
    CHECK(discovery.attached().empty());
    CHECK(discovery.quarantined().size() == 1);
  }

  bool comes_back_within(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    do {
      if (!refresh(discovery).appeared.empty()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }
};

}  // namespace

TEST_CASE("a segment found corrupt is taken back when it is another one (B-3)") {
  Aside aside;
  CHECK_FALSE(aside.comes_back_within(std::chrono::milliseconds(0)));
  aside.writer.reset();
  const Writer other = make_writer(aside.temporary.bus(), small_ring(6));
  CHECK(aside.comes_back_within(std::chrono::milliseconds(0)));
  CHECK(aside.discovery.quarantined().empty());
}

TEST_CASE("a segment found corrupt is taken back once it is intact again, and no sooner (B-3)") {
  Aside aside;
  // Its newest record, without which nothing says that it goes on where it was.
  const std::uint64_t slot =
      peek(aside.path, kIndexOffsetAt) + 8 * (19 % peek(aside.path, kIndexSlotsAt));
  const std::uint64_t sequence =
      peek(aside.path, kDataOffsetAt) + peek(aside.path, slot) % kDataGranule + 8;
  poke(aside.path, sequence, 77);
  CHECK_FALSE(aside.comes_back_within(std::chrono::milliseconds(600)));
  poke(aside.path, sequence, 19);
  CHECK(aside.comes_back_within(std::chrono::seconds(5)));
  CHECK(aside.discovery.quarantined().empty());
}

TEST_CASE("a record that is damaged does not keep the others of its segment out (B-3)") {
  Aside aside;
  const std::uint64_t slot =
      peek(aside.path, kIndexOffsetAt) + 8 * (17 % peek(aside.path, kIndexSlotsAt));
  poke(aside.path, peek(aside.path, kDataOffsetAt) + peek(aside.path, slot) % kDataGranule + 8, 77);
  CHECK(aside.comes_back_within(std::chrono::seconds(5)));
}

TEST_CASE("a segment that stands before where its reader was is not taken back (F-16, B-3)") {
  Aside aside;
  poke(aside.path, kNextAt, 17);
  CHECK_FALSE(aside.comes_back_within(std::chrono::milliseconds(600)));
}

TEST_CASE("a segment that was cut off and made whole is attached anew (B-3)") {
  Aside aside;
  const auto whole = read_at(aside.path, 0, std::filesystem::file_size(aside.path));
  std::filesystem::resize_file(aside.path, 0);
  CHECK_FALSE(aside.comes_back_within(std::chrono::milliseconds(300)));
  write_at(aside.path, 0, whole);
  CHECK(aside.comes_back_within(std::chrono::seconds(5)));
}

TEST_CASE("a copy of a segment is quarantined, whichever of the two is met first (B-3)") {
  const TemporaryBus temporary;
  const Writer writer = make_writer(temporary.bus(), small_ring(), {"a", "m"});
  const auto folder = temporary.bus().segment_path({"a", "m"}).parent_path();
  for (const std::string copy : {"a", "z"}) {
    INFO("copy " << copy);
    const auto path = folder / (copy + ".ring");
    std::filesystem::copy_file(folder / "m.ring", path);
    Discovery discovery(temporary.bus());
    const Changes changes = refresh(discovery);
    REQUIRE(changes.quarantined.size() == 1);
    CHECK(changes.quarantined[0].name.producer == copy);
    REQUIRE(discovery.attached().size() == 1);
    CHECK(discovery.attached().begin()->first.producer == "m");
    CHECK(refresh(discovery).quarantined.empty());
    std::filesystem::remove(path);
  }
}

TEST_CASE("files of other names are passed over (B-2)") {
  const TemporaryBus temporary;
  const Writer writer = make_writer(temporary.bus(), small_ring(), {"a", "one"});
  const auto directory = temporary.bus().directory();
  std::ofstream(directory / "a" / ".one.ring.new") << "x";
  std::ofstream(directory / "a" / "notes.txt") << "x";
  std::ofstream(directory / "a" / ".ring") << "x";
  std::ofstream(directory / "loose.ring") << "x";
  std::filesystem::create_directory(directory / ".hidden");
  std::ofstream(directory / ".hidden" / "x.ring") << "x";
  const auto contents = contents_of(temporary.bus());
  REQUIRE(contents.has_value());
  REQUIRE(contents->segments.size() == 1);
  CHECK(contents->segments.front().text() == "a/one");
  CHECK(contents->unreadable.empty());
}
