// Builds and publishes `embedding` events (schemas/event.fbs): points of a scatter, one an event or
// many. The builders put an event together; the publishers publish it as well.
#pragma once

#include <span>
#include <string_view>

#include <flatbuffers/flatbuffers.h>

#include "bus/result.hpp"
#include "event_generated.h"
#include "producer_shim/producer.hpp"

namespace ringside {

/// The ten columns of a point. The strings are looked at during the call only.
struct EmbeddingPoint {
  std::string_view episode_id;
  std::string_view host_id;
  std::string_view profile;
  float x = 0;
  float y = 0;
  float z = 0;
  std::int32_t phase_int = -1;
  std::int32_t predicted_int = -1;
  std::int32_t cluster = -1;
  bool is_train = false;
};

/// Finishes an Event whose body is an Embedding.
void build_point(flatbuffers::FlatBufferBuilder& builder, const CycleSlot& slot,
                 const EmbeddingPoint& point);

/// Finishes an Event whose body is an EmbeddingBatch, with string tables of its own in which each
/// string stands once; `slot` is that of the first point. Fails with bad_argument, and builds
/// nothing, if there are no points, if one is not at a finite place, if they go past the end of
/// their cycle, or if they have more hosts (65536) or profiles (256) than a batch can number.
Result<void> build_batch(flatbuffers::FlatBufferBuilder& builder, const CycleSlot& slot,
                         std::span<const EmbeddingPoint> points);

/// Publishes one point as an event. Fails as Producer::build() does, and with bad_argument if it is
/// not at a finite place.
Result<Sequence> publish_point(Producer& producer, const CycleSlot& slot,
                               const EmbeddingPoint& point);

/// Publishes consecutive points of one cycle as one event. Fails as build_batch() and
/// Producer::build() do.
Result<Sequence> publish_batch(Producer& producer, const CycleSlot& slot,
                               std::span<const EmbeddingPoint> points);

}  // namespace ringside
