// Producers at full speed, each a process of its own, that say what they were reported; and what
// must be in the segment of one that was killed or stopped. What an event holds follows from its
// producer and its sequence alone.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include <sys/types.h>

#include "bus/reader.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/shared_page.hpp"

namespace ringside::campaign {

/// What a producer is.
struct Role {
  SegmentName name;
  std::uint64_t stream = 0;  ///< whose payloads
  std::uint64_t capacity = 0;
  std::uint64_t retain = 0;

  std::uint32_t size_of(std::uint64_t sequence) const;
  std::uint64_t bytes_of(std::uint64_t sequence) const;
  /// Whether `record` is what this producer published under that sequence.
  bool is_own(const Record& record) const;
};

/// What a producer says of itself, in memory that outlives it.
struct Heard {
  std::atomic<std::uint64_t> started_ns;  ///< 0 until this life began; of the steady clock
  std::atomic<std::uint64_t> open_ns;     ///< how long Writer::open took; 0 until it returned
  std::atomic<std::uint64_t> next;        ///< every event before was said to be published
  std::array<char, 300> fault;            ///< why it gave up
};

std::uint64_t steady_ns();

/// Lets this process have a processor at the very moment that it wants one, where it may ask for
/// that. Producers ask for half of it, readers for nothing.
void hurry();

/// The producer's process: never returns but for a fault. Expects to find what it left.
int produce(const Bus& bus, const Role& role, Heard& heard);

/// A producer as its keeper sees it.
class Producer {
 public:
  Producer(Bus bus, Role role) : bus_(std::move(bus)), role_(std::move(role)) {}
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void start();
  /// SIGKILL, and waits. False if it had ended by itself, which it never should.
  bool kill();
  /// SIGKILL without waiting: a process dies when it gets a processor, and others run meanwhile.
  void send_kill() const;
  /// Whether it is dead by now; then kill() returns at once.
  bool is_dead() const;

  /// Whether the segment, which nobody writes now, holds what it must: of the records, the newest
  /// since the last call, or with `whole` all that are retained.
  Verdict check(bool whole);

  const Role& role() const { return role_; }
  Heard& heard() const { return *heard_; }
  pid_t pid() const { return pid_; }
  const Reader* reader() const { return reader_ ? &*reader_ : nullptr; }

 private:
  Verdict check_window(const SequenceRange& window) const;
  Verdict check_records(Sequence from, Sequence to) const;

  Bus bus_;
  Role role_;
  SharedPage<Heard> heard_;
  pid_t pid_ = -1;
  std::optional<Reader> reader_;
  Sequence checked_{};
};

}  // namespace ringside::campaign
