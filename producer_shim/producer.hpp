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
#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "producer_shim/event_type.hpp"

namespace ringside {

/// How a producer came by its segment, in words for a person.
const char* origin_text(Origin origin);

class Producer {
 public:
  /// Creates the producer's segment or reopens it. With `sync_interval`, what is published is
  /// brought to the disk that often (bus/durable/write_back.hpp). Fails as open_writer() does.
  static Result<Producer> open(const Bus& bus, const SegmentName& name, EventType type,
                               const Caps& caps = {},
                               std::optional<std::chrono::milliseconds> sync_interval = {});

  /// Publishes a finished FlatBuffer. Fails with bad_event if it does not verify against the
  /// schema, with too_large if no record can hold it, with detached if the segment's file is gone;
  /// nothing is published then.
  Result<Sequence> publish(Bytes event);

  /// Builds an event and publishes it: `build` gets an empty builder, whose memory is kept for the
  /// next one, and finishes it. Fails as publish() does.
  template <class Build>
  Result<Sequence> build(Build&& build) {
    builder_.Clear();
    build(builder_);
    const auto published = publish(
        {reinterpret_cast<const std::byte*>(builder_.GetBufferPointer()), builder_.GetSize()});
    // A large event does not keep its memory.
    if (builder_.GetSize() > kKeptBytes) builder_ = flatbuffers::FlatBufferBuilder();
    return published;
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

  /// Evicts what is older than the cap by age; for a producer that has nothing to publish.
  void expire() { writer_.expire(); }

  const Writer& writer() const { return writer_; }
  const EventType& type() const { return type_; }
  const SegmentName& name() const { return name_; }

 private:
  static constexpr std::size_t kKeptBytes = 256 * 1024;

  Producer(Writer writer, EventType type, SegmentName name)
      : writer_(std::move(writer)), type_(std::move(type)), name_(std::move(name)) {}

  void find_doorbell();
  Result<void> check_claim(std::size_t size);
  tl::unexpected<Error> too_large(std::size_t size) const;
  tl::unexpected<Error> bad_event() const;
  tl::unexpected<Error> refused(Refusal why) const;

  Writer writer_;
  EventType type_;
  SegmentName name_;
  std::span<std::byte> claimed_{};
  flatbuffers::FlatBufferBuilder builder_;
};

}  // namespace ringside
