// Says of each state of a bus whether it is one that a producer may leave behind: what a reader
// sees of it, and what the next producer makes of it.
#pragma once

#include "tests/campaign/bus_image.hpp"
#include "tests/campaign/scenario.hpp"

namespace ringside::campaign {

class Judge {
 public:
  /// `life` is the one that is judged. `before` is what the segment held when it began, if there
  /// was one; `image` is how its file looked.
  Judge(const Scenario& scenario, const Life& life, const Bus& bus, const SegmentName& name,
        const std::optional<Oracle>& before, const BusImage& image);

  /// The state as it is now, of a producer that reported `reported`. Call it for each in turn.
  Verdict judge(const BusImage& image, const Progress& reported);

  /// What a producer makes of a copy of this state, at `copy`, where it would start again. Call it
  /// after judge().
  Verdict reopening(const Bus& copy) const;

  /// What the segment holds; nothing while there is none, or only what the life found.
  const std::optional<Oracle>& held() const { return held_; }

 private:
  enum class State { absent, found, own };

  Verdict judge_opening(const Reader& reader, const BusImage& image);
  Verdict judge_found(const Reader& reader, const BusImage& image);
  Verdict judge_operation(const Reader& reader, const Progress& reported);
  std::optional<Oracle> recovered(std::uint64_t count) const;
  std::optional<Oracle> expect(const Writer& writer) const;
  std::uint64_t newest_whole() const;

  const Scenario* scenario_;
  const Life* life_;
  Bus bus_;
  SegmentName name_;
  std::optional<Oracle> before_;
  std::vector<std::byte> found_;  // the file as the life found it
  Epoch found_epoch_{};
  State state_ = State::absent;
  std::size_t settled_ = 0;  // operations that `settled_oracle_` includes
  std::optional<Oracle> settled_oracle_;
  std::optional<Oracle> held_;
};

}  // namespace ringside::campaign
