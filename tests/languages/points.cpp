// The C++ writer and reader.
//
//   points_cpp write BUS PRODUCER CYCLE (one | all) <points.tsv
//   points_cpp read BUS PRODUCER >points.tsv
#include "tests/languages/points.hpp"

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <vector>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"

namespace ringside::languages {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "points_cpp: %s\n", why.c_str());
  std::exit(1);
}

void write(const SegmentName& name, const Bus& bus, std::uint64_t cycle, bool one_by_one) {
  std::vector<Line> lines;
  for (std::string text; std::getline(std::cin, text);) lines.push_back(parse(text));
  std::vector<EmbeddingPoint> points;
  for (const Line& line : lines) points.push_back(line.point());
  auto producer = Producer::open(bus, name, EventType::embedding(), {.capacity_bytes = 1 << 20});
  if (!producer) give_up(producer.error().message);
  const auto total = static_cast<std::uint32_t>(points.size());
  if (!one_by_one) {
    if (auto done = publish_batch(*producer, {cycle, 0, total}, points); !done)
      give_up(done.error().message);
    return;
  }
  for (std::uint32_t i = 0; i < total; ++i)
    if (auto done = publish_point(*producer, {cycle, i, total}, points[i]); !done)
      give_up(done.error().message);
}

void print_event(const Event& event) {
  if (const Embedding* one = event.body_as_Embedding()) {
    const auto text = [](const flatbuffers::String* string) {
      return string == nullptr ? std::string_view() : string->string_view();
    };
    print({text(one->episode_id()), text(one->host_id()), text(one->profile()), one->x(), one->y(),
           one->z(), one->phase_int(), one->predicted_int(), one->cluster(), one->is_train()});
  } else if (const EmbeddingBatch* batch = event.body_as_EmbeddingBatch()) {
    for (const Point* point : *batch->points())
      print({batch->episodes()->Get(point->episode())->string_view(),
             batch->hosts()->Get(point->host())->string_view(),
             batch->profiles()->Get(point->profile())->string_view(), point->x(), point->y(),
             point->z(), point->phase_int(), point->predicted_int(), point->cluster(),
             point->is_train()});
  } else {
    give_up("an event of another kind");
  }
}

void read(const SegmentName& name, const Bus& bus) {
  const auto reader = open_reader(bus, name);
  if (!reader) give_up(reader.error().message);
  Sequence cursor{0};
  Run run;
  SequenceRange gap{};
  for (;;) {
    const RunOutcome taken = reader->next_run(cursor, {}, run, gap);
    if (taken == RunOutcome::nothing) return;
    if (taken != RunOutcome::run) give_up("not a run");
    const std::byte* at = run.bytes.data();
    for (std::uint32_t i = 0; i < run.count; ++i) {
      RecordHeader header{};
      std::memcpy(&header, at, sizeof(header));
      flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(at) + sizeof(header),
                                     header.size);
      if (!VerifyEventBuffer(verifier)) give_up("an event does not verify");
      print_event(*GetEvent(at + sizeof(header)));
      at += record_bytes(header.size);
    }
    if (!reader->is_still_valid(run)) give_up("a run was overwritten");
    cursor = run.end();
  }
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 5 && arguments[0] == "write")
    write({"embedding", arguments[2]}, Bus(arguments[1]), std::stoull(arguments[3]),
          arguments[4] == "one");
  else if (arguments.size() == 3 && arguments[0] == "read")
    read({"embedding", arguments[2]}, Bus(arguments[1]));
  else
    give_up("write BUS PRODUCER CYCLE (one | all), or read BUS PRODUCER");
  return 0;
}

}  // namespace
}  // namespace ringside::languages

int main(int argc, char** argv) {
  return ringside::languages::run({argv + 1, argv + argc});
}
