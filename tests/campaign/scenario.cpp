#include "tests/campaign/scenario.hpp"

#include <csignal>
#include <cstdio>

#include "tests/campaign/payload.hpp"

namespace ringside::campaign {
namespace {

using Kind = Operation::Kind;

/// Writes a life down, operation by operation.
class Script {
 public:
  Script(std::uint64_t seed, Pace pace) : dice_(seed), pace_(pace) {}

  Dice& dice() { return dice_; }
  bool is_brief() const { return pace_ == Pace::brief; }

  void begin(std::uint64_t retain) {
    lives_.emplace_back();
    lives_.back().retain = retain;
    operations().push_back({.kind = Kind::open});
  }
  void step_from_here() { lives_.back().stepped_from = operations().size(); }
  void kill() {
    lives_.back().killed = true;
    lives_.back().stepped_from = operations().size() - 1;
  }
  void sync() { lives_.back().synced = true; }
  void close() { operations().push_back({.kind = Kind::close}); }

  void publish(std::uint64_t size) {
    operations().push_back(
        {.kind = Kind::publish, .size = static_cast<std::uint32_t>(size), .id = ids_++});
    tail_ += 24 + (size + 7) / 8 * 8;
  }
  void commit(std::uint64_t size, std::uint64_t claimed) {
    operations().push_back({.kind = Kind::commit,
                            .size = static_cast<std::uint32_t>(size),
                            .claimed = static_cast<std::uint32_t>(claimed),
                            .id = ids_++});
    tail_ += 24 + (size + 7) / 8 * 8;
  }
  void abandon(std::uint64_t claimed) {
    operations().push_back({.kind = Kind::abandon,
                            .claimed = static_cast<std::uint32_t>(claimed),
                            .id = kAbandoned + operations().size()});
  }

  std::uint64_t small() { return dice_.between(1, 120); }
  /// By ISA-L and not by the instruction.
  std::uint64_t medium() { return is_brief() ? dice_.between(513, 600) : dice_.between(513, 3000); }
  std::uint64_t large() { return dice_.between(4000, 9000); }

  /// Records up to exactly `position`, at least 64 bytes further on.
  void fill_to(std::uint64_t position) {
    while (position - tail_ > 12'000) publish(large());
    publish(position - tail_ - 24);
  }

  std::vector<Life> take() { return std::move(lives_); }

 private:
  static constexpr std::uint64_t kAbandoned = std::uint64_t{1} << 32;

  std::vector<Operation>& operations() { return lives_.back().operations; }

  Dice dice_;
  Pace pace_;
  std::vector<Life> lives_;
  std::uint64_t ids_ = 0;
  std::uint64_t tail_ = 0;
};

constexpr std::uint64_t kManyRecords = 500;

void script_create(Script& script) {
  script.begin(script.dice().between(1, 20));
  script.publish(script.small());
  script.commit(script.small(), 200);
  script.close();
}

void script_publish(Script& script) {
  script.begin(kManyRecords);
  for (std::uint64_t i = script.dice().between(0, 3); i > 0; --i) script.publish(script.large());
  script.step_from_here();
  script.publish(script.small());
  script.publish(script.medium());
  script.publish(script.dice().between(1, 9));
  if (!script.is_brief()) script.publish(script.large());
  script.close();
}

void script_claim(Script& script) {
  script.begin(kManyRecords);
  script.publish(script.large());
  script.step_from_here();
  const std::uint64_t size = script.small();
  script.commit(size, size);
  script.abandon(script.small());
  script.publish(script.small());
  script.commit(script.small(), script.dice().between(120, 400));
  if (!script.is_brief()) script.commit(script.medium(), 5000);
  script.abandon(script.small());
  script.commit(1, script.small());
  script.close();
}

/// Over the ring's end: the header itself, or the payload, or the claim, crosses it.
void script_wrap(Script& script) {
  script.begin(kManyRecords);
  const std::uint64_t laps = script.dice().between(1, 2);
  const std::uint64_t short_of_end = 8 * script.dice().between(1, 40);
  for (std::uint64_t lap = 1; lap <= laps; ++lap)
    script.fill_to(lap * kStepCapacity - short_of_end);
  script.step_from_here();
  const bool claims = script.dice().between(0, 1) == 1;
  if (claims) {
    const std::uint64_t size = script.medium();
    script.commit(size, size + script.dice().between(0, 300));
  }
  script.publish(script.medium());
  script.publish(script.small());
  // A record that is all of the ring: everything else must go.
  if (!script.is_brief() && script.dice().between(0, 7) == 0) script.publish(kStepCapacity - 24);
  script.close();
}

void script_by_count(Script& script) {
  const std::uint64_t retain = script.dice().between(1, 17);
  script.begin(retain);
  for (std::uint64_t i = retain + script.dice().between(0, 20); i > 0; --i)
    script.publish(script.small());
  script.step_from_here();
  for (int i = 0; i < 3; ++i) script.publish(script.small());
  script.commit(script.small(), 120);
  script.abandon(script.small());
  script.publish(script.small());
  script.close();
}

void script_by_bytes(Script& script) {
  script.begin(kManyRecords);
  // Small ones that a large one drives out together.
  for (int i = 0; i < 20; ++i) script.publish(script.small());
  script.fill_to(kStepCapacity);
  script.step_from_here();
  script.publish(script.small());
  script.abandon(script.dice().between(500, 1000));
  script.publish(script.medium());
  if (!script.is_brief()) script.publish(script.large());
  script.commit(script.small(), script.is_brief() ? script.medium() : script.large());
  script.close();
}

/// The life before ends in the middle of a record, or properly.
void script_reopening(Script& script) {
  const std::uint64_t retain = script.dice().between(2, 12);
  script.begin(retain);
  for (std::uint64_t i = script.dice().between(0, 15); i > 0; --i) script.publish(script.small());
  const bool killed = script.dice().between(0, 3) > 0;
  if (killed) {
    script.publish(script.small());
    script.kill();
  } else {
    script.close();
  }
  script.begin(retain);
  script.publish(script.small());
  script.commit(script.small(), 150);
  script.close();
}

void script_replace(Script& script) {
  script.begin(script.dice().between(1, 10));
  for (int i = 0; i < 12; ++i) script.publish(script.small());
  script.begin(script.dice().between(11, 20));
  script.publish(script.small());
  script.commit(script.small(), 150);
  script.close();
}

/// A segment that was brought to the disk and closed in order goes on after another boot, too.
void script_closed(Script& script) {
  const std::uint64_t retain = script.dice().between(8, 16);
  script.begin(retain);
  script.sync();
  for (std::uint64_t i = script.dice().between(1, 20); i > 0; --i) script.publish(script.small());
  script.close();
  script.begin(retain);
  script.publish(script.small());
  script.commit(script.small(), 150);
  script.close();
}

/// The ring is full of large records, which a search for what is whole passes over quickly.
void script_recover(Script& script) {
  script.begin(kManyRecords);
  script.fill_to(script.dice().between(0, 1) * 30'000 + kStepCapacity);
  if (script.dice().between(0, 1) == 1) script.publish(script.small());
  script.begin(kManyRecords);
  script.publish(script.small());
  script.commit(script.small(), 150);
  script.close();
}

struct Named {
  const char* name;
  void (*script)(Script&);
  Damage damage;
  Finding finding;
};
constexpr std::array kScenarios = {
    Named{"create", script_create, Damage::none, Finding::nothing},
    Named{"publish", script_publish, Damage::none, Finding::nothing},
    Named{"claim", script_claim, Damage::none, Finding::nothing},
    Named{"wrap", script_wrap, Damage::none, Finding::nothing},
    Named{"retain-count", script_by_count, Damage::none, Finding::nothing},
    Named{"retain-bytes", script_by_bytes, Damage::none, Finding::nothing},
    Named{"take-up", script_reopening, Damage::none, Finding::own},
    Named{"replace", script_replace, Damage::none, Finding::other_caps},
    Named{"damaged-record", script_recover, Damage::payload, Finding::damaged},
    Named{"damaged-header", script_recover, Damage::header, Finding::damaged},
    Named{"damaged-index", script_recover, Damage::index, Finding::damaged},
    Named{"closed-boot", script_closed, Damage::other_boot, Finding::own},
    Named{"other-boot", script_recover, Damage::other_boot, Finding::other_boot},
};

/// One operation of a life; false if the writer refused it.
bool perform(std::optional<Writer>& writer, const Operation& operation, std::uint64_t key,
             std::span<const std::byte> payload) {
  switch (operation.kind) {
    case Kind::publish:
      return writer->publish(payload).has_value();
    case Kind::commit:
    case Kind::abandon: {
      const auto room = writer->claim(operation.claimed);
      if (!room) return false;
      // More is written than is committed: none of the rest may show.
      write_payload(*room, key);
      return operation.kind == Kind::abandon || writer->commit(operation.size).has_value();
    }
    case Kind::close:
      writer.reset();
      return true;
    case Kind::open:
      break;
  }
  return false;
}

}  // namespace

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const Named& scenario : kScenarios) names.emplace_back(scenario.name);
  return names;
}

Scenario make_scenario(const std::string& name, std::uint64_t seed, Pace pace) {
  for (const Named& scenario : kScenarios) {
    if (name != scenario.name) continue;
    Script script(seed, pace);
    scenario.script(script);
    return {name, seed, script.take(), scenario.damage, scenario.finding};
  }
  return {};
}

void Progress::clear() {
  begun.store(0);
  done.store(0);
  fault.fill('\0');
}

WriterOptions options_of(const Life& life) {
  WriterOptions options;
  options.caps.capacity_bytes = kStepCapacity;
  options.caps.retain_events = life.retain;
  if (life.synced) options.sync_interval = std::chrono::milliseconds(1);
  return options;
}

int live(const Bus& bus, const SegmentName& name, const Scenario& scenario, const Life& life,
         Progress& reported) {
  // Made before, so that no step is spent on it.
  std::vector<std::vector<std::byte>> payloads;
  for (const Operation& operation : life.operations) {
    payloads.emplace_back(operation.size);
    write_payload(payloads.back(), payload_key(scenario.stream, operation.id));
  }
  std::optional<Writer> writer;
  for (std::size_t i = 0; i < life.operations.size(); ++i) {
    const Operation& operation = life.operations[i];
    if (i == life.stepped_from) ::raise(SIGSTOP);
    reported.began_ns.at(i).store(now().ns, std::memory_order_relaxed);
    reported.begun.store(static_cast<std::uint32_t>(i + 1), std::memory_order_release);
    if (operation.kind == Kind::open) {
      Result<Writer> opened = open_writer(bus, name, options_of(life));
      if (!opened) {
        std::snprintf(reported.fault.data(), reported.fault.size(), "%s",
                      opened.error().message.c_str());
        return 3;
      }
      writer.emplace(std::move(*opened));
    } else if (!perform(writer, operation, payload_key(scenario.stream, operation.id),
                        payloads[i])) {
      std::snprintf(reported.fault.data(), reported.fault.size(),
                    "the writer refused operation %zu", i);
      return 3;
    }
    reported.done.store(static_cast<std::uint32_t>(i + 1), std::memory_order_release);
  }
  return 0;
}

Verdict inflict(Damage damage, const Bus& bus, const SegmentName& name) {
  if (damage == Damage::none) return std::nullopt;
  const Result<Segment> segment = Segment::open(bus.segment_path(name), Access::read_write);
  if (!segment) return segment.error().message;
  SegmentState& state = segment->state();
  const std::uint64_t next = state.next.load();
  switch (damage) {
    case Damage::payload:
      *(segment->at(Position{segment->index(Sequence{next - 1}).load()}) + sizeof(RecordHeader)) ^=
          std::byte{0x40};
      break;
    case Damage::header:
      state.oldest.store(next + 7);
      break;
    case Damage::index:
      segment->index(Sequence{next}).fetch_add(kStepCapacity / 2);
      break;
    case Damage::other_boot:
      state.boot_id[0].fetch_xor(0x5DEECE66D);
      // In memory, what was written in this file would be of this boot all the same.
      state.inode.fetch_xor(0x5DEECE66D);
      break;
    case Damage::none:
      break;
  }
  return std::nullopt;
}

}  // namespace ringside::campaign
