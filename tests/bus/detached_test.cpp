// Files that vanish, shrink or change under those who have them mapped: nobody dies of it, readers
// see a fault, and a writer is told that it reaches nobody.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/durable/writer_open.hpp"
#include "bus/inspect/liveness.hpp"
#include "bus/os/sigbus_guard.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kSeed = 80;

struct Filled {
  TemporaryBus temporary;
  fs::path path = temporary.path(kName);
  Writer writer = make_writer(temporary.bus(), small_ring());
  Reader reader = make_reader(temporary.bus());

  Filled() { publish_events(writer, kSeed, 100, 200); }

  void cut_to(std::uint64_t bytes) const {
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(bytes)) == 0);
  }

  /// How the next publishes go, until one is refused or a second has passed.
  std::optional<Refusal> publish_until_refused() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < limit) {
      const auto done = writer.publish(bytes_of("on and on"));
      if (!done) return done.error();
    }
    return std::nullopt;
  }
};

}  // namespace

TEST_CASE("a reader of a file that is cut off sees a fault and lives") {
  Filled filled;
  Run run;
  SequenceRange gap;
  Sequence cursor = filled.reader.window().from;
  REQUIRE(filled.reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
  const std::uint64_t left = GENERATE(as<std::uint64_t>{}, 0, 4096, 24576, 65536, 65536 + 4096);
  filled.cut_to(left);
  // Every byte of the run is touched; what is cut off reads as zeros.
  std::uint64_t sum = 0;
  for (const std::byte byte : run.bytes) sum += static_cast<std::uint64_t>(byte);
  CHECK((sum > 0) == (left > 65536));
  CHECK_FALSE(filled.reader.is_still_valid(run));
  CHECK(filled.reader.is_truncated());
  CHECK(filled.reader.next_run(cursor, {}, run, gap) == RunOutcome::corrupt);
  RecordCopier copier(filled.reader, Sequence{0});
  CHECK(copier.next() == RunOutcome::corrupt);
  CHECK(filled.reader.window().count() == 0);
  CHECK_FALSE(filled.reader.timestamp_of(Sequence{5}).has_value());
}

TEST_CASE("a mapping that is cut off beside others leaves them alone") {
  Filled filled;
  const Writer other = make_writer(filled.temporary.bus(), small_ring(), {"load", "other"});
  const Reader untouched = make_reader(filled.temporary.bus(), {"load", "other"});
  filled.cut_to(0);
  CHECK(filled.reader.window().count() == 0);
  CHECK_FALSE(filled.reader.durable().has_value());
  CHECK(filled.reader.is_truncated());
  CHECK_FALSE(untouched.is_truncated());
}

TEST_CASE("SIGBUS of someone else's mapping still ends the process") {
  Child child([] {
    ::signal(SIGBUS, SIG_DFL);  // a sanitizer has a handler of its own
    // Something of ours first, so that the handler is there.
    const TemporaryBus temporary;
    const Writer writer = make_writer(temporary.bus(), small_ring());
    Result<File> file = File::create_in_memory(4096);
    if (!file || ::ftruncate(file->descriptor(), 0) != 0) return 1;
    boost::interprocess::mapped_region region(*file, boost::interprocess::read_only, 0, 4096);
    return static_cast<const volatile char*>(region.get_address())[0] == 0 ? 2 : 3;
  });
  CHECK(child.wait() == 128 + SIGBUS);
}

TEST_CASE("SIGBUS that is sent, and is no fault, ends the process too") {
  Child child([] {
    ::signal(SIGBUS, SIG_DFL);
    const TemporaryBus temporary;
    const Writer writer = make_writer(temporary.bus(), small_ring());
    ::kill(::getpid(), SIGBUS);
    return 1;
  });
  CHECK(child.wait() == 128 + SIGBUS);
}

TEST_CASE("a reader under whose feet another segment is copied into the file believes nothing") {
  Filled filled;
  Run run;
  SequenceRange gap;
  Sequence cursor = filled.reader.window().from;
  REQUIRE(filled.reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
  REQUIRE(filled.reader.is_still_valid(run));
  {
    const TemporaryBus other;
    Writer writer = make_writer(other.bus(), small_ring());
    publish_events(writer, kSeed + 1, 100, 200);
    // In place, as cp and rsync --inplace do: the file stays the same one.
    const File from = *File::open(other.path(kName), O_RDONLY);
    const File to = *File::open(filled.path, O_WRONLY);
    const auto size = static_cast<std::size_t>(*from.size());
    REQUIRE(::sendfile(to.descriptor(), from.descriptor(), nullptr, size) ==
            static_cast<ssize_t>(size));
  }
  CHECK_FALSE(filled.reader.is_still_valid(run));
  CHECK(filled.reader.next_run(cursor, {}, run, gap) == RunOutcome::corrupt);
  CHECK_FALSE(filled.reader.is_at(filled.path));
}

TEST_CASE("a segment takes none of the descriptors of the standard streams") {
  Child child([] {
    for (int stream = 0; stream <= 2; ++stream) ::close(stream);
    const TemporaryBus temporary;
    Writer writer = make_writer(temporary.bus(), small_ring());
    const Reader reader = make_reader(temporary.bus());
    // What is printed now goes nowhere.
    for (int stream = 0; stream <= 2; ++stream)
      if (::write(stream, "a line of a log", 15) != -1 || errno != EBADF) return 1 + stream;
    return 0;
  });
  CHECK(child.wait() == 0);
}

TEST_CASE("a writer whose file is cut off is refused, and counts nothing that reached nobody") {
  Filled filled;
  const Sequence next = filled.writer.next();
  SECTION("all of it: the very next event") {
    filled.cut_to(0);
    CHECK(filled.writer.publish(bytes_of("lost")).error() == Refusal::detached);
    CHECK(filled.writer.next() == next);
  }
  SECTION("the header page stays, the ring goes") {
    filled.cut_to(8192);
    CHECK(filled.writer.publish(bytes_of("lost")).error() == Refusal::detached);
    CHECK(filled.writer.next() == next);
  }
  SECTION("what is built in place") {
    const auto claimed = filled.writer.claim(100);
    REQUIRE(claimed.has_value());
    filled.cut_to(0);
    std::fill(claimed->begin(), claimed->end(), std::byte{7});
    CHECK(filled.writer.commit(100).error() == Refusal::detached);
  }
  SECTION("a part that is not written yet: soon") {
    filled.cut_to(65536 + 61440);
    CHECK(filled.publish_until_refused() == Refusal::detached);
  }
  CHECK(filled.writer.publish(bytes_of("no more")).error() == Refusal::detached);
  CHECK(filled.writer.claim(10).error() == Refusal::detached);
}

TEST_CASE("a writer whose file loses its name notices within a tenth of a second") {
  Filled filled;
  SECTION("removed") {
    fs::remove(filled.path);
  }
  SECTION("its folder removed") {
    fs::remove_all(filled.path.parent_path());
  }
  SECTION("another file in its place") {
    fs::copy_file(filled.path, filled.path.string() + ".copy");
    fs::rename(filled.path.string() + ".copy", filled.path);
  }
  SECTION("a directory in its place") {
    fs::remove(filled.path);
    fs::create_directory(filled.path);
  }
  SECTION("a FIFO in its place") {
    fs::remove(filled.path);
    REQUIRE(::mkfifo(filled.path.c_str(), 0600) == 0);
  }
  CHECK(filled.publish_until_refused() == Refusal::detached);
  // Who still has the file sees no more than what was accepted.
  CHECK(filled.reader.window().to == filled.writer.next());
}

TEST_CASE("a writer that is detached leaves its name to the next, while it is still there") {
  const bool removed = GENERATE(true, false);
  Filled filled;
  if (removed)
    REQUIRE(fs::remove(filled.path));
  else
    filled.cut_to(4096);
  REQUIRE(filled.publish_until_refused() == Refusal::detached);
  if (!removed) {
    // What is left of a file is for its owner to look at, and no second producer.
    const auto refused = open_writer(filled.temporary.bus(), kName, small_ring());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::corrupt);
    REQUIRE(fs::remove(filled.path));
  }
  Writer next = make_writer(filled.temporary.bus(), small_ring());
  REQUIRE(next.publish(bytes_of("on and on")).has_value());
  CHECK(is_live(make_reader(filled.temporary.bus())));
  CHECK(filled.writer.publish(bytes_of("on and on")).error() == Refusal::detached);
  // The old one takes nothing along when it goes.
  { const Writer gone = std::move(filled.writer); }
  CHECK(is_live(make_reader(filled.temporary.bus())));
  REQUIRE(next.publish(bytes_of("on and on")).has_value());
}

TEST_CASE("what does not change the segment does not stop its writer") {
  Filled filled;
  SECTION("permissions") {
    fs::permissions(filled.path, fs::perms{0});
  }
  SECTION("growth") {
    filled.cut_to(fs::file_size(filled.path) + 100'000);
  }
  SECTION("another name beside its own") {
    fs::create_hard_link(filled.path, filled.path.parent_path() / "second.ring");
  }
  const Sequence before = filled.writer.next();
  wait_until([&, start = std::chrono::steady_clock::now()] {
    REQUIRE(filled.writer.publish(bytes_of("on")).has_value());
    return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(250);
  });
  CHECK(filled.writer.next() > before);
  CHECK_FALSE(drain(filled.reader).fault);
}

TEST_CASE(
    "a writer whose doorbell is removed or cut off notices, and rings the one that is there now") {
  Filled filled;
  const fs::path path = filled.temporary.bus().doorbell_path();
  SECTION("removed") {
    fs::remove(path);
  }
  SECTION("cut off, then removed") {
    REQUIRE(::truncate(path.c_str(), 0) == 0);
    REQUIRE(filled.writer.publish(bytes_of("no ring")).has_value());
    fs::remove(path);
  }
  Result<Doorbell> listener = Doorbell::open(filled.temporary.bus());
  REQUIRE(listener.has_value());
  const std::uint32_t before = listener->prepare();
  wait_until([&] {
    REQUIRE(filled.writer.publish(bytes_of("ding")).has_value());
    if (filled.writer.has_lost_doorbell()) REQUIRE(filled.writer.restore_doorbell().has_value());
    return listener->rings() != before;
  });
}

TEST_CASE("the doorbell can be rung by everyone, whatever the umask (B-8)") {
  const mode_t mask = ::umask(077);
  const Filled filled;
  ::umask(mask);
  const auto mode = fs::status(filled.temporary.bus().doorbell_path()).permissions();
  CHECK(mode == fs::perms{0666});
  CHECK(fs::status(filled.path).permissions() == fs::perms{0600});
}
