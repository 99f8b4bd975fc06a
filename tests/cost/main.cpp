// `ringside_cost FORM COUNT --bus DIR`: publishes in one form, or opens a segment, COUNT times. It
// measures nothing: guard.py runs it twice under valgrind and strace, and takes the difference.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/program/run_program.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"
#include "producer_shim/embedding.hpp"
#include "tests/cost/c_forms.h"

namespace ringside::cost {
namespace {

/// A few hundred events fill it: what is counted comes after the first lap.
constexpr std::uint64_t kCapacity = 64 * 1024;
/// For events of 1,000 points.
constexpr std::uint64_t kBatchCapacity = 1024 * 1024;
constexpr std::size_t kEvent = 96;

const EmbeddingPoint kPoint{.episode_id = "episode-00001",
                            .host_id = "worker-1",
                            .profile = "fast",
                            .x = 0.5F,
                            .cluster = 4};

template <class Value, class Failure>
Value must(tl::expected<Value, Failure> result, const char* what) {
  if (result) return std::move(*result);
  if constexpr (std::is_same_v<Failure, Error>) throw std::runtime_error(result.error().message);
  throw std::runtime_error(std::string("cannot ").append(what));
}

Writer make_writer(const Bus& bus) {
  return must(open_writer(bus, {"load", "cost"}, {.caps = {.capacity_bytes = kCapacity}}),
              "open a writer");
}

Producer open_producer(const Bus& bus, std::uint64_t capacity = kCapacity) {
  return must(Producer::open(bus, {"embedding", "cost"}, EventType::embedding(),
                             {.capacity_bytes = capacity}),
              "open a producer");
}

void must_be_next(const Writer& writer, std::uint64_t count) {
  if (writer.next().value != count) throw std::runtime_error("not every event was published");
}

// --- The forms --------------------------------------------------------------------------------

void publish(const Bus& bus, std::uint64_t count) {
  Writer writer = make_writer(bus);
  const std::vector<std::byte> event(kEvent, std::byte{7});
  for (std::uint64_t i = 0; i < count; ++i) must(writer.publish(event), "publish");
  must_be_next(writer, count);
}

/// What promise.py looks at: all system calls between two calls of getppid().
void promise(const Bus& bus, std::uint64_t count) {
  Writer writer = make_writer(bus);
  const std::vector<std::byte> event(kEvent, std::byte{7});
  ::getppid();
  for (std::uint64_t i = 0; i < count; ++i) must(writer.publish(event), "publish");
  ::getppid();
  must_be_next(writer, count);
}

void claim(const Bus& bus, std::uint64_t count) {
  Writer writer = make_writer(bus);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::span<std::byte> room = must(writer.claim(kEvent), "claim");
    std::fill(room.begin(), room.end(), std::byte{7});
    must(writer.commit(kEvent), "commit");
  }
  must_be_next(writer, count);
}

/// Each publish finds that a reader has gone to sleep.
void wake(const Bus& bus, std::uint64_t count) {
  Writer writer = make_writer(bus);
  Doorbell reader = must(Doorbell::open(bus), "open the doorbell");
  const std::vector<std::byte> event(kEvent, std::byte{7});
  for (std::uint64_t i = 0; i < count; ++i) {
    reader.prepare();
    must(writer.publish(event), "publish");
  }
  must_be_next(writer, count);
}

void verified(const Bus& bus, std::uint64_t count) {
  Producer producer = open_producer(bus);
  flatbuffers::FlatBufferBuilder builder;
  build_point(builder, CycleSlot{}, kPoint);
  const Bytes event = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  for (std::uint64_t i = 0; i < count; ++i) must(producer.publish(event), "publish");
  must_be_next(producer.writer(), count);
}

void built(const Bus& bus, std::uint64_t count) {
  Producer producer = open_producer(bus);
  for (std::uint64_t i = 0; i < count; ++i)
    must(publish_point(producer, CycleSlot{}, kPoint), "publish");
  must_be_next(producer.writer(), count);
}

void batches(const Bus& bus, std::uint64_t count) {
  Producer producer = open_producer(bus, kBatchCapacity);
  const std::vector<EmbeddingPoint> points(1000, kPoint);
  const CycleSlot slot(0, 0, 1000);
  for (std::uint64_t i = 0; i < count; ++i) must(publish_batch(producer, slot, points), "publish");
  must_be_next(producer.writer(), count);
}

void c_events(const Bus& bus, std::uint64_t count) {
  flatbuffers::FlatBufferBuilder builder;
  build_point(builder, CycleSlot{}, kPoint);
  if (publish_c_events(bus.directory().c_str(), builder.GetBufferPointer(), builder.GetSize(),
                       count) != 0)
    throw std::runtime_error("not every event was published");
}

void c_points(const Bus& bus, std::uint64_t count) {
  if (publish_c_points(bus.directory().c_str(), count) != 0)
    throw std::runtime_error("not every point was published");
}

void c_columns(const Bus& bus, std::uint64_t count) {
  if (publish_c_columns(bus.directory().c_str(), count) != 0)
    throw std::runtime_error("not every column was published");
}

/// What a producer that comes back costs: opening what is there, and closing it again.
void reopen(const Bus& bus, std::uint64_t count) {
  publish(bus, 100);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Writer writer = make_writer(bus);
    if (writer.origin() != Origin::reopened) throw std::runtime_error("a segment was lost");
    must_be_next(writer, 100);
  }
}

void attach(const Bus& bus, std::uint64_t count) {
  publish(bus, 100);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Reader reader = must(open_reader(bus, {"load", "cost"}), "open a reader");
    if (reader.window().to.value != 100) throw std::runtime_error("events were lost");
  }
}

using Form = void (*)(const Bus&, std::uint64_t);
const std::map<std::string, Form> kForms = {
    {"publish", publish},     {"claim", claim},     {"wake", wake},         {"verified", verified},
    {"built", built},         {"batches", batches}, {"c-events", c_events}, {"c-points", c_points},
    {"c-columns", c_columns}, {"reopen", reopen},   {"attach", attach},     {"promise", promise}};

#if defined(__x86_64__)
/// What decides which instructions are run, as this process sees it.
void print_processor() {
  __builtin_cpu_init();
  std::printf("x86-64");
  if (__builtin_cpu_supports("sse4.2")) std::printf(" sse4.2");
  if (__builtin_cpu_supports("pclmul")) std::printf(" pclmul");
  if (__builtin_cpu_supports("avx2")) std::printf(" avx2");
  if (__builtin_cpu_supports("avx512f")) std::printf(" avx512f");
  std::printf("\n");
}
#else
void print_processor() {
  std::printf("not x86-64\n");
}
#endif

int run(int argc, char** argv) {
  CLI::App app{"ringside_cost: publishes in one form, or opens a segment, COUNT times"};
  std::string form;
  std::uint64_t count = 0;
  std::string directory;
  std::set<std::string> names = {"processor"};
  for (const auto& [name, call] : kForms) names.insert(name);
  app.add_option("FORM", form, "What to do; processor: only say what valgrind or the machine has")
      ->required()
      ->check(CLI::IsMember(names));
  app.add_option("COUNT", count, "How many times");
  app.add_option("--bus", directory, "The bus directory, which is to be new");
  app.footer(kExitStatusHelp);
  CLI11_PARSE(app, argc, argv);
  if (form == "processor") {
    print_processor();
    return 0;
  }
  if (directory.empty() || count == 0) {
    std::fprintf(stderr, "ringside_cost: COUNT and --bus are needed; see --help\n");
    return 2;
  }
  kForms.at(form)(Bus(directory), count);
  return 0;
}

}  // namespace
}  // namespace ringside::cost

int main(int argc, char** argv) {
  return ringside::run_program("ringside_cost", ringside::cost::run, argc, argv);
}
