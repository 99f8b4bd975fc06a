// What the tests of the bus share: a bus of their own in memory, events that anyone can recompute
// from seed and sequence, and raw access to a segment's file, past the code under test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/bus.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"

namespace ringside::test {

/// A directory that is removed with all it holds; in /dev/shm where that can be written.
class TemporaryBus {
 public:
  TemporaryBus();
  ~TemporaryBus();
  TemporaryBus(const TemporaryBus&) = delete;
  TemporaryBus& operator=(const TemporaryBus&) = delete;

  const Bus& bus() const { return bus_; }
  std::filesystem::path path(const SegmentName& name) const { return bus_.segment_path(name); }

 private:
  Bus bus_;
};

inline const SegmentName kName{"load", "writer"};

/// The smallest ring there is, and not many events.
inline WriterOptions small_ring(std::optional<std::uint64_t> retain = std::nullopt) {
  WriterOptions options;
  options.caps.capacity_bytes = kDataGranule;
  options.caps.retain_events = retain;
  return options;
}

/// The writer of `options`; the test fails with the error's words if there is none.
Writer make_writer(const Bus& bus, const WriterOptions& options, const SegmentName& name = kName);
Reader make_reader(const Bus& bus, const SegmentName& name = kName);

std::vector<std::byte> bytes_of(std::string_view text);
std::string text_of(Bytes bytes);

/// An event whose size (1 to `most` bytes) and content follow from seed and sequence alone.
std::vector<std::byte> event_of(std::uint64_t seed, Sequence sequence, std::uint64_t most);
bool is_event_of(std::uint64_t seed, const Record& record, std::uint64_t most);

/// Publishes `count` such events; the test fails if one is refused.
void publish_events(Writer& writer, std::uint64_t seed, std::uint64_t count, std::uint64_t most);

/// All that a reader can still copy out from its oldest record on, gaps passed over.
struct Drained {
  std::vector<Sequence> sequences;
  std::vector<Timestamp> timestamps;
  std::vector<std::vector<std::byte>> payloads;
  std::vector<SequenceRange> invalid;
  bool fault = false;
};
Drained drain(const Reader& reader);

// Raw file access.
std::vector<std::byte> read_at(const std::filesystem::path& path, std::uint64_t offset,
                               std::size_t size);
void write_at(const std::filesystem::path& path, std::uint64_t offset, Bytes bytes);
std::uint64_t peek(const std::filesystem::path& path, std::uint64_t offset);
void poke(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t value);

// Offsets as docs/format.md states them, not as the code does.
inline constexpr std::uint64_t kBootIdAt = 4096;
inline constexpr std::uint64_t kOwnerPidAt = 4112;
inline constexpr std::uint64_t kInodeAt = 4136;
inline constexpr std::uint64_t kOldestAt = 4224;
inline constexpr std::uint64_t kNextAt = 4232;
inline constexpr std::uint64_t kIndexOffsetAt = 48;
inline constexpr std::uint64_t kIndexSlotsAt = 56;
inline constexpr std::uint64_t kDataOffsetAt = 72;

/// Makes the segment look as if it was last written in another boot.
void age_by_a_boot(const std::filesystem::path& path);

/// CRC-32C bit by bit, from the polynomial alone.
std::uint32_t slow_crc32c(Bytes bytes);

/// A forked process; killed when this goes, so that a test that fails leaves none behind.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) : pid_(start()) {
    if (pid_ == 0) ::_Exit(body());
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child();

  int pid() const { return pid_; }

  /// Its exit status, or 128 + the signal that ended it.
  int wait();

 private:
  static int start();

  int pid_;
};

/// Waits until `done` says so; the test fails if that takes half a minute.
void wait_until(const std::function<bool()>& done);

}  // namespace ringside::test
