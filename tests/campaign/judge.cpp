#include "tests/campaign/judge.hpp"

#include <algorithm>
#include <cstring>

#include "bus/durable/reader_open.hpp"
#include "tests/campaign/payload.hpp"

namespace ringside::campaign {
namespace {

/// Of the one event that a take-up publishes.
constexpr std::uint64_t kTakeUpId = std::uint64_t{1} << 40;

const char* text(Origin origin) {
  switch (origin) {
    case Origin::created:
      return "created";
    case Origin::reopened:
      return "reopened";
    case Origin::replaced:
      return "replaced";
    case Origin::recovered:
      return "recovered";
  }
  return "?";
}

Epoch epoch_of(std::span<const std::byte> file) {
  Epoch epoch;
  std::memcpy(&epoch.value, file.data() + offsetof(FixedPart, epoch), sizeof epoch.value);
  return epoch;
}

}  // namespace

Judge::Judge(const Scenario& scenario, const Life& life, const Bus& bus, const SegmentName& name,
             const std::optional<Oracle>& before, const BusImage& image)
    : scenario_(&scenario),
      life_(&life),
      bus_(bus),
      name_(name),
      before_(before),
      found_(image.segment().begin(), image.segment().end()) {
  if (!found_.empty()) found_epoch_ = epoch_of(found_);
}

std::uint64_t Judge::newest_whole() const {
  return before_->newest_id(scenario_->damage == Damage::payload ? 1 : 0);
}

/// A recovered segment holds at least what was retained and whole; older records that are whole
/// too may have come back.
std::optional<Oracle> Judge::recovered(std::uint64_t count) const {
  if (count < before_->retained_up_to(newest_whole())) return std::nullopt;
  Oracle oracle = before_->refilled(newest_whole(), count);
  if (oracle.next() != count) return std::nullopt;
  return oracle;
}

Verdict Judge::judge(const BusImage& image, const Progress& reported) {
  if (!image.has_segment()) {
    state_ = State::absent;
    held_.reset();
    if (!found_.empty()) return "the segment is gone";
    if (reported.done.load() > 0) return "the producer is there and its segment is not";
    return std::nullopt;
  }
  const Result<Reader> reader = open_reader(bus_, name_);
  if (!reader) return "a reader cannot open it: " + reader.error().message;
  if (settled_ == 0) {
    if (Verdict fault = judge_opening(*reader, image)) return fault;
    if (reported.done.load() == 0)
      return state_ == State::own ? held_->check(*reader) : std::nullopt;
    if (state_ != State::own) return "the producer has opened a segment that it had to replace";
    settled_oracle_ = held_;
    settled_ = 1;
  }
  return judge_operation(*reader, reported);
}

Verdict Judge::judge_opening(const Reader& reader, const BusImage& image) {
  if (!found_.empty() && epoch_of(image.segment()) == found_epoch_)
    return judge_found(reader, image);
  state_ = State::own;
  switch (scenario_->finding) {
    case Finding::own:
      return "a segment that was in order got a new epoch";
    case Finding::nothing:
    case Finding::other_caps:
      held_ = Oracle(scenario_->stream, kStepCapacity, life_->retain);
      break;
    case Finding::damaged:
    case Finding::other_boot:
      held_ = recovered(reader.window().to.value);
      if (!held_) return "the recovered segment has lost records";
      break;
  }
  return std::nullopt;
}

Verdict Judge::judge_found(const Reader& reader, const BusImage& image) {
  if (scenario_->finding == Finding::own) {
    state_ = State::own;
    held_ = before_;
    return std::nullopt;
  }
  state_ = State::found;
  held_ = before_;
  if (!std::ranges::equal(found_, image.segment()))
    return "a segment that is to be replaced has been changed";
  if (scenario_->finding != Finding::other_boot) return std::nullopt;
  // A reader shows what is whole of it, as it stands or as a copy with numbers of its own.
  const std::optional<Oracle> shown =
      reader.epoch() == found_epoch_ ? before_ : recovered(reader.window().to.value);
  if (!shown) return "a reader of a segment of another boot does not see all that is whole";
  return shown->check(reader);
}

Verdict Judge::judge_operation(const Reader& reader, const Progress& reported) {
  const std::size_t done = reported.done.load();
  const std::size_t begun = reported.begun.load();
  while (settled_ < done) {
    settled_oracle_ =
        settled_oracle_->after(life_->operations[settled_], reported.began_ns.at(settled_).load());
    ++settled_;
  }
  held_ = settled_oracle_;
  if (begun > done) {
    // In between: not begun, with room made, with place made, or committed.
    const Operation& operation = life_->operations[done];
    const SequenceRange window = reader.window();
    if (operation.makes_record() && window.to.value > held_->next())
      held_ = held_->after(operation, reported.began_ns.at(done).load());
    else if (operation.makes_room() && window.from.value != held_->oldest()) {
      held_->evict_for_bytes(operation.room());
      if (operation.makes_record() && window.from.value != held_->oldest())
        held_->evict_for_count();
    }
  }
  return held_->check(reader);
}

/// What `writer`, which has just opened the copy, must have found; nothing if it is wrong.
std::optional<Oracle> Judge::expect(const Writer& writer) const {
  const Oracle empty(scenario_->stream, kStepCapacity, life_->retain);
  const auto if_origin = [&writer](Origin origin, const std::optional<Oracle>& oracle) {
    return writer.origin() == origin ? oracle : std::nullopt;
  };
  if (state_ == State::absent) return if_origin(Origin::created, empty);
  if (state_ == State::own) return if_origin(Origin::reopened, held_);
  if (scenario_->finding == Finding::other_caps) return if_origin(Origin::replaced, empty);
  return if_origin(Origin::recovered, recovered(writer.next().value));
}

Verdict Judge::reopening(const Bus& copy) const {
  Result<Writer> writer = open_writer(copy, name_, options_of(*life_));
  if (!writer) return "blocked: the next producer cannot open it: " + writer.error().message;
  const std::string opened = std::string("the next producer has it ") + text(writer->origin()) +
                             " with [" + std::to_string(writer->oldest().value) + ", " +
                             std::to_string(writer->next().value) + ")";
  const std::optional<Oracle> oracle = expect(*writer);
  if (!oracle || writer->oldest().value != oracle->oldest() ||
      writer->next().value != oracle->next())
    return opened + (oracle ? ", it should be [" + std::to_string(oracle->oldest()) + ", " +
                                  std::to_string(oracle->next()) + ")"
                            : ", which it should not");
  const Operation one_more{.kind = Operation::Kind::publish, .size = 40, .id = kTakeUpId};
  std::array<std::byte, 40> payload{};
  write_payload(payload, payload_key(scenario_->stream, kTakeUpId));
  const std::uint64_t before_ns = now().ns;
  if (!writer->publish(payload)) return opened + " and cannot publish";
  const Result<Reader> reader = open_reader(copy, name_);
  if (!reader) return opened + "; a reader cannot open that: " + reader.error().message;
  if (Verdict fault = oracle->after(one_more, before_ns).check(*reader))
    return opened + "; after one more record: " + *fault;
  return std::nullopt;
}

}  // namespace ringside::campaign
