// The same by the C++ producer API, whose events need no JSON.
#include <string>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "load_generated.h"
#include "producer_shim/producer.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const ringside::Bus bus = ringside::Bus::locate(argv[1]);
  const ringside::SegmentName name{"load", "outside"};
  auto producer = ringside::Producer::open(bus, name, ringside::EventType::load());
  if (!producer) return 1;
  const auto sequence = producer->build([](flatbuffers::FlatBufferBuilder& builder) {
    ringside::FinishLoadBuffer(builder, ringside::CreateLoad(builder, 42));
  });
  const auto reader = ringside::open_reader(bus, name);
  if (!sequence || !reader || reader->window().to != *sequence + 1) return 1;
  return sequence->value == std::stoull(argv[2]) ? 0 : 1;
}
