// Who reads the bus: a table that readers advertise themselves in, so that `ringside stat` and the
// dashboard can tell how far behind each is. One file, `BUS/.readers`, apart from the segments,
// which readers cannot write. For people only: no event and no decision depends on it.
//
//   slot 0        slot 1        ...   slot 1023          128 bytes each
//   | magic ..  | a reader    |      | a reader    |
//
// A slot belongs to whoever holds the kernel's lock on byte I of the file for slot I, through an
// open file description of its own. The kernel drops that lock when the process dies, however it
// dies, so a dead reader disappears by itself. Process ids are shown and never asked.
//
// Everybody may write the file (mode 0666), so everything in it is untrusted when it is read.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/bus.hpp"
#include "bus/mapping.hpp"
#include "bus/reader.hpp"

namespace ringside {

inline constexpr std::array<char, 8> kReadersMagic = {'R', 'I', 'N', 'G', 'R', 'E', 'A', 'D'};
inline constexpr std::uint32_t kReadersVersion = 1;
/// Slot 0 is the table's own header.
inline constexpr std::size_t kReaderSlots = 1024;
inline constexpr std::size_t kReaderNameBytes = 32;

/// The head of the table, in slot 0. Written before the file has a name.
struct ReaderTableHeader {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t slots;
  std::array<std::uint8_t, 112> reserved;
};
static_assert(sizeof(ReaderTableHeader) == 128);

/// One slot as it lies in the file (docs/bus.md, 5). Only its owner writes it.
struct ReaderEntry {
  std::atomic<std::uint64_t> epoch;    // 0: nobody; stored last when a slot is claimed
  std::atomic<std::uint64_t> cursor;   // the next sequence wanted, by the slowest
  std::atomic<std::uint64_t> pid;      // for people
  std::atomic<std::uint32_t> clients;  // how many cursors this one stands for
  std::uint32_t reserved0;
  std::array<std::atomic<std::uint64_t>, 4> name;  // text, zero-padded
  std::atomic<std::uint64_t> updated_ns;
  std::atomic<std::uint64_t> pid_namespace;  // in which pid means something; 0: unknown
  std::array<std::uint8_t, 48> reserved1;
};
static_assert(sizeof(ReaderEntry) == 128);
static_assert(offsetof(ReaderEntry, cursor) == 8);
static_assert(offsetof(ReaderEntry, pid) == 16);
static_assert(offsetof(ReaderEntry, clients) == 24);
static_assert(offsetof(ReaderEntry, name) == 32);
static_assert(offsetof(ReaderEntry, updated_ns) == 64);
static_assert(offsetof(ReaderEntry, pid_namespace) == 72);

/// What a live reader says of itself.
struct ReaderStatus {
  Epoch epoch;
  Sequence cursor;  ///< the next sequence wanted; as it stands in the file, so maybe nonsense
  std::optional<std::uint64_t> pid;  ///< none if it is one of another container
  std::uint32_t clients = 0;
  std::string name;  ///< printable, at most 32 characters
  Timestamp updated;
};

/// A claimed slot: its reader is listed from claim to destruction. One thread at a time.
class ReaderSlot {
 public:
  ReaderSlot(ReaderSlot&& other) noexcept;
  ReaderSlot& operator=(ReaderSlot&& other) noexcept;
  ReaderSlot(const ReaderSlot&) = delete;
  ReaderSlot& operator=(const ReaderSlot&) = delete;
  ~ReaderSlot();

  /// Says what sequence is wanted next, by the slowest of so many clients. A few relaxed stores to
  /// a line of its own, and no system call: fit for every run that is sent.
  void move_to(Sequence next, std::uint32_t clients = 1) noexcept;

 private:
  friend class ReaderTable;
  struct Shared;
  ReaderSlot(std::shared_ptr<Shared> shared, std::size_t index)
      : shared_(std::move(shared)), index_(index) {}

  std::shared_ptr<Shared> shared_;  // null once moved from
  std::size_t index_ = 0;
};

class ReaderTable {
 public:
  /// `read_write` makes the file if it is not there and can claim; `read_only` fails with
  /// not_found where no reader has come yet. A reader that may not write the bus gets an error and
  /// is simply not listed. Fails with not_segment if something else lies there: it is not touched.
  static Result<ReaderTable> open(const Bus& bus, Access access);

  /// A slot for one segment, free at once when it is destroyed or its process dies. Empty if all
  /// are taken, or the table was opened for reading. Names beyond 32 characters are cut.
  std::optional<ReaderSlot> claim(Epoch epoch, std::string_view name);

  /// The readers that live now, this process's own included, in the order of their slots.
  std::vector<ReaderStatus> live() const;

  /// Whether this is still the table of `bus`, and not one that was removed.
  bool is_at(const Bus& bus) const;

 private:
  explicit ReaderTable(std::shared_ptr<ReaderSlot::Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<ReaderSlot::Shared> shared_;  // lives as long as table or slots do
};

/// How far a reader is behind its segment.
struct Lag {
  std::uint64_t events = 0;       ///< published and not yet read
  std::uint64_t overwritten = 0;  ///< of these, how many it can no longer read
  /// The age of the event at the cursor, or of the oldest one if that is overwritten; 0 if nothing
  /// is unread.
  std::optional<double> seconds;
};

/// The lag of a cursor from the table; one beyond the end counts as being at the end.
Lag lag_of(const Reader& reader, Sequence cursor) noexcept;

}  // namespace ringside
