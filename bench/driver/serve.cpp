// The dashboard of this build, with a segment to replay, or one to follow live.
#include <stdexcept>

#include <sched.h>

#include "bench/driver/contenders.hpp"
#include "bench/driver/turns.hpp"
#include "bench/live_event.hpp"
#include "bench/points.hpp"
#include "bench/replay_content.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"
#include "schemas/event_print.hpp"
#include "tests/support/process.hpp"

namespace ringside::bench {
namespace {

const SegmentName kName{"embedding", "bench"};

support::Dashboard serve(const std::string& bus) {
  return support::Dashboard(program_folder() + "/ringside-dashboard", bus,
                            std::vector<std::string>{"--log-level", "off"});
}

std::string facts(const support::Dashboard& dashboard, const std::string& target) {
  return std::string("\"port\":")
      .append(std::to_string(dashboard.port()))
      .append(",\"target\":\"")
      .append(target)
      .append("\"");
}

void print_as_json(const Reader& reader, ExpectedEvents& expected) {
  const auto printer = EventPrinter::from_schema(reader.schema());
  if (!printer) throw std::runtime_error(printer.error().message);
  for (std::string& event : expected.events) {
    const auto text =
        printer->print({reinterpret_cast<const std::byte*>(event.data()), event.size()});
    if (!text) throw std::runtime_error(text.error().message);
    event = *text;
  }
}

void run_on(pid_t process, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (::sched_setaffinity(process, sizeof set, &set) != 0)
    throw std::runtime_error(std::string("cannot run on CPU ") + std::to_string(cpu));
}

}  // namespace

void serve_window(int argc, char** argv) {
  const auto given =
      arguments(argc, argv, 5, "window BUS EXPECTED single|batch COUNT run|event|json");
  const Bus bus(given[0]);
  const std::uint64_t count = std::stoull(given[3]);
  given[2] == "batch" ? fill_with_batch(bus, kName, count) : fill_with_points(bus, kName, count);
  const auto reader = open_reader(bus, kName);
  if (!reader) throw std::runtime_error(reader.error().message);
  ExpectedEvents expected = window_of(*reader);
  if (given[4] == "json") print_as_json(*reader, expected);
  write_expected(given[1], expected);
  const support::Dashboard dashboard = serve(given[0]);
  take_turns(facts(dashboard, "/v1/stream?from=oldest&mode=" + given[4]), [] { return Turn{}; });
}

void serve_live(int argc, char** argv) {
  const auto given = arguments(argc, argv, 5, "live BUS RATE WARM-UP EVENTS SERVER-CPU");
  const std::uint64_t rate = std::stoull(given[1]);
  const std::uint64_t warm_up = std::stoull(given[2]);
  const std::uint64_t last = warm_up + std::stoull(given[3]);
  // Nobody is lapped within a turn.
  auto writer =
      open_writer(Bus(given[0]), kName, {.caps = {.capacity_bytes = 4 * last * sizeof(LiveEvent)}});
  if (!writer) throw std::runtime_error(writer.error().message);
  support::Dashboard dashboard = serve(given[0]);
  run_on(dashboard.process().pid(), std::stoi(given[4]));
  const auto publish = [&writer](const LiveEvent& event) {
    if (!writer->publish({reinterpret_cast<const std::byte*>(&event), sizeof event}))
      throw std::runtime_error("the writer refused an event");
  };
  take_turns(facts(dashboard, "/v1/stream?from=latest"), [&] {
    publish_paced(0, warm_up, rate, publish);
    publish_paced(warm_up, last, rate, publish);
    return Turn{};
  });
}

}  // namespace ringside::bench
