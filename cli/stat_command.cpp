// `ringside stat`: what each segment does now, and who reads it how far behind.
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "bus/inspect/reader_table.hpp"
#include "bus/inspect/status.hpp"
#include "bus/program/run_program.hpp"
#include "bus/program/stop_signal.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"

namespace ringside::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  double interval_s = 1;
  bool watch = false;
  bool json = false;
};

struct ReaderLine {
  ReaderStatus reader;
  Lag lag;
};

struct SegmentLine {
  SegmentStatus status;
  std::optional<double> events_per_s;  // none in the first sample of an epoch
  std::optional<double> bytes_per_s;
  std::vector<ReaderLine> readers;
};

struct Sample {
  Timestamp time;
  std::vector<SegmentLine> segments;
};

/// Looks at the bus again and again, and keeps what rates need from the look before.
class Sampler {
 public:
  explicit Sampler(const Bus& bus) : discovery_(bus) {}

  Result<Sample> sample() {
    RINGSIDE_CHECK(discovery_.refresh());
    Sample sample{now(), {}};
    std::map<Epoch, Mark> marks;
    const std::vector<ReaderStatus> readers = live_readers();
    for (SegmentStatus& status : status_of(discovery_)) {
      SegmentLine line{std::move(status), {}, {}, {}};
      if (const auto found = discovery_.attached().find(line.status.name);
          found != discovery_.attached().end() && line.status.fault.empty()) {
        const Reader& reader = found->second->reader;
        const Mark mark{Clock::now(), line.status.window.to, line.status.tail};
        add_rates(line, reader.epoch(), mark);
        marks.insert_or_assign(reader.epoch(), mark);
        for (const ReaderStatus& one : readers)
          if (one.epoch == reader.epoch())
            line.readers.push_back({one, lag_of(reader, one.cursor)});
      }
      sample.segments.push_back(std::move(line));
    }
    marks_ = std::move(marks);
    return sample;
  }

 private:
  struct Mark {
    Clock::time_point time;
    Sequence next;
    Position tail;
  };

  void add_rates(SegmentLine& line, Epoch epoch, const Mark& mark) const {
    const auto before = marks_.find(epoch);
    if (before == marks_.end()) return;
    const Mark& last = before->second;
    const double seconds = std::chrono::duration<double>(mark.time - last.time).count();
    // A corrupt segment may run backwards; then there is no rate.
    if (seconds <= 0 || mark.next < last.next || mark.tail < last.tail) return;
    line.events_per_s = static_cast<double>(mark.next - last.next) / seconds;
    line.bytes_per_s = static_cast<double>(mark.tail - last.tail) / seconds;
  }

  std::vector<ReaderStatus> live_readers() {
    // No reader has come yet, or the table was removed: look again each time.
    if (!table_ || !table_->is_at(discovery_.bus()))
      table_ = ReaderTable::open(discovery_.bus(), Access::read_only);
    if (table_) return table_->live();
    const Error& error = table_.error();
    if (error.code != Errc::not_found && error.message != reported_) {
      report(error);
      reported_ = error.message;
    }
    return {};
  }

  Discovery discovery_;
  Result<ReaderTable> table_ = tl::unexpected<Error>(Error{Errc::not_found, 0, {}});
  std::string reported_;  // the fault of the table that was reported last
  std::map<Epoch, Mark> marks_;
};

template <class Value>
nlohmann::json or_null(const std::optional<Value>& value) {
  return value ? nlohmann::json(*value) : nullptr;
}

nlohmann::json to_json(const ReaderLine& line) {
  return {
      {"name", line.reader.name},           {"pid", or_null(line.reader.pid)},
      {"clients", line.reader.clients},     {"cursor", line.reader.cursor.value},
      {"lag_events", line.lag.events},      {"lag_overwritten", line.lag.overwritten},
      {"lag_s", or_null(line.lag.seconds)}, {"updated_ns", std::to_string(line.reader.updated.ns)}};
}

void print_json(const Sample& sample) {
  nlohmann::json segments = nlohmann::json::array();
  for (const SegmentLine& line : sample.segments) {
    nlohmann::json segment = cli::to_json(line.status);
    if (line.status.fault.empty()) {
      segment["events_per_s"] = or_null(line.events_per_s);
      segment["bytes_per_s"] = or_null(line.bytes_per_s);
      segment["readers"] = nlohmann::json::array();
      for (const ReaderLine& reader : line.readers) segment["readers"].push_back(to_json(reader));
    }
    segments.push_back(std::move(segment));
  }
  const nlohmann::json object = {{"timestamp_ns", std::to_string(sample.time.ns)},
                                 {"segments", std::move(segments)}};
  std::puts(object.dump().c_str());
}

std::string per_second(const std::optional<double>& rate, bool bytes) {
  if (!rate) return "-";
  if (bytes) return human_bytes(*rate);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f", *rate);
  return text.data();
}

void print_reader(const ReaderLine& line) {
  const std::string clients = line.reader.clients == 1
                                  ? std::string()
                                  : ", " + human_count(line.reader.clients, "client", "clients");
  const std::string pid = line.reader.pid ? std::to_string(*line.reader.pid) : "elsewhere";
  std::printf("  read by %s (%s%s) at %llu: ", line.reader.name.c_str(), pid.c_str(),
              clients.c_str(), static_cast<unsigned long long>(line.reader.cursor.value));
  if (line.lag.events == 0) {
    std::puts("has it all");
    return;
  }
  std::printf("%s behind", human_count(line.lag.events, "event", "events").c_str());
  // What is overwritten was older still, nobody knows by how much.
  if (line.lag.seconds)
    std::printf(", %s%s", line.lag.overwritten > 0 ? "more than " : "",
                human_seconds(*line.lag.seconds).c_str());
  if (line.lag.overwritten > 0)
    std::printf(", %llu of them overwritten",
                static_cast<unsigned long long>(line.lag.overwritten));
  std::puts("");
}

void print_table(const Sample& sample) {
  std::size_t width = 7;
  for (const SegmentLine& line : sample.segments)
    width = std::max(width, line.status.name.text().size());
  const int columns = static_cast<int>(width);
  std::printf("%-*s  %-15s  %10s  %10s  %21s  %21s  %9s  %12s\n", columns, "SEGMENT", "STATE",
              "EVENTS/S", "BYTES/S", "EVENTS / MOST", "BYTES / MOST", "WINDOW", "DURABLE");
  for (const SegmentLine& line : sample.segments) {
    const SegmentStatus& status = line.status;
    if (!status.fault.empty()) {
      std::printf("%-*s  quarantined: %s\n", columns, status.name.text().c_str(),
                  status.fault.c_str());
      continue;
    }
    const std::string events =
        std::to_string(status.window.count()) + " / " + std::to_string(status.retain_events);
    const std::string bytes = human_bytes(static_cast<double>(status.bytes)) + " / " +
                              human_bytes(static_cast<double>(status.capacity_bytes));
    const std::string durable = status.durable ? std::to_string(status.durable->value) : "-";
    std::printf("%-*s  %-15s  %10s  %10s  %21s  %21s  %9s  %12s\n", columns,
                status.name.text().c_str(), state_of(status).c_str(),
                per_second(line.events_per_s, false).c_str(),
                per_second(line.bytes_per_s, true).c_str(), events.c_str(), bytes.c_str(),
                human_seconds(status.span_s).c_str(), durable.c_str());
    for (const ReaderLine& reader : line.readers) print_reader(reader);
  }
}

Result<int> stat(const Bus& bus, const Options& options) {
  RINGSIDE_CHECK(require_bus(bus));
  const bool redraws = options.watch && !options.json && ::isatty(STDOUT_FILENO) != 0;
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(options.interval_s));
  // A sample is one write, so that nobody sees half of one.
  std::setvbuf(stdout, nullptr, _IOFBF, std::size_t{1} << 16);
  Sampler sampler(bus);
  Clock::time_point due = Clock::now();
  RINGSIDE_CHECK(sampler.sample());
  for (bool begun = false;; begun = true) {
    due = std::max(due + interval, Clock::now());
    sleep_unless_stopped(due - Clock::now());
    if (stop_requested()) return 0;
    RINGSIDE_TRY(const Sample sample, sampler.sample());
    if (redraws) std::fputs("\033[H\033[J", stdout);
    if (begun && !redraws && !options.json) std::puts("");
    if (options.json)
      print_json(sample);
    else if (!sample.segments.empty())
      print_table(sample);
    else
      report_empty(bus);
    // main() says why.
    if (!flush_output()) return 1;
    if (!options.watch) return 0;
  }
}

}  // namespace

Command add_stat(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser =
      app.add_subcommand("stat", "Show rates, the retained window, and readers with their lag");
  parser->add_flag("--watch,-w", options->watch, "Go on, a sample each interval, until stopped");
  parser->add_flag(
      "--json", options->json,
      "Print one JSON object a sample; fields as in ls --json where they mean the same");
  parser
      ->add_option("--interval", options->interval_s,
                   "Seconds from sample to sample, which rates are taken over")
      ->check(CLI::Range(0.01, 86'400.0))
      ->capture_default_str();
  return {parser, [options](const Bus& bus) { return stat(bus, *options); }};
}

}  // namespace ringside::cli
