// What a segment must hold, worked out from what its producer did and from the caps alone, with
// none of the bus's own code: which records are retained, where each of them lies, and what they
// say.
#pragma once

#include <cstdint>
#include <vector>

#include "bus/reader.hpp"
#include "tests/campaign/campaign.hpp"

namespace ringside::campaign {

/// One step of a producer's life.
struct Operation {
  enum class Kind { open, publish, commit, abandon, close };
  Kind kind;
  std::uint32_t size = 0;     ///< of the payload; none for open, abandon and close
  std::uint32_t claimed = 0;  ///< what commit and abandon claimed before
  std::uint64_t id = 0;       ///< of the payload

  bool makes_record() const { return kind == Kind::publish || kind == Kind::commit; }
  bool makes_room() const { return makes_record() || kind == Kind::abandon; }
  std::uint64_t room() const;
};

/// A record that was published, retained or not.
struct Expected {
  std::uint64_t id;
  std::uint32_t size;
  std::uint64_t position;
  std::uint64_t not_before_ns;  ///< the clock before it was published
};

class Oracle {
 public:
  /// An empty segment.
  Oracle(std::uint64_t stream, std::uint64_t capacity, std::uint64_t retain)
      : stream_(stream), capacity_(capacity), retain_(retain) {}

  std::uint64_t oldest() const { return oldest_; }
  std::uint64_t next() const { return records_.size(); }
  std::uint64_t retain() const { return retain_; }

  /// Room for another record of `bytes` bytes, and place for another one: as few go as must.
  void evict_for_bytes(std::uint64_t bytes);
  void evict_for_count();
  void append(std::uint64_t id, std::uint32_t size, std::uint64_t not_before_ns);

  /// What `operation` leaves once it has returned.
  Oracle after(const Operation& operation, std::uint64_t not_before_ns) const;

  /// A new segment that holds `count` records, the newest of which is `newest_id`. At most as many
  /// as were ever published up to that one.
  Oracle refilled(std::uint64_t newest_id, std::uint64_t count) const;
  /// How many records from the oldest retained one up to `newest_id` there are.
  std::uint64_t retained_up_to(std::uint64_t newest_id) const;
  std::uint64_t newest_id(std::uint64_t back = 0) const {
    return records_[records_.size() - 1 - back].id;
  }

  /// Whether what `reader` shows is this, exactly: the window, every record's number, time and
  /// payload, and the index.
  Verdict check(const Reader& reader) const;

 private:
  Verdict check_index(const Reader& reader) const;
  Verdict check_records(const Reader& reader) const;

  std::uint64_t stream_;
  std::uint64_t capacity_;
  std::uint64_t retain_;
  std::uint64_t oldest_ = 0;
  std::uint64_t tail_ = 0;
  std::vector<Expected> records_;  // by sequence, from 0
};

}  // namespace ringside::campaign
