// A process that follows the segments of all producers while they are killed and stopped. It must
// see each sequence exactly once, or a gap in its place, and never a torn record.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "tests/campaign/producers.hpp"

namespace ringside::campaign {

enum class ReadMode {
  copies,  ///< by RecordCopier
  runs,    ///< by take() and is_still_valid()
};

class LiveReader {
 public:
  /// Starts it; every segment must be there.
  LiveReader(const Bus& bus, std::vector<Role> roles, ReadMode manner);
  ~LiveReader();
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  /// What it has found to be wrong so far.
  Verdict fault() const;

  /// Lets it read to the end of segments that nobody writes any more, and checks that records and
  /// gaps together are all that was published.
  Verdict finish();

  std::uint64_t records() const { return seen_->records.load(); }
  std::uint64_t gaps() const { return seen_->gaps.load(); }
  std::uint64_t missed() const { return seen_->missed.load(); }

 private:
  struct Seen {
    std::atomic<bool> stop;
    std::atomic<std::uint64_t> records;
    std::atomic<std::uint64_t> gaps;    ///< how often
    std::atomic<std::uint64_t> missed;  ///< sequences in them
    std::array<char, 300> fault;
  };
  class Follower;

  int follow() const;

  Bus bus_;
  std::vector<Role> roles_;
  ReadMode manner_;
  SharedPage<Seen> seen_;
  pid_t pid_ = -1;
};

}  // namespace ringside::campaign
