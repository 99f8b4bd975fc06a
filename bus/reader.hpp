// Reading a segment: read-only, in place, without ever making the producer wait.
//
// A Reader is one mapped segment. It keeps no cursor and serves any number of them, from any
// thread. A cursor is the next sequence that is wanted. What it yields are runs: spans of the
// mapping that the producer may overwrite at any moment. Use the bytes, then ask is_still_valid():
// only if it says yes were they the published ones.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "bus/bus.hpp"
#include "bus/segment.hpp"

namespace ringside {

/// Consecutive records of one segment, as they stand in the ring: one contiguous span.
struct Run {
  Sequence first;
  std::uint32_t count = 0;
  Bytes bytes;

  Sequence end() const { return first + count; }
};

/// How much of the ring one run may take. A single record may be longer than `bytes`.
struct RunLimit {
  std::uint64_t bytes = 64 * 1024;
  std::uint64_t records = 0xFFFFFFFF;
};
inline constexpr RunLimit kOneRecord{.bytes = 0, .records = 1};  ///< however long it is

enum class RunOutcome {
  run,      ///< there is a run
  nothing,  ///< all that is published has been read
  gap,      ///< the producer lapped the cursor, which now stands at the oldest record
  damaged,  ///< records are damaged, and named by the gap; the cursor stands behind them
  corrupt,  ///< the segment contradicts itself; read no more of it
};

/// The file of which a Reader shows a copy, since parts of it are damaged.
struct DamagedSource {
  /// What changes when a producer goes on in it, or somebody mends it.
  struct Mark {
    std::uint64_t next = 0;
    std::uint64_t written_ns = 0;
    bool operator==(const Mark&) const = default;
  };
  static Mark mark_of(const Segment& segment) noexcept;

  Segment segment;
  Mark copied_at;

  bool has_changed() const { return segment.is_trusted() || mark_of(segment) != copied_at; }
};

class Reader {
 public:
  /// What open_reader() found (bus/durable/reader_open.hpp). With a `damaged` source, `segment` is
  /// the copy in memory of its intact records.
  explicit Reader(Segment segment, std::optional<DamagedSource> damaged = std::nullopt)
      : segment_(std::move(segment)), damaged_(std::move(damaged)) {}

  Epoch epoch() const { return segment_.geometry().epoch; }
  /// The segment of the file: the one that is shown, unless that is a copy of what is intact.
  const Segment& source() const { return damaged_ ? damaged_->segment : segment_; }
  const Geometry& geometry() const { return segment_.geometry(); }
  Bytes schema() const { return segment_.schema(); }
  const Segment& segment() const { return segment_; }

  /// The retained window [oldest, next) at some moment of the call; empty if the header is corrupt.
  SequenceRange window() const noexcept;

  /// `next`, if the record before it is where it should be; nothing if it is not, or as long as it
  /// is being overwritten. A word that somebody scribbled on is not believed so.
  std::optional<Sequence> sure_next() const noexcept;

  /// Whether the window holds more than is ever retained, which no writer ever makes it do.
  bool is_corrupt() const noexcept;

  /// The first sequence that `start` asks for: O(1), or O(log n) by time. It may be overwritten by
  /// the time it is read; next_run() reports it.
  Sequence seek(const Start& start) const noexcept;

  /// Takes what is published from `cursor` on, up to `limit`. On `run`, `run` is set and `cursor`
  /// stays; on `gap` and `damaged`, `cursor` moves behind what `gap` names. In O(log n): of a run,
  /// only the first and the last record are looked at.
  RunOutcome next_run(Sequence& cursor, const RunLimit& limit, Run& run,
                      SequenceRange& gap) const noexcept;

  /// The same in O(n), and every record of the run has a header with its own number and with a size
  /// that reaches exactly to the next. Checksums are the caller's to check.
  RunOutcome next_run_checked(Sequence& cursor, const RunLimit& limit, Run& run,
                              SequenceRange& gap) const noexcept;

  /// Whether no byte of `run` has been overwritten up to now.
  bool is_still_valid(const Run& run) const noexcept;

  /// Every record before this sequence has reached the disk; nothing if no producer ever saw to it.
  std::optional<Sequence> durable() const noexcept;

  /// When the record of `sequence` was published, or nothing if it is overwritten.
  std::optional<Timestamp> timestamp_of(Sequence sequence) const noexcept;

  /// The bytes of records that are retained.
  std::uint64_t retained_bytes() const noexcept;

  /// Now, by the clock of the segment (bus/clock.hpp), which its timestamps are compared with.
  Timestamp segment_now() const noexcept;

  /// Whether this very file is still the segment of that name, and this a view of it: not removed,
  /// replaced, shortened, or reopened since a copy of it was made.
  bool is_at(const std::filesystem::path& path) const;

  /// Whether the file was shortened under the mapping. Every next_run() is corrupt then.
  bool is_truncated() const noexcept { return segment_.is_truncated(); }

  /// How many files it keeps open.
  std::size_t descriptors() const noexcept { return damaged_ ? 2 : 1; }

  /// The addresses that runs come from: both views of the data ring.
  Bytes mapped_data() const { return {segment_.data(), 2 * geometry().data_capacity}; }

 private:
  Sequence load_next() const noexcept;
  Sequence load_oldest() const noexcept;
  bool has_record(Sequence sequence) const noexcept;
  Sequence since(Timestamp from, const SequenceRange& window) const noexcept;
  std::optional<Timestamp> sure_time_from(Sequence& sequence) const noexcept;
  std::optional<RunOutcome> check_state(Sequence& cursor, SequenceRange& gap,
                                        SequenceRange& window) const noexcept;
  RunOutcome judge(Sequence& cursor, const Run& run, const SequenceRange& window,
                   SequenceRange& gap) const noexcept;

  Segment segment_;
  std::optional<DamagedSource> damaged_;
};

/// Copies records out, one at a time, for those who want values rather than spans.
class RecordCopier {
 public:
  RecordCopier(const Reader& reader, Sequence from) : reader_(&reader), cursor_(from) {}

  /// On `run`, record() is the next one: a private copy, checked against its checksum, valid until
  /// the next call. On `gap`, gap() names what was missed; on `damaged`, what is damaged.
  RunOutcome next();

  const Record& record() const { return record_; }
  const SequenceRange& gap() const { return gap_; }
  Sequence cursor() const { return cursor_; }

 private:
  const Reader* reader_;
  Sequence cursor_;
  SequenceRange gap_{};
  Record record_{};
  std::vector<std::uint64_t> words_;  // the record, aligned as in the ring
};

}  // namespace ringside
