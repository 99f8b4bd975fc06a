#include "tests/wire/load_events.hpp"

#include <stdexcept>
#include <vector>

#include "load_generated.h"

namespace ringside::wire_test {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

Producer open(const std::string& bus, const SegmentName& name, const Caps& caps) {
  Result<Producer> producer = Producer::open(Bus(bus), name, EventType::load(), caps);
  if (!producer) throw std::runtime_error(producer.error().message);
  return std::move(*producer);
}

}  // namespace

LoadProducer::LoadProducer(const std::string& bus, const std::string& channel,
                           const std::string& producer, const Caps& caps)
    : producer_(open(bus, {channel, producer}, caps)) {}

std::uint64_t LoadProducer::publish(std::uint64_t count, std::size_t words) {
  std::uint64_t last = 0;
  std::vector<std::uint64_t> values(words);
  flatbuffers::FlatBufferBuilder builder;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t sequence = next();
    for (std::size_t word = 0; word < words; ++word) values[word] = sequence * kGolden + word;
    builder.Clear();
    FinishLoadBuffer(builder, CreateLoad(builder, 0, sequence, builder.CreateVector(values)));
    const Result<Sequence> published = producer_.publish(
        {reinterpret_cast<const std::byte*>(builder.GetBufferPointer()), builder.GetSize()});
    if (!published) throw std::runtime_error(published.error().message);
    last = published->value;
  }
  return last;
}

std::string load_fault(std::string_view payload, std::uint64_t sequence, std::uint64_t seed) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(bytes, payload.size());
  if (!VerifyLoadBuffer(verifier)) return "the payload is no Load event";
  const Load* load = GetLoad(bytes);
  if (load->sequence() != sequence) return "the event carries another sequence";
  if (load->seed() != seed) return "the event carries another seed";
  if (load->words() == nullptr || load->words()->size() == 0) return "the event has no words";
  const std::uint64_t base = (seed + sequence) * kGolden;
  for (flatbuffers::uoffset_t i = 0; i < load->words()->size(); ++i)
    if (load->words()->Get(i) != base + i) return "word " + std::to_string(i) + " is wrong";
  return {};
}

}  // namespace ringside::wire_test
