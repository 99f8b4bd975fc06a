// How long it takes to be there: opening a segment for reading and taking one up for writing,
// whatever its capacity, and the dashboard from exec to listening.
#include <chrono>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "bench/samples.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/program/run_program.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMiB = 1024 * 1024;

template <class Call>
double time_us(Call call) {
  const Clock::time_point start = Clock::now();
  call();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// A bus with one full segment of that capacity.
Bus fill(const std::filesystem::path& directory, std::uint64_t capacity) {
  const Bus bus(directory);
  auto writer = open_writer(bus, {"bench", "attach"}, {.caps = {.capacity_bytes = capacity}});
  if (!writer) throw std::runtime_error(writer.error().message);
  const std::vector<std::byte> event(4096 - 24);
  for (std::uint64_t bytes = 0; bytes < capacity + capacity / 4; bytes += 4096)
    if (!writer->publish(event)) throw std::runtime_error("cannot publish");
  return bus;
}

int run(int argc, char** argv) {
  CLI::App app{"bench_attach: attach time by capacity, and the dashboard from exec to listening"};
  std::uint64_t runs = 51;
  app.add_option("--runs", runs, "Turns of each contender")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const support::TemporaryDirectory directory;
  const SegmentName name{"bench", "attach"};
  const Bus small = fill(directory.path() / "small", kMiB);
  const Bus large = fill(directory.path() / "large", 1024 * kMiB);
  std::vector<Row> read = {{"open for reading, 1 MiB", {}}, {"open for reading, 1 GiB", {}}};
  std::vector<Row> write = {{"reopen for writing, 1 MiB", {}}, {"reopen for writing, 1 GiB", {}}};
  std::vector<Row> start = {{"dashboard, exec to listening, 1 MiB", {}},
                            {"dashboard, exec to listening, 1 GiB", {}}};
  for (std::uint64_t run = 0; run <= runs; ++run) {
    std::size_t row = 0;
    for (const Bus& bus : {small, large}) {
      // Attaching alone: unmapping is not part of it.
      Result<Reader> reader = tl::unexpected<Error>(Error{Errc::not_found, 0, {}});
      const double read_us = time_us([&] { reader = open_reader(bus, name); });
      Result<Writer> writer = tl::unexpected<Error>(Error{Errc::not_found, 0, {}});
      const double write_us = time_us([&] { writer = open_writer(bus, name, {}); });
      if (!reader || !writer || writer->origin() != Origin::reopened ||
          reader->window().to != writer->next() || reader->window().from != writer->oldest())
        throw std::runtime_error("the segment could not be attached");
      const double start_us = time_us([&] {
        const support::Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard",
                                           bus.directory().string(), {"--log-level", "off"});
      });
      if (run > 0) {
        read[row].samples.add(read_us);
        write[row].samples.add(write_us);
        start[row].samples.add(start_us / 1000);
      }
      ++row;
    }
  }
  print_table("attach", "us", read, 0);
  print_table("reopen", "us", write, 0);
  print_table("start", "ms", start, 0);
  return 0;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::run_program("bench_attach", ringside::bench::run, argc, argv);
}
