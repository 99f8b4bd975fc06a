// Being there: opening a full segment for reading, and opening it again for writing.
#include <optional>
#include <stdexcept>

#include "bench/driver/contenders.hpp"
#include "bench/driver/turns.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"

namespace ringside::bench {
namespace {

constexpr std::uint64_t kCapacity = 64 * 1024 * 1024;
constexpr std::uint64_t kEventBytes = 4096 - 24;

const SegmentName kName{"bench", "attach"};

/// A segment that was filled once and a quarter. Returns the sequence that comes next.
std::uint64_t fill(const Bus& bus) {
  auto writer = open_writer(bus, kName, {.caps = {.capacity_bytes = kCapacity}});
  if (!writer) throw std::runtime_error(writer.error().message);
  const std::vector<std::byte> event(kEventBytes);
  for (std::uint64_t bytes = 0; bytes < kCapacity + kCapacity / 4; bytes += 4096)
    if (!writer->publish(event)) throw std::runtime_error("the writer refused an event");
  return writer->next().value;
}

/// The mean of `opens` calls of `open`, each result checked by `check` and closed off the clock.
template <class Open, class Check>
Turn time_opens(std::uint64_t opens, Open open, Check check) {
  double taken = 0;
  for (std::uint64_t i = 0; i < opens; ++i) {
    std::optional<decltype(open())> opened;
    taken += time_ns([&] { opened.emplace(open()); });
    if (!*opened) throw std::runtime_error(opened->error().message);
    if (!check(**opened)) throw std::runtime_error("the segment is not what was filled");
  }
  return {{"us", taken / 1000 / static_cast<double>(opens)}};
}

}  // namespace

void attach(int argc, char** argv) {
  const auto given = arguments(argc, argv, 2, "attach BUS OPENS");
  const Bus bus(given[0]);
  const std::uint64_t next = fill(bus);
  take_turns("", [&] {
    return time_opens(
        std::stoull(given[1]), [&] { return open_reader(bus, kName); },
        [next](const Reader& reader) { return reader.window().to.value == next; });
  });
}

void reopen(int argc, char** argv) {
  const auto given = arguments(argc, argv, 2, "reopen BUS OPENS");
  const Bus bus(given[0]);
  const std::uint64_t next = fill(bus);
  take_turns("", [&] {
    return time_opens(
        std::stoull(given[1]), [&] { return open_writer(bus, kName, {}); },
        [next](const Writer& writer) { return writer.next().value == next; });
  });
}

}  // namespace ringside::bench
