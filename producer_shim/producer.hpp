// The C++ producer API: one Producer writes one segment of the bus.
//
//   auto producer =
//       ringside::Producer::open(bus, {"embedding", "knn"}, ringside::EventType::embedding());
//   producer->build([](flatbuffers::FlatBufferBuilder& builder) { ... builder.Finish(root, id); });
//
// Every event is verified against the schema that the segment embeds before anyone can see it. One
// thread at a time may use a Producer. Publishing never waits for a reader.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include <flatbuffers/flatbuffers.h>

#include "bus/bus.hpp"
#include "bus/writer.hpp"
#include "producer_shim/event_type.hpp"
#include "producer_shim/ring_allocator.hpp"

namespace ringside {

/// How much the segment keeps. Unset: as the segment that is there, else 64 MiB and as many events
/// as its index holds. A cap that differs makes a new epoch, and the old events are gone.
struct Caps {
  std::optional<std::uint64_t> capacity_bytes{};
  std::optional<std::uint64_t> retain_events{};
  std::optional<std::chrono::nanoseconds> retain_age{};  ///< zero: as old as they like
};

/// How a producer came by its segment, in words for a person.
const char* describe(Origin origin);

class Producer {
 public:
  /// Creates the producer's segment or takes it up. With `sync_interval`, what is published is
  /// brought to the disk that often (bus/durable/write_back.hpp). Fails as Writer::open() does.
  static Result<Producer> open(const Bus& bus, const SegmentName& name, EventType type,
                               const Caps& caps = {},
                               std::optional<std::chrono::milliseconds> sync_interval = {});

  /// Publishes a finished FlatBuffer. Fails with bad_event if it does not verify against the
  /// schema, with too_large if no record can hold it, with detached if the segment's file is gone;
  /// nothing is published then.
  Result<Sequence> publish(Bytes event);

  /// Builds an event in the ring itself: `build` gets a builder whose memory is the next record,
  /// and finishes it. Fails as publish() does.
  template <class Build>
  Result<Sequence> build(Build&& build) {
    claimed_ = {};
    RingAllocator allocator(writer_);
    flatbuffers::FlatBufferBuilder builder(room_, &allocator);
    build(builder);
    return finish(allocator, builder);
  }

  /// Room in the ring for an event of up to `size` bytes, aligned to 8. Nobody sees it before it is
  /// committed; any other publishing abandons it. Fails with too_large, or detached.
  Result<std::span<std::byte>> claim(std::size_t size);

  /// Publishes the first `size` bytes of what was claimed. Fails as publish() does, and with
  /// bad_argument if that is more than was claimed; the claim is abandoned then.
  Result<Sequence> commit(std::size_t size);

  /// The same for an event whose every offset, size and type is a copy of one that commit() took:
  /// only numbers and texts, within the room that they have, differ. It is not verified once more.
  Result<Sequence> commit_alike(std::size_t size);

  /// Gives up what is older than the cap by age; for a producer that has nothing to publish.
  void expire() { writer_.expire(); }

  const Writer& writer() const { return writer_; }
  const EventType& type() const { return type_; }
  const SegmentName& name() const { return name_; }

 private:
  Producer(Writer writer, EventType type, SegmentName name)
      : writer_(std::move(writer)), type_(std::move(type)), name_(std::move(name)) {}

  Result<Sequence> finish(const RingAllocator& allocator, flatbuffers::FlatBufferBuilder& builder);
  Result<void> check_claim(std::size_t size);
  tl::unexpected<Error> too_large(std::size_t size) const;
  tl::unexpected<Error> bad_event() const;
  tl::unexpected<Error> refused(Refusal why) const;

  Writer writer_;
  EventType type_;
  SegmentName name_;
  std::span<std::byte> claimed_{};
  std::size_t room_ = 512;  // what to claim first: twice the last event that was built
};

}  // namespace ringside
