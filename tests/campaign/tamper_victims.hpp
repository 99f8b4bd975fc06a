// The segments that are lied about, and what is done to them: their files are shortened, grown,
// moved, replaced by all manner of things, and written into. Some have a producer that goes on all
// the while, some are left alone.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bus/bus.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/campaign/shared_page.hpp"

namespace ringside::campaign::tamper {

inline constexpr std::size_t kVictims = 6;
/// The stream of the good segment; those of the victims are 0 to kVictims - 1.
inline constexpr std::uint64_t kGoodStream = 100;

/// What a producer and those who read it tell each other of one stream.
struct Stream {
  std::atomic<std::uint64_t> published;  ///< events from this number on do not exist yet
  std::atomic<std::uint64_t> seen;       ///< the newest number that a client got, and one
  std::atomic<std::uint64_t> detached;   ///< how often a producer was told so
  std::atomic<std::uint64_t> opened;
  std::array<char, 300> fault;
};

struct Streams {
  std::array<Stream, kVictims> victims;
  Stream good;
  std::atomic<bool> stop;  ///< the good producer ends

  Stream* of(std::uint64_t number) {
    if (number == kGoodStream) return &good;
    return number < kVictims ? &victims[number] : nullptr;
  }
};

/// Publishes Load events to the segment for ever (the good one, until it is told to stop), opens it
/// again when it is detached, and writes into the stream what is wrong. One process.
int produce(const Bus& bus, const SegmentName& name, std::uint64_t number, Streams& streams);

enum class Attack {
  truncate_to_nothing,
  truncate_to_a_page,
  truncate_in_the_middle,
  truncate_and_regrow,
  grow,
  remove,
  rename,
  rubbish_file,
  directory,
  fifo,
  symlink,
  no_rights,
  rubbish,
  flip_fixed,
  flip_state,
  flip_marks,
  flip_index,
  flip_records,
  hostile_state,
  copy,
  count,
};
const char* name_of(Attack attack);

class Victim {
 public:
  Victim(const Bus& bus, std::uint64_t number, bool alone, SharedPage<Streams>& streams);
  ~Victim();
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  const SegmentName& name() const { return name_; }
  bool is_alone() const { return alone_; }
  Stream& stream() const { return *stream_; }
  /// How many events there are if nobody adds to them.
  std::uint64_t records() const { return records_; }

  void attack(Attack attack, Dice& dice);
  /// Whether what was done makes a file that no reader can take for a segment.
  bool must_be_put_aside() const;
  /// Puts a whole file there, or lets the producer make one anew.
  void undo(Dice& dice);
  Attack last() const { return last_; }

  /// Why the producer gave up, or that it died.
  Verdict fault() const;

 private:
  void publish_some(const Bus& bus);
  void flip(Dice& dice, std::uint64_t from, std::uint64_t to, std::uint64_t bits) const;
  void restore(Dice& dice) const;
  void write_aside_and_rename(const std::string& content) const;

  SegmentName name_;
  std::uint64_t number_;
  bool alone_;
  Stream* stream_;
  std::string path_;
  std::string moved_path_;
  std::string good_copy_;
  std::uint64_t records_ = 0;
  std::uint64_t index_offset_ = 0;
  std::uint64_t data_offset_ = 0;
  Attack last_ = Attack::count;
  pid_t producer_ = -1;
};

}  // namespace ringside::campaign::tamper
