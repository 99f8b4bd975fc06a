// Files and places that are no segment: each refused with a word that says what and where, none
// changed (F-1 to F-7, D-5, D-8).
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/crc32c.hpp"
#include "bus/doorbell.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

namespace fs = std::filesystem;

/// Both sides refuse what lies there, with that code and the path.
void check_refused(const TemporaryBus& temporary, Errc reader_code, Errc writer_code) {
  const fs::path path = temporary.path(kName);
  const Result<Reader> reader = open_reader(temporary.bus(), kName);
  REQUIRE_FALSE(reader.has_value());
  CHECK(reader.error().code == reader_code);
  CHECK(reader.error().message.find(path.string()) != std::string::npos);
  CHECK(reader.error().message.find('\n') == std::string::npos);
  const Result<Writer> writer = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().code == writer_code);
  CHECK(writer.error().message.find(path.string()) != std::string::npos);
}

void put_fixed_crc(const fs::path& path) {
  const std::uint32_t crc = slow_crc32c(read_at(path, 0, 124));
  write_at(path, 124, std::as_bytes(std::span(&crc, 1)));
}

constexpr int kNobody = 65534;

/// What `body` returns when run without the rights of root.
template <class Body>
int as_nobody(Body body) {
  Child child([&body] {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 99;
    return body();
  });
  return child.wait();
}

}  // namespace

TEST_CASE("what is no regular segment file is refused by readers and writers (F-2, F-7, D-8)") {
  const TemporaryBus temporary;
  REQUIRE(temporary.bus().create("load").has_value());
  const fs::path path = temporary.path(kName);
  SECTION("an empty file") {
    std::ofstream(path).flush();
    check_refused(temporary, Errc::not_segment, Errc::not_segment);
    CHECK(fs::file_size(path) == 0);
  }
  SECTION("127 bytes") {
    std::ofstream(path) << std::string(127, 'R');
    check_refused(temporary, Errc::not_segment, Errc::not_segment);
  }
  SECTION("random bytes") {
    std::mt19937_64 random(60);
    std::ofstream file(path);
    for (int i = 0; i < 100'000; ++i) file.put(static_cast<char>(random() & 0x7F));
    file.close();
    const auto before = read_at(path, 0, 100'000);
    check_refused(temporary, Errc::not_segment, Errc::not_segment);
    CHECK(read_at(path, 0, before.size()) == before);
  }
  SECTION("a directory") {
    fs::create_directory(path);
    check_refused(temporary, Errc::not_segment, Errc::system);
  }
  SECTION("a FIFO, without waiting for its other end") {
    REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
    check_refused(temporary, Errc::not_segment, Errc::not_segment);
  }
  SECTION("a symbolic link to a device") {
    fs::create_symlink("/dev/null", path);
    check_refused(temporary, Errc::not_segment, Errc::not_segment);
  }
  SECTION("nothing") {
    const Result<Reader> reader = open_reader(temporary.bus(), kName);
    REQUIRE_FALSE(reader.has_value());
    CHECK(reader.error().code == Errc::not_found);
  }
}

TEST_CASE(
    "a segment that is truncated, damaged, or another's is refused and left alone (F-1 to F-7)") {
  const TemporaryBus temporary;
  const fs::path path = temporary.path(kName);
  {
    Writer writer = make_writer(temporary.bus(), small_ring());
    publish_events(writer, 1, 100, 100);
  }
  SECTION("truncated at any of its borders") {
    const std::uint64_t size = fs::file_size(path);
    for (const std::uint64_t shorter :
         {size - 1, size / 2, std::uint64_t{65536}, std::uint64_t{4096}, std::uint64_t{128}}) {
      fs::resize_file(path, shorter);
      check_refused(temporary, Errc::corrupt, Errc::corrupt);
      CHECK(fs::file_size(path) == shorter);
    }
  }
  SECTION("a flipped bit in the fixed part") {
    poke(path, 80, peek(path, 80) ^ 0x10000);
    check_refused(temporary, Errc::corrupt, Errc::corrupt);
  }
  SECTION("another version") {
    poke(path, 8, peek(path, 8) + (std::uint64_t{1} << 32));
    put_fixed_crc(path);
    check_refused(temporary, Errc::incompatible, Errc::incompatible);
  }
  SECTION("the other byte order") {
    const std::array<std::byte, 4> swapped = {std::byte{1}, std::byte{2}, std::byte{3},
                                              std::byte{4}};
    write_at(path, 8, swapped);
    put_fixed_crc(path);
    check_refused(temporary, Errc::incompatible, Errc::incompatible);
  }
}

TEST_CASE("a name with a slash or a dot in front never becomes a path (B-1)") {
  const TemporaryBus temporary;
  for (const SegmentName& name :
       {SegmentName{"a/b", "c"}, SegmentName{"..", "c"}, SegmentName{"a", "../c"},
        SegmentName{"", "c"}, SegmentName{"a", ""}, SegmentName{"a", ".c"}}) {
    INFO(name.text());
    const Result<Writer> writer = open_writer(temporary.bus(), name, small_ring());
    REQUIRE_FALSE(writer.has_value());
    CHECK(writer.error().code == Errc::bad_name);
    const Result<Reader> reader = open_reader(temporary.bus(), name);
    REQUIRE_FALSE(reader.has_value());
    CHECK(reader.error().code == Errc::bad_name);
  }
}

TEST_CASE("a bus that may not be written is an error for producers and none for readers (B-7)") {
  const TemporaryBus temporary;
  const auto directory = temporary.bus().directory();
  {
    Writer writer = make_writer(temporary.bus(), small_ring());
    publish_events(writer, 1, 3, 10);
  }
  fs::permissions(directory, fs::perms{0555});
  fs::permissions(directory / "load", fs::perms{0555});
  fs::permissions(temporary.path(kName), fs::perms{0444});
  fs::permissions(temporary.bus().doorbell_path(), fs::perms{0444});
  CHECK(as_nobody([&] {
          const Result<Writer> same = open_writer(temporary.bus(), kName, small_ring());
          const Result<Writer> other = open_writer(temporary.bus(), {"load", "x"}, small_ring());
          const Result<Writer> channel = open_writer(temporary.bus(), {"new", "x"}, small_ring());
          const auto names = [](const Result<Writer>& result, std::string_view what) {
            return !result && result.error().os_errno == EACCES &&
                   result.error().message.find(what) != std::string::npos;
          };
          if (!names(same, "writer.ring")) return 1;
          if (!names(other, "/load")) return 2;
          return names(channel, "/new") ? 0 : 3;
        }) == 0);
  CHECK(as_nobody([&] {
          const Result<Reader> reader = open_reader(temporary.bus(), kName);
          if (!reader || reader->window().count() != 3) return 1;
          Result<Doorbell> doorbell = Doorbell::open(temporary.bus());
          if (!doorbell || doorbell->is_writable()) return 2;
          // It can only nap, but it does not crash on the page that it may not write.
          doorbell->wait(doorbell->prepare(), std::chrono::milliseconds(20'000));
          doorbell->wake();
          return 0;
        }) == 0);
  fs::permissions(directory, fs::perms{0755});
  fs::permissions(directory / "load", fs::perms{0755});
}

TEST_CASE("a full file system is an error at creation, and nothing is left behind (D-5)") {
  const TemporaryBus temporary;
  const auto mounted = temporary.bus().directory() / "mounted";
  fs::create_directory(mounted);
  if (::mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("skipped, since no tmpfs may be mounted here: " << std::strerror(errno));
    return;
  }
  {
    const Bus bus{mounted};
    WriterOptions options;
    options.caps.capacity_bytes = 4 << 20;
    const Result<Writer> writer = open_writer(bus, kName, options);
    CHECK_FALSE(writer.has_value());
    if (!writer) {
      CHECK(writer.error().code == Errc::no_space);
      CHECK(writer.error().message.find(mounted.string()) != std::string::npos);
    }
    CHECK_FALSE(fs::exists(bus.segment_path(kName)));
    // What failed has given its blocks back: a small one still fits, and can be filled to the brim.
    Result<Writer> small = open_writer(bus, kName, small_ring());
    CHECK(small.has_value());
    if (small) publish_events(*small, 1, 2000, 500);
    // Replacing needs room for both; if there is none, the old one stays as it was.
    options.caps.capacity_bytes = 900 << 10;
    small = tl::unexpected<Error>(Error{Errc::system, 0, {}});
    const Result<Writer> larger = open_writer(bus, kName, options);
    CHECK_FALSE(larger.has_value());
    const Result<Reader> reader = open_reader(bus, kName);
    CHECK(reader.has_value());
    if (reader) CHECK_FALSE(drain(*reader).fault);
    if (reader) CHECK(reader->window().to == Sequence{2000});
  }
  CHECK(::umount(mounted.c_str()) == 0);
}

TEST_CASE("every block of a new segment is allocated, so that no later write can fail (D-5)") {
  const TemporaryBus temporary;
  const Writer writer = make_writer(temporary.bus(), small_ring());
  struct stat status {};
  REQUIRE(::stat(temporary.path(kName).c_str(), &status) == 0);
  CHECK(static_cast<std::uint64_t>(status.st_blocks) * 512 >= writer.geometry().file_size);
  CHECK(static_cast<std::uint64_t>(status.st_size) == writer.geometry().file_size);
}
