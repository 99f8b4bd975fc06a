// What publishing one event costs, beside the least that it can cost: reading the clock, and
// copying the bytes into memory of the same size.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "bench/samples.hpp"
#include "bench/segment_tail.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/os/boot.hpp"
#include "bus/program/run_program.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint64_t size = 96;
  std::uint64_t batch = 200'000;
  std::uint64_t runs = 51;
  std::uint64_t capacity = 64 * 1024 * 1024;
  std::filesystem::path disk = "/var/tmp";
};

/// Nanoseconds a call, over one batch.
template <class Call>
double time_batch(std::uint64_t batch, Call call) {
  const Clock::time_point start = Clock::now();
  for (std::uint64_t i = 0; i < batch; ++i) call(i);
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() /
         static_cast<double>(batch);
}

/// Nanoseconds of the slowest of each ten thousand calls: where a stall would show.
template <class Call>
double slowest_in_ten_thousand(std::uint64_t batch, Call call) {
  std::vector<double> each(batch);
  for (std::uint64_t i = 0; i < batch; ++i) {
    const Clock::time_point start = Clock::now();
    call(i);
    each[i] = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  }
  const auto at = static_cast<std::ptrdiff_t>(batch - batch / 10'000 - 1);
  std::nth_element(each.begin(), each.begin() + at, each.end());
  return each[static_cast<std::size_t>(at)];
}

/// The last turn that published in this segment, checked before its figure counts: `last` is the
/// number in the last event.
void check(const Reader& reader, std::uint64_t next, std::uint64_t last) {
  check_tail(reader, next, 1, [last](std::uint64_t, Bytes event) {
    return std::memcmp(event.data(), &last, std::min(sizeof last, event.size())) == 0;
  });
}

/// Goes at the end, also when something is thrown.
struct Folder {
  std::filesystem::path path;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

Reader reader_of(const std::filesystem::path& directory) {
  auto reader = open_reader(Bus(directory), {"bench", "publish"});
  if (!reader) throw std::runtime_error(reader.error().message);
  return std::move(*reader);
}

int run(int argc, char** argv) {
  CLI::App app{"bench_publish: nanoseconds a published event, timestamp and checksum included"};
  Options options;
  app.add_option("--size", options.size, "Bytes of an event")->capture_default_str();
  app.add_option("--batch", options.batch, "Events a turn")->capture_default_str();
  app.add_option("--runs", options.runs, "Turns of each contender")->capture_default_str();
  app.add_option("--capacity", options.capacity, "Bytes of the ring")->capture_default_str();
  app.add_option("--disk", options.disk, "Where a synced segment is put, beside one in memory")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const support::TemporaryDirectory directory;
  auto writer = open_writer(Bus(directory.path()), {"bench", "publish"},
                            {.caps = {.capacity_bytes = options.capacity}});
  if (!writer) throw std::runtime_error(writer.error().message);
  const Folder disk{options.disk / ("ringside-bench-" + std::to_string(::getpid()))};
  auto synced = open_writer(Bus(disk.path), {"bench", "publish"},
                            {.caps = {.capacity_bytes = options.capacity},
                             .sync_interval = std::chrono::milliseconds(10)});
  if (!synced) throw std::runtime_error(synced.error().message);
  const Reader reader = reader_of(directory.path());
  const Reader synced_reader = reader_of(disk.path);
  std::vector<std::byte> event(options.size);
  std::vector<std::byte> memory(options.capacity);
  std::size_t at = 0;
  const auto change = [&event](std::uint64_t i) {
    std::memcpy(event.data(), &i, std::min(sizeof i, event.size()));
  };
  std::vector<Row> rows = {{"the clock and a copy of the bytes", {}},
                           {"publish", {}},
                           {"claim, write in place, commit", {}},
                           {"publish, brought to a disk every 10 ms", {}}};
  std::vector<Row> slowest = {{"publish", {}}, {"publish, brought to a disk every 10 ms", {}}};
  std::uint64_t sink = 0;
  for (std::uint64_t run = 0; run <= options.runs; ++run) {
    const double least = time_batch(options.batch, [&](std::uint64_t i) {
      change(i);
      sink += now().ns;
      if (at + event.size() > memory.size()) at = 0;
      std::memcpy(memory.data() + at, event.data(), event.size());
      at += event.size();
    });
    const double publish = time_batch(options.batch, [&](std::uint64_t i) {
      change(i);
      sink += writer->publish(event)->value;
    });
    const double claim = time_batch(options.batch, [&](std::uint64_t i) {
      change(i);
      std::memcpy(writer->claim(event.size())->data(), event.data(), event.size());
      sink += writer->commit(event.size())->value;
    });
    const double durable = time_batch(options.batch, [&](std::uint64_t i) {
      change(i);
      sink += synced->publish(event)->value;
    });
    const double slow =
        slowest_in_ten_thousand(options.batch, [&](std::uint64_t) { writer->publish(event); });
    const double slow_synced =
        slowest_in_ten_thousand(options.batch, [&](std::uint64_t) { synced->publish(event); });
    // Three turns have published here in each run, and two there.
    check(reader, 3 * options.batch * (run + 1), options.batch - 1);
    check(synced_reader, 2 * options.batch * (run + 1), options.batch - 1);
    if (run == 0) continue;  // touches the pages
    rows[3].samples.add(durable);
    slowest[0].samples.add(slow);
    slowest[1].samples.add(slow_synced);
    rows[0].samples.add(least);
    rows[1].samples.add(publish);
    rows[2].samples.add(claim);
  }
  print_table("publish of " + std::to_string(options.size) + "-byte events into " +
                  std::to_string(options.capacity) + " bytes (check " + std::to_string(sink % 10) +
                  ")",
              "ns", rows, 0);
  print_table("the slowest in ten thousand", "ns", slowest, 0);
  return 0;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::run_program("bench_publish", ringside::bench::run, argc, argv);
}
