// A dashboard that is operated: restarts that refuse nobody, metrics, and its log.
#include <cmath>
#include <csignal>
#include <ctime>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"
#include "tests/wire/metric.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A listening socket as systemd would hold it.
struct Listener {
  Listener() : descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(descriptor, generic, size) == 0);
    REQUIRE(::listen(descriptor, 128) == 0);
    REQUIRE(::getsockname(descriptor, generic, &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(descriptor); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int descriptor;
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE("with LISTEN_FDS the socket is served, and who comes while nobody serves waits") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1000);
  const Listener listener;
  Process::Options options;
  options.listener = listener.descriptor;
  Collector collector;
  {
    const Dashboard dashboard(kDashboard, bus.text(), options);
    CHECK(dashboard.port() == listener.port);
    StreamClient client(listener.port);
    collector.take_until_live(client);
  }  // killed
  producer.publish(1000);
  HttpClient early(listener.port);
  early.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Dashboard dashboard(kDashboard, bus.text(), options);
  CHECK(early.answer().body == "ok\n");
  collector.begin_connection();
  StreamClient again(listener.port, "/v1/stream?resume=" + collector.resume_token());
  collector.take_until_live(again);
  CHECK(collector.records() == 2000);
}

TEST_CASE("SIGUSR2 hands over to the program anew: the listener stays, streams are sent away") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1000);
  Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  dashboard.process().send_signal(SIGUSR2);
  const std::optional<Message> close = collector.take_all(client);
  REQUIRE(close.has_value());
  CHECK(close->close_code == 1001);
  // The successor has the same output, and says that it listens on the same port.
  const std::string line = dashboard.process().wait_for_line("listening on ");
  CHECK(line.substr(line.rfind(':') + 1) == std::to_string(dashboard.port()));
  CHECK(dashboard.process().wait() == 0);
  producer.publish(500);
  collector.begin_connection();
  StreamClient again(dashboard.port(), "/v1/stream?resume=" + collector.resume_token());
  collector.take_until(again, [&] { return collector.records() == 1500; });
  CHECK(collector.records() == 1500);
  const std::vector<pid_t> successors = processes_with(bus.text());
  REQUIRE(successors.size() == 1);
  CHECK(::kill(successors.front(), SIGTERM) == 0);
}

TEST_CASE("a drain completes the requests that are there, and an idle connection ends") {
  const TemporaryDirectory bus;
  Dashboard dashboard(kDashboard, bus.text());
  HttpClient idle(dashboard.port());
  REQUIRE(idle.request("GET", "/healthz").status == 200);
  HttpClient begun(dashboard.port());
  begun.send("GET /healthz HTTP/1.1\r\nHost: local");
  REQUIRE(http(dashboard.port(), "GET", "/healthz").status == 200);
  dashboard.process().send_signal(SIGTERM);
  CHECK(idle.is_closed());
  begun.send("host\r\n\r\n");
  const HttpAnswer answer = begun.answer();
  CHECK(answer.body == "ok\n");
  CHECK(answer.headers.at("Connection") == "close");
  CHECK(dashboard.process().wait() == 0);
}

TEST_CASE("metrics count clients, replays, events, bytes and gaps, and are Prometheus text") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p", {.capacity_bytes = {}, .retain_events = 1000});
  producer.publish(5000);
  const Dashboard dashboard(kDashboard, bus.text());
  {
    StreamClient past(dashboard.port(), "/v1/stream?from=seq:0&mode=event");
    while (const std::optional<Message> message = past.next())
      if (message->payload == R"({"type":"live"})") break;
    past.send_frame(0x88, std::string("\x03\xE8", 2));
    while (past.next()) continue;
  }
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  const HttpAnswer answer = http(dashboard.port(), "GET", "/metrics");
  CHECK(answer.headers.at("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  const std::string& text = answer.body;
  CHECK(metric(text, R"(ringside_clients{mode="run"})") == 1);
  CHECK(metric(text, R"(ringside_clients{mode="event"})") == 0);
  CHECK(metric(text, R"(ringside_streams_total{mode="event"})") == 1);
  CHECK(metric(text, "ringside_replay_seconds_count") == 2);
  CHECK(metric(text, "ringside_sent_events_total") == 2000);
  CHECK(metric(text, "ringside_sent_bytes_total") > 2000 * 48);
  CHECK(metric(text, R"(ringside_gaps_total{reason="overwritten"})") == 1);
  CHECK(metric(text, R"(ringside_gap_events_total{reason="overwritten"})") == 4000);
  CHECK(metric(text, R"(ringside_stream_closes_total{code="1000"})") == 1);
  CHECK(metric(text, "ringside_producers_alive") == 1);
  CHECK(metric(text, R"(ringside_lag_events{channel="events",producer="p"})") == 0);
  CHECK(metric(text, R"(ringside_segment_events{channel="events",producer="p"})") == 1000);
  CHECK(metric(text, R"(ringside_http_responses_total{status="101"})") == 2);
  // Each family has one help and one type, before its samples.
  std::set<std::string> families;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("# TYPE "))
      CHECK(families.insert(line.substr(7, line.find(' ', 7))).second);
  CHECK(families.size() > 12);
}

TEST_CASE("counters are there from the first scrape, and the figures of the process with them") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text());
  const std::string text = http(dashboard.port(), "GET", "/metrics").body;
  for (const std::string reason : {"overwritten", "reset", "invalid", "too_large", "quarantined"}) {
    CHECK(metric(text, "ringside_gaps_total{reason=\"" + reason + "\"}") == 0);
    CHECK(metric(text, "ringside_gap_events_total{reason=\"" + reason + "\"}") == 0);
  }
  for (const std::string code : {"1000", "1001", "1006", "4000", "4001", "other"})
    CHECK(metric(text, "ringside_stream_closes_total{code=\"" + code + "\"}") == 0);
  for (const std::string mode : {"run", "event", "json"})
    CHECK(metric(text, "ringside_streams_total{mode=\"" + mode + "\"}") == 0);
  for (const std::string status : {"101", "200", "401", "404", "503"})
    CHECK(metric(text, "ringside_http_responses_total{status=\"" + status + "\"}") == 0);
  for (const std::string reason : {"flood", "blocked", "failed"})
    CHECK(metric(text, "ringside_log_lines_dropped_total{reason=\"" + reason + "\"}") == 0);
  CHECK(metric(text, "ringside_accept_failures_total") == 0);
  CHECK(metric(text, "process_cpu_seconds_total") > 0);
  CHECK(metric(text, "process_resident_memory_bytes") > 1'000'000);
  CHECK(metric(text, "process_virtual_memory_bytes") >
        metric(text, "process_resident_memory_bytes"));
  CHECK(metric(text, "process_open_fds") > 5);
  CHECK(metric(text, "process_max_fds") > metric(text, "process_open_fds"));
  const auto now = static_cast<double>(std::time(nullptr));
  CHECK(std::abs(metric(text, "process_start_time_seconds") - now) < 300);
}

TEST_CASE("a stream leaves one line in the log, of words or, with --log-json, an object") {
  const bool json = GENERATE(true, false);
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const std::string file = (folder.path() / "log").string();
  Process::Options options;
  options.errors = file;
  if (json) options.command = {"--log-json"};
  Dashboard dashboard(kDashboard, bus.text(), options);
  {
    StreamClient client(dashboard.port(), "/v1/stream?token=secret-that-is-not-logged");
    Collector collector;
    collector.take_until_live(client);
    client.send_frame(0x88, std::string("\x03\xE8", 2));
    while (client.next()) continue;
  }
  CHECK(http(dashboard.port(), "POST", "/\"odd\\path\xFF").status != 200);
  dashboard.process().send_signal(SIGTERM);
  REQUIRE(dashboard.process().wait() == 0);
  const std::string log = read_file(file);
  CHECK(log.find("secret") == std::string::npos);
  if (!json) {
    CHECK(log.find("stream ended peer=127.0.0.1:") != std::string::npos);
    CHECK(log.find("mode=run events=10 gaps=0 missing=0 bytes=") != std::string::npos);
    CHECK(log.find("close=1000") != std::string::npos);
    return;
  }
  int ended = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    const nlohmann::json object = nlohmann::json::parse(line);
    CHECK(object.contains("time"));
    CHECK(object.contains("level"));
    if (object.at("message") != "stream ended") continue;
    ++ended;
    CHECK(object.at("events") == 10);
    CHECK(object.at("mode") == "run");
    CHECK(object.at("close") == 1000);
    CHECK(object.at("seconds").is_number());
  }
  CHECK(ended == 1);
}
