#include "dashboard_reader/metrics.hpp"

#include <array>
#include <sstream>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "dashboard_reader/http/http_status.hpp"
#include "dashboard_reader/log.hpp"
#include "dashboard_reader/process_figures.hpp"

namespace ringside::dashboard {
namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Family;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// From a replay that fits into one run to one of a slow network.
const prometheus::Histogram::BucketBoundaries kReplaySeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};

Family<Counter>& counters(prometheus::Registry& registry, const std::string& name,
                          const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

/// The values of labels that can come.
constexpr std::array<std::string_view, 12> kCloses = {"1000", "1001", "1002", "1003",
                                                      "1005", "1006", "1007", "1008",
                                                      "1009", "4000", "4001", "other"};
constexpr std::array<std::string_view, 5> kGapReasons = {"overwritten", "reset", "invalid",
                                                         "too_large", "quarantined"};

template <class Values>
void add_zeros(Family<Counter>& family, const std::string& label, const Values& values) {
  for (const auto& value : values) family.Add({{label, std::string(value)}});
}

using Labels = std::vector<ClientMetric::Label>;

void add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

MetricFamily gauges(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge, {}};
}

MetricFamily counted(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter, {}};
}

MetricFamily of_log() {
  MetricFamily dropped =
      counted("ringside_log_lines_dropped_total", "Lines that the log does not have, by reason");
  const DroppedLines lines = dropped_lines();
  add(dropped, {{"reason", "flood"}}, static_cast<double>(lines.flood));
  add(dropped, {{"reason", "blocked"}}, static_cast<double>(lines.blocked));
  add(dropped, {{"reason", "failed"}}, static_cast<double>(lines.failed));
  return dropped;
}

MetricFamily with_one(MetricFamily family, double value, Labels labels = {}) {
  add(family, std::move(labels), value);
  return family;
}

/// Under the names that every Prometheus client has.
std::vector<MetricFamily> of_process() {
  const ProcessFigures figures = process_figures();
  return {
      with_one(counted("process_cpu_seconds_total", "User and system time"), figures.cpu_seconds),
      with_one(gauges("process_start_time_seconds", "Since 1970"), figures.start_seconds),
      with_one(
          gauges("process_resident_memory_bytes", "Memory that is taken, mapped files included"),
          figures.resident_bytes),
      with_one(gauges("process_virtual_memory_bytes", "Addresses that are taken"),
               figures.virtual_bytes),
      with_one(gauges("process_open_fds", "Descriptors that are open"), figures.open_descriptors),
      with_one(gauges("process_max_fds", "Descriptors that may be open"), figures.max_descriptors)};
}

/// The figures of the segments, collected at each scrape: one that is gone is no longer reported.
std::vector<MetricFamily> of_segments(const MetricsSnapshot& snapshot) {
  MetricFamily attached = gauges("ringside_segments", "Segments of the bus, by their state");
  MetricFamily retained = gauges("ringside_segment_events", "Events in the retained window");
  MetricFamily age = gauges("ringside_segment_age_seconds", "Age of the oldest retained event");
  MetricFamily lag =
      gauges("ringside_lag_events", "How many events the slowest client of a segment is behind");
  MetricFamily published =
      counted("ringside_published_events_total", "Events ever published to a segment");
  double alive = 0;
  double faulty = 0;
  for (const SegmentStatus& status : snapshot.segments) {
    if (!status.fault.empty()) {
      ++faulty;
      continue;
    }
    alive += status.liveness == Liveness::live ? 1 : 0;
    const Labels labels = {{"channel", status.name.channel}, {"producer", status.name.producer}};
    add(retained, labels, static_cast<double>(status.window.count()));
    add(published, labels, static_cast<double>(status.window.to.value));
    if (status.oldest_age_s) add(age, labels, *status.oldest_age_s);
    const auto slowest = snapshot.lag_by_epoch.find(status.epoch);
    if (slowest != snapshot.lag_by_epoch.end())
      add(lag, labels, static_cast<double>(slowest->second));
  }
  add(attached, {{"state", "attached"}}, static_cast<double>(snapshot.segments.size()) - faulty);
  add(attached, {{"state", "quarantined"}}, faulty);
  const MetricFamily producers =
      with_one(gauges("ringside_producers_alive", "Segments that a producer has open"), alive);
  return {producers, attached, retained, age, lag, published};
}

}  // namespace

struct Metrics::Kept {
  prometheus::Registry registry;
  Counter& connections =
      counters(registry, "ringside_connections_total", "Connections accepted").Add({});
  Counter& accept_failures =
      counters(registry, "ringside_accept_failures_total",
               "Times that a connection could not be accepted, for want of descriptors or memory")
          .Add({});
  Family<Counter>& answers =
      counters(registry, "ringside_http_responses_total", "HTTP answers, by status");
  Family<Counter>& streams =
      counters(registry, "ringside_streams_total", "Streams opened, by mode");
  Family<Counter>& closes = counters(
      registry, "ringside_stream_closes_total",
      "Streams ended, by close code; 1006 without a Close, 1005 with one that had no code");
  Counter& events =
      counters(registry, "ringside_sent_events_total", "Events sent to clients").Add({});
  Family<Counter>& gaps = counters(registry, "ringside_gaps_total", "Gaps reported, by reason");
  Family<Counter>& missing =
      counters(registry, "ringside_gap_events_total", "Events in the gaps reported, by reason");
  prometheus::Histogram& replays =
      prometheus::BuildHistogram()
          .Name("ringside_replay_seconds")
          .Help("From the upgrade until all that was retained is sent; its count is of replays")
          .Register(registry)
          .Add({}, kReplaySeconds);
};

Metrics::Metrics() : kept_(std::make_unique<Kept>()) {
  kept_->answers.Add({{"status", "101"}});
  for (const auto& [status, reason] : kStatuses)
    kept_->answers.Add({{"status", std::to_string(static_cast<int>(status))}});
  add_zeros(kept_->streams, "mode", kStreamModes);
  add_zeros(kept_->closes, "code", kCloses);
  add_zeros(kept_->gaps, "reason", kGapReasons);
  add_zeros(kept_->missing, "reason", kGapReasons);
}
Metrics::~Metrics() = default;

void Metrics::connection_accepted() {
  kept_->connections.Increment();
}

void Metrics::accept_failed() {
  kept_->accept_failures.Increment();
}

void Metrics::request_answered(int status) {
  kept_->answers.Add({{"status", std::to_string(status)}}).Increment();
}

void Metrics::stream_opened(StreamMode mode) {
  kept_->streams.Add({{"mode", std::string(name_of(mode))}}).Increment();
}

void Metrics::stream_closed(CloseCode code) {
  // What clients choose freely must not make a series each.
  const auto number = static_cast<std::uint16_t>(code);
  const bool known = number < 1015 || code == CloseCode::lapped || code == CloseCode::silent;
  kept_->closes.Add({{"code", known ? std::to_string(number) : "other"}}).Increment();
}

void Metrics::replayed(std::chrono::nanoseconds took) {
  kept_->replays.Observe(std::chrono::duration<double>(took).count());
}

void Metrics::events_sent(std::uint64_t events) {
  kept_->events.Increment(static_cast<double>(events));
}

void Metrics::gap_reported(std::string_view reason, std::uint64_t events) {
  kept_->gaps.Add({{"reason", std::string(reason)}}).Increment();
  kept_->missing.Add({{"reason", std::string(reason)}}).Increment(static_cast<double>(events));
}

std::string Metrics::text(const MetricsSnapshot& snapshot) const {
  std::vector<MetricFamily> families = kept_->registry.Collect();
  families.push_back(with_one(gauges("ringside_build_info", "The version that runs"), 1,
                              {{"version", RINGSIDE_VERSION}}));
  MetricFamily clients = gauges("ringside_clients", "Streams that are open, by mode");
  for (const auto& [mode, count] : snapshot.clients_by_mode)
    add(clients, {{"mode", std::string(mode)}}, static_cast<double>(count));
  families.push_back(std::move(clients));
  families.push_back(with_one(gauges("ringside_open_requests", "Connections that are no streams"),
                              static_cast<double>(snapshot.open_requests)));
  families.push_back(
      with_one(counted("ringside_sent_bytes_total", "Bytes sent into streams, framing included"),
               static_cast<double>(snapshot.sent_bytes)));
  families.push_back(of_log());
  for (MetricFamily& family : of_process()) families.push_back(std::move(family));
  for (MetricFamily& family : of_segments(snapshot)) families.push_back(std::move(family));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace ringside::dashboard
