// The readers that are lapped, each a process of its own that judges what it gets: straight from
// the segment, and through the dashboard in each of its ways.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>

#include <sys/types.h>

#include "tests/campaign/lap_events.hpp"
#include "tests/campaign/shared_page.hpp"

namespace ringside::campaign::lap {

/// What a reader says of itself, in memory that outlives it.
struct Tally {
  std::atomic<bool> ready;
  std::atomic<std::uint64_t> records;
  std::atomic<std::uint64_t> gaps;    ///< how often
  std::atomic<std::uint64_t> missed;  ///< sequences in them
  std::atomic<std::uint64_t>
      voids;  ///< runs, messages, downloads that were overtaken and reported so
  std::atomic<std::uint64_t> wholes;  ///< downloads that were whole
  std::array<char, 400> fault;
};

/// What a reader's process runs: until it has everything up to the totals. Throws what is wrong.
using Reading = std::function<void(const Signals&, Tally&)>;

Reading read_copies(Bus bus, std::uint64_t seed);
Reading read_runs(Bus bus, std::uint64_t seed);
/// `pause_us` after each message makes a slow client.
Reading read_stream(std::uint16_t port, std::uint64_t seed, StreamFollower::Options options,
                    unsigned pause_us);
Reading read_windows(std::uint16_t port, std::uint64_t seed);

class LappedReader {
 public:
  /// Starts it, and waits until it reads.
  LappedReader(std::string name, const Signals& signals, const Reading& reading);
  ~LappedReader();
  LappedReader(const LappedReader&) = delete;
  LappedReader& operator=(const LappedReader&) = delete;

  const std::string& name() const { return name_; }
  const Tally& tally() const { return *tally_; }

  /// What it has found to be wrong so far.
  Verdict fault() const;
  /// Waits for its end.
  Verdict finish();

 private:
  std::string name_;
  SharedPage<Tally> tally_;
  pid_t pid_ = -1;
};

}  // namespace ringside::campaign::lap
