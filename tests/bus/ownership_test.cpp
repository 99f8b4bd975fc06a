// Who may write a segment, who may see that, and what a file of a bus may be (D-1, D-2, B-4).
#include "bus/durable/ownership.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/inspect/contents.hpp"
#include "bus/inspect/liveness.hpp"
#include "bus/os/boot.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kPidNamespaceAt = 4152;

std::filesystem::path lock_of(const std::filesystem::path& segment) {
  return segment.parent_path() / ".writer.lock";
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

/// What anyone can do who may read a file: lock it for reading, for as long as this lives.
class ReadLock {
 public:
  explicit ReadLock(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    flock all{};
    all.l_type = F_RDLCK;  // length 0: to the end of the file, and beyond
    REQUIRE(::fcntl(file_.descriptor(), F_OFD_SETLK, &all) == 0);
  }

 private:
  File file_;
};

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

}  // namespace

TEST_CASE("a reader's lock keeps no producer out; whether one lives is unknown then (D-3, D-2)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  { const Writer first = make_writer(temporary.bus(), small_ring()); }
  std::optional<ReadLock> lock(path);
  CHECK(liveness_of(make_reader(temporary.bus())) == Liveness::unknown);
  Writer writer = make_writer(temporary.bus(), small_ring());
  CHECK(writer.origin() == Origin::reopened);
  publish_events(writer, 1, 10, 100);
  const Reader reader = make_reader(temporary.bus());
  CHECK(reader.window().to == Sequence{10});
  CHECK(liveness_of(reader) == Liveness::unknown);
  // No second one gets in by that.
  const Result<Writer> second = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::in_use);
  // Whoever held it lets go; the idle producer still cannot be told from a dead one.
  lock.reset();
  CHECK(liveness_of(reader) == Liveness::unknown);
  wait_until([&] {
    publish_events(writer, 1, 1, 100);
    return liveness_of(reader) == Liveness::live;
  });
}

TEST_CASE("the lock's file can be opened by those who may write the segment alone (D-2)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  const mode_t mask = GENERATE(mode_t{0}, mode_t{002}, mode_t{022}, mode_t{027}, mode_t{077});
  {
    const Umask umask(mask);
    const Writer writer = make_writer(temporary.bus(), small_ring());
  }
  CHECK(mode_of(path) == (0666 & ~mask));
  CHECK(mode_of(lock_of(path)) == (0222 & ~mask));
  // And it follows when more, or fewer, are let in.
  for (const mode_t mode : {mode_t{0660}, mode_t{0644}}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    const Writer writer = make_writer(temporary.bus(), small_ring());
    CHECK(mode_of(lock_of(path)) == (mode & 0222));
  }
}

TEST_CASE(
    "the lock's file stays, and one that is removed under a producer lets no second in (D-2)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  std::optional<Writer> writer(make_writer(temporary.bus(), small_ring()));
  std::filesystem::remove(lock_of(path));
  CHECK_FALSE(open_writer(temporary.bus(), kName, small_ring()).has_value());
  writer.reset();
  CHECK(std::filesystem::exists(lock_of(path)));
  CHECK(open_writer(temporary.bus(), kName, small_ring()).has_value());
}

TEST_CASE("a process number of another container is not passed off as one of this one (D-1)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  const Writer writer = make_writer(temporary.bus(), small_ring());
  CHECK(peek(path, kPidNamespaceAt) == current_pid_namespace());
  const std::uint64_t elsewhere = GENERATE(as<std::uint64_t>{}, 1, 0);
  poke(path, kPidNamespaceAt, elsewhere);
  poke(path, kOwnerPidAt, 1);
  const Result<Writer> second = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().message.find("process 1,") == std::string::npos);
  CHECK_FALSE(owner_pid_of(make_reader(temporary.bus())).has_value());
}

TEST_CASE("no file of a bus is opened through a symbolic link (B-4)") {
  const TemporaryBus temporary;
  const Bus& bus = temporary.bus();
  const auto path = temporary.path(kName);
  const auto victim = bus.directory() / "victim";
  const std::vector<std::byte> text(200'000, std::byte{'A'});
  const auto plant = [&](const std::filesystem::path& place) {
    std::filesystem::create_directories(place.parent_path());
    std::filesystem::remove_all(place);
    File made(::open(victim.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    write_at(victim, 0, text);
    std::filesystem::create_symlink(victim, place);
  };
  SECTION("the doorbell") {
    plant(bus.doorbell_path());
  }
  SECTION("the segment") {
    plant(path);
  }
  SECTION("the lock") {
    plant(lock_of(path));
  }
  SECTION("the channel's folder") {
    { const Writer writer = make_writer(bus, small_ring()); }
    std::filesystem::rename(path.parent_path(), bus.directory() / "elsewhere");
    write_at(
        [&] {
          File made(::open(victim.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
          return victim;
        }(),
        0, text);
    std::filesystem::create_directory_symlink(bus.directory() / "elsewhere", path.parent_path());
    CHECK_FALSE(open_reader(bus, kName).has_value());
  }
  const Result<Writer> writer = open_writer(bus, kName, small_ring());
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().message.find("symbolic link") != std::string::npos);
  CHECK(read_at(victim, 0, text.size()) == text);
}

TEST_CASE("a file that was given the doorbell's name is replaced, and not written to (B-4)") {
  const TemporaryBus temporary;
  const Bus& bus = temporary.bus();
  const std::vector<std::byte> text(8192, std::byte{'A'});
  const auto victim = bus.directory() / "victim";
  { const File made(::open(victim.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)); }
  write_at(victim, 0, text);
  std::filesystem::create_hard_link(victim, bus.doorbell_path());
  Writer writer = make_writer(bus, small_ring());
  publish_events(writer, 1, 3, 100);
  CHECK(read_at(victim, 0, text.size()) == text);
  CHECK(std::filesystem::file_size(bus.doorbell_path()) == 4096);
}

TEST_CASE(
    "a bus that others can change is said to be dangerous, and a planted default is refused") {
  const TemporaryBus temporary;
  const auto said = [&](std::string_view word) {
    const auto warnings = warnings_of(temporary.bus());
    return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& line) {
      return line.find(word) != std::string::npos;
    });
  };
  CHECK_FALSE(said("everybody"));
  CHECK_FALSE(said("belongs to user"));
  REQUIRE(::chmod(temporary.bus().directory().c_str(), 0777) == 0);
  CHECK(said("everybody"));
  if (::geteuid() != 0) return;  // only root can give a folder away
  REQUIRE(::chown(temporary.bus().directory().c_str(), 65534, 65534) == 0);
  CHECK(said("belongs to user 65534"));
  // Named, it is used all the same.
  CHECK(temporary.bus().check_planted().has_value());
}

TEST_CASE("the holes of a sparse copy are filled before anything is published into them (D-5)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  { const Writer writer = make_writer(temporary.bus(), small_ring()); }
  const auto blocks = [&] {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  };
  const std::uint64_t size = std::filesystem::file_size(path);
  const File file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::fallocate(file.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(size - kDataGranule), kDataGranule) == 0);
  REQUIRE(blocks() < size);
  const Writer writer = make_writer(temporary.bus(), small_ring());
  CHECK(writer.origin() == Origin::reopened);
  CHECK(blocks() >= size);
}
