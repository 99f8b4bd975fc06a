// A segment whose bytes anyone may have written: opening it, and reading all of it, must neither
// crash nor leave the mapping, whatever it says.
//
// The input is a list of changes to a small sound segment: 4 bytes where, 8 bytes what. The
// checksum of the fixed part is made right again, so that the checks behind it are reached.
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "bus/crc32c.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"

namespace {

using namespace ringside;

std::vector<std::byte> sound_segment() {
  std::string directory = "/tmp/ringside-fuzz-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) std::abort();
  const Bus bus(directory);
  {
    auto writer = Writer::open(bus, {"fuzz", "p"}, {.capacity = kDataGranule, .retain = 100});
    if (!writer) std::abort();
    std::vector<std::byte> event(900);
    for (std::size_t i = 0; i < 200; ++i) {
      event[i] = std::byte{1};
      if (!writer->publish({event.data(), 1 + i * 4})) std::abort();
    }
  }
  std::ifstream file(bus.segment_path({"fuzz", "p"}), std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove_all(directory);
  std::vector<std::byte> segment(bytes.size());
  std::memcpy(segment.data(), bytes.data(), bytes.size());
  return segment;
}

/// Where changes go: the header, the index, or anywhere.
std::size_t target(std::uint32_t where, std::size_t size) {
  constexpr std::size_t kHeaderWords = 48;
  constexpr std::size_t kIndexAt = 4096;
  const std::size_t place = where >> 2;
  switch (where & 3) {
    case 0:
      return place % kHeaderWords * 8;
    case 1:
      return kIndexAt + place % 128 * 8;
    default:
      return place % (size - 8);
  }
}

void read_all(const Reader& reader) {
  for (const auto kind : {Start::Kind::oldest, Start::Kind::latest, Start::Kind::last,
                          Start::Kind::seq, Start::Kind::since}) {
    const Sequence from = reader.seek({kind, 50});
    RecordCopier copier(reader, from);
    // A header may claim any number of records; the index holds no more than so many.
    for (std::uint64_t i = 0; i < 2 * reader.geometry().index_slots; ++i) {
      const auto next = copier.next();
      if (next == RecordCopier::Next::nothing || next == RecordCopier::Next::fault) break;
    }
    Sequence cursor = from;
    Run run;
    SequenceRange gap;
    while (reader.take(cursor, {.bytes = 4096}, run, gap) == Take::run) {
      const Bytes mapped = reader.mapped_data();
      if (run.count == 0 || run.bytes.data() < mapped.data() ||
          run.bytes.data() + run.bytes.size() > mapped.data() + mapped.size())
        std::abort();
      cursor = run.end();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> sound = sound_segment();
  std::vector<std::byte> segment = sound;
  for (; size >= 12; data += 12, size -= 12) {
    std::uint32_t where = 0;
    std::memcpy(&where, data, sizeof where);
    std::memcpy(segment.data() + target(where, segment.size()), data + 4, 8);
  }
  const std::uint32_t crc = crc32c({segment.data(), offsetof(SegmentHeader, fixed_crc32c)});
  std::memcpy(segment.data() + offsetof(SegmentHeader, fixed_crc32c), &crc, sizeof crc);

  static const int file = ::memfd_create("segment", MFD_CLOEXEC);
  if (::pwrite(file, segment.data(), segment.size(), 0) != static_cast<ssize_t>(segment.size()))
    std::abort();
  const auto reader = Reader::open("/proc/self/fd/" + std::to_string(file));
  if (reader) read_all(*reader);
  return 0;
}
