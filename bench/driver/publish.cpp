// Publishing: through the raw writer, through the verifying producer, from a pipe, from a file.
// What was published is read back after each turn, outside the time that counts.
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "bench/driver/contenders.hpp"
#include "bench/driver/turns.hpp"
#include "bench/points.hpp"
#include "bench/segment_tail.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"
#include "producer_shim/producer.hpp"
#include "tests/support/command.hpp"

namespace ringside::bench {
namespace {

// Room for all events of a turn, which are checked, and for not many more: after two turns that are
// not counted, this program's own and the one that bench/compare asks for, every page was touched.
constexpr std::uint64_t kCapacity = 32 * 1024 * 1024;
constexpr std::size_t kRawBytes = 96;

Reader reader_of(const Bus& bus, const SegmentName& name) {
  auto reader = open_reader(bus, name);
  if (!reader) throw std::runtime_error(reader.error().message);
  return std::move(*reader);
}

bool is_number(Bytes payload, std::uint64_t number) {
  return payload.size() == kRawBytes && std::memcmp(payload.data(), &number, sizeof number) == 0;
}

bool contains(Bytes payload, const std::string& text) {
  return std::string_view(reinterpret_cast<const char*>(payload.data()), payload.size())
             .find(text) != std::string_view::npos;
}

void run(const std::vector<std::string>& command) {
  const auto done = support::run_command(command);
  if (done.status != 0) throw std::runtime_error(command.at(0) + " failed: " + done.errors);
}

}  // namespace

void publish_raw(int argc, char** argv) {
  const auto given = arguments(argc, argv, 2, "publish-raw BUS EVENTS");
  const std::uint64_t events = std::stoull(given[1]);
  const Bus bus(given[0]);
  auto writer = open_writer(bus, {"bench", "raw"}, {.caps = {.capacity_bytes = kCapacity}});
  if (!writer) throw std::runtime_error(writer.error().message);
  const Reader reader = reader_of(bus, {"bench", "raw"});
  std::vector<std::byte> event(kRawBytes);
  std::uint64_t next = 0;
  const auto turn = [&]() -> Turn {
    const double taken = time_ns([&] {
      for (std::uint64_t i = 0; i < events; ++i, ++next) {
        std::memcpy(event.data(), &next, sizeof next);
        if (!writer->publish(event)) throw std::runtime_error("the writer refused an event");
      }
    });
    check_tail(reader, next, events, [](std::uint64_t i, Bytes got) { return is_number(got, i); });
    return {{"ns", taken / static_cast<double>(events)}};
  };
  turn();
  take_turns("", turn);
}

void publish_verified(int argc, char** argv) {
  const auto given = arguments(argc, argv, 2, "publish-producer BUS EVENTS");
  const std::uint64_t events = std::stoull(given[1]);
  const Bus bus(given[0]);
  auto producer = Producer::open(bus, {"embedding", "bench"}, EventType::embedding(),
                                 {.capacity_bytes = kCapacity});
  if (!producer) throw std::runtime_error(producer.error().message);
  const Reader reader = reader_of(bus, {"embedding", "bench"});
  const std::vector<std::byte> point = point_event(7, 10);
  std::uint64_t next = 0;
  const auto turn = [&]() -> Turn {
    const double taken = time_ns([&] {
      for (std::uint64_t i = 0; i < events; ++i)
        if (!producer->publish(point)) throw std::runtime_error("the producer refused an event");
    });
    next += events;
    check_tail(reader, next, events, [&point](std::uint64_t, Bytes got) {
      return got.size() == point.size() && std::memcmp(got.data(), point.data(), got.size()) == 0;
    });
    return {{"ns", taken / static_cast<double>(events)}};
  };
  turn();
  take_turns("", turn);
}

void publish_through_pipe(int argc, char** argv) {
  const auto given = arguments(argc, argv, 2, "publish-pipe BUS EVENTS");
  const std::uint64_t events = std::stoull(given[1]);
  const Bus bus(given[0]);
  const std::string lines = given[0] + ".lines";
  std::ofstream file(lines);
  for (std::uint64_t i = 0; i < events; ++i)
    file << R"({"body_type":"Embedding","body":{"episode_id":"train-)" << i
         << R"(","host_id":"host","x":0.5,"y":-0.25,"z":1.5,"cluster":)" << i % 8 << "}}\n";
  if (!file.flush()) throw std::runtime_error("cannot write " + lines);
  std::uint64_t next = 0;
  const auto turn = [&]() -> Turn {
    const double taken = time_ns([&] {
      run({"/bin/sh", "-c",
           "exec \"$0\" publish --bus \"$1\" embedding --producer bench --type "
           "embedding --capacity 4MiB < \"$2\"",
           program_folder() + "/ringside", given[0], lines});
    });
    next += events;
    check_tail(reader_of(bus, {"embedding", "bench"}), next, events,
               [events](std::uint64_t i, Bytes got) {
                 return contains(got, std::string("train-").append(std::to_string(i % events)));
               });
    return {{"ns", taken / static_cast<double>(events)}};
  };
  turn();
  take_turns("", turn);
}

void publish_parquet(int argc, char** argv) {
  const auto given = arguments(argc, argv, 2, "feed BUS FILE");
  const Bus bus(given[0]);
  std::uint64_t next = 0;
  std::vector<std::byte> first;
  take_turns("", [&]() -> Turn {
    const double taken = time_ns([&] {
      run({program_folder() + "/ringside-feed", "--bus", given[0], given[1]});
    });
    check_tail(reader_of(bus, {"embedding", "feed"}), ++next, 1, [&](std::uint64_t, Bytes got) {
      // Every cycle has the same columns, and so the same size; its number differs.
      if (first.empty()) first.assign(got.begin(), got.end());
      return !got.empty() && got.size() == first.size();
    });
    return {{"ms", taken / 1e6}};
  });
}

}  // namespace ringside::bench
