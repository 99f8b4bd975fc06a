#include "bench/points.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "event_generated.h"
#include "producer_shim/producer.hpp"

namespace ringside::bench {
namespace {

std::string episode(std::uint64_t i) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "train-%05u", static_cast<unsigned>(i % 100'000));
  return text.data();
}

void build_point(flatbuffers::FlatBufferBuilder& builder, std::uint64_t i, std::uint64_t total) {
  const auto value = static_cast<float>(i);
  const CycleSlot slot(1, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(total));
  const auto point =
      CreateEmbeddingDirect(builder, episode(i).c_str(), "host", "fashion-mnist", value * 1e-5F,
                            1 - value * 1e-5F, value * 1e-6F, static_cast<int>(i % 10),
                            static_cast<int>(i % 9), static_cast<int>(i % 8), i % 5 != 0, &slot);
  FinishEventBuffer(builder, CreateEvent(builder, Body::Embedding, point.Union()));
}

void build_batch(flatbuffers::FlatBufferBuilder& builder, std::uint64_t count) {
  std::vector<std::string> episodes;
  std::vector<Point> points;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    episodes.push_back(episode(i));
    points.emplace_back(value * 1e-5F, 1 - value * 1e-5F, value * 1e-6F, static_cast<int>(i % 10),
                        static_cast<int>(i % 9), static_cast<int>(i % 8),
                        static_cast<std::uint32_t>(i), std::uint16_t{0}, std::uint8_t{0},
                        i % 5 != 0);
  }
  const CycleSlot slot(1, 0, static_cast<std::uint32_t>(count));
  const auto names = builder.CreateVectorOfStrings(episodes);
  const auto hosts = builder.CreateVectorOfStrings(std::vector<std::string>{"host"});
  const auto profiles = builder.CreateVectorOfStrings(std::vector<std::string>{"fashion-mnist"});
  const auto vector = builder.CreateVectorOfStructs(points);
  const auto batch = CreateEmbeddingBatch(builder, &slot, names, hosts, profiles, vector);
  FinishEventBuffer(builder, CreateEvent(builder, Body::EmbeddingBatch, batch.Union()));
}

std::vector<std::byte> bytes_of(const flatbuffers::FlatBufferBuilder& builder) {
  const auto* const begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {begin, begin + builder.GetSize()};
}

void publish(Producer& producer, Bytes event) {
  const auto published = producer.publish(event);
  if (!published) throw std::runtime_error(published.error().message);
}

Producer open(const Bus& bus, const SegmentName& name, const Caps& caps) {
  auto producer = Producer::open(bus, name, EventType::embedding(), caps);
  if (!producer) throw std::runtime_error(producer.error().message);
  return std::move(*producer);
}

}  // namespace

std::vector<std::byte> point_event(std::uint64_t i, std::uint64_t total) {
  flatbuffers::FlatBufferBuilder builder(512);
  build_point(builder, i, total);
  return bytes_of(builder);
}

void fill_with_points(const Bus& bus, const SegmentName& name, std::uint64_t count) {
  Producer producer =
      open(bus, name, {.capacity_bytes = (count + 1000) * 256, .retain_events = count});
  for (std::uint64_t i = 0; i < count; ++i) publish(producer, point_event(i, count));
}

void fill_with_batch(const Bus& bus, const SegmentName& name, std::uint64_t count) {
  flatbuffers::FlatBufferBuilder builder(128 * count);
  build_batch(builder, count);
  const std::vector<std::byte> event = bytes_of(builder);
  Producer producer = open(bus, name, {.capacity_bytes = 4 * event.size(), .retain_events = 1});
  publish(producer, event);
}

}  // namespace ringside::bench
