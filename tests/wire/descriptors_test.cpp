// Descriptors are kept for clients, however many segments there are.
#include "dashboard_reader/descriptors.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

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

namespace fs = std::filesystem;
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

/// A program that starts the dashboard with other limits (ulimit's arguments).
std::string limited(const TemporaryDirectory& folder, const std::string& limits) {
  const fs::path program = folder.path() / "dashboard";
  std::ofstream(program) << "#!/bin/sh\nulimit " << limits << "\nexec \"" << kDashboard
                         << "\" \"$@\"\n";
  fs::permissions(program, fs::perms{0700});
  return program.string();
}

void make_segments(const std::string& bus, int count) {
  for (int i = 0; i < count; ++i) {
    LoadProducer producer(bus, "c", std::string("p").append(std::to_string(100 + i)),
                          {.capacity_bytes = 1 << 16, .retain_events = 9});
    producer.publish(1, 1);
  }
}

struct Listed {
  std::size_t read = 0;
  std::size_t at_fault = 0;
  std::string fault;
};

Listed listed(const Dashboard& dashboard) {
  Listed all;
  for (const auto& segment :
       nlohmann::json::parse(http(dashboard.port(), "GET", "/v1/segments").body)) {
    if (!segment.contains("fault")) {
      ++all.read;
      continue;
    }
    ++all.at_fault;
    all.fault = segment.at("fault");
  }
  return all;
}

}  // namespace

TEST_CASE("what a limit gives is divided so that none is left without") {
  using dashboard::share_descriptors;
  for (const std::size_t limit : {0U, 10U, 40U, 100U, 256U, 1024U, 4096U, 65536U, 1U << 20U})
    for (const std::size_t streams : {1U, 50U, 10'000U, 1'000'000U}) {
      INFO(limit << " for " << streams);
      const auto shares = share_descriptors(limit, streams);
      CHECK(shares.streams >= 1);
      CHECK(shares.streams <= streams);
      CHECK(shares.requests >= 1);
      CHECK(shares.segments >= 1);
      if (limit >= 64) {
        CHECK(shares.streams + 2 * shares.requests + shares.segments <= limit - 32);
        CHECK(shares.segments >= (limit - 32) / 4);
      }
    }
  // What Debian gives a service is enough for all.
  const auto ordinary = share_descriptors(524'288, 10'000);
  CHECK(ordinary.streams == 10'000);
  CHECK(ordinary.requests == 1024);
  CHECK(ordinary.segments > 500'000);
}

TEST_CASE("more segments than descriptors: clients are served, and what is not read says why") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  make_segments(bus.text(), 120);
  const Dashboard dashboard(limited(folder, "-n 100"), bus.text());
  CHECK(http(dashboard.port(), "GET", "/healthz").body == "ok\n");
  const Listed before = listed(dashboard);
  CHECK(before.read >= 10);
  CHECK(before.read + before.at_fault == 120);
  CHECK(before.fault.find("ulimit -n") != std::string::npos);
  CHECK(before.fault.find(".ring") != std::string::npos);
  // As many streams as it says that it takes, each with what can be read.
  std::vector<std::unique_ptr<StreamClient>> clients;
  int status = 0;
  while ((status = http(dashboard.port(), "GET", "/v1/stream").status) == 426) {
    clients.push_back(std::make_unique<StreamClient>(dashboard.port()));
    Collector collector;
    collector.take_until_live(*clients.back());
    CHECK(collector.records() == before.read);
  }
  CHECK(status == 503);
  CHECK(clients.size() >= 20);
  const std::string metrics = http(dashboard.port(), "GET", "/metrics").body;
  CHECK(metric(metrics, "ringside_accept_failures_total") == 0);
  CHECK(metric(metrics, "process_open_fds") < 100);
  clients.clear();
  // Those that are read make room for others once they are gone.
  for (const auto& entry : fs::directory_iterator(bus.path() / "c"))
    if (entry.path().filename().string() < "p115") fs::remove(entry.path());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Listed after;
  while (after.read + after.at_fault != 105 || after.read != before.read) {
    INFO(after.read << " read, " << after.at_fault << " not");
    REQUIRE(std::chrono::steady_clock::now() < end);
    after = listed(dashboard);
  }
}

TEST_CASE("a crowd of connections beyond the descriptors costs the oldest of them, and no flood") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  Process::Options options;
  options.errors = (folder.path() / "log").string();
  Dashboard dashboard(limited(folder, "-n 64"), bus.text(), options);
  std::vector<std::unique_ptr<Connection>> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(std::make_unique<Connection>(dashboard.port()));
    crowd.back()->send("GET / HTTP/1.1\r\nX: ");
    if (i % 20 == 0) CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
  }
  CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
  dashboard.process().send_signal(SIGTERM);
  REQUIRE(dashboard.process().wait() == 0);
  std::ifstream file(folder.path() / "log");
  const std::string log{std::istreambuf_iterator<char>(file), {}};
  INFO(log);
  CHECK(log.find("no more than ") != std::string::npos);
  const std::size_t first = log.find("cannot accept");
  CHECK((first == std::string::npos || log.find("cannot accept", first + 1) == std::string::npos));
}

TEST_CASE("the soft limit is raised to the hard one") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const Dashboard dashboard(limited(folder, "-S -n 64"), bus.text());
  CHECK(metric(http(dashboard.port(), "GET", "/metrics").body, "process_max_fds") ==
        static_cast<double>(limit.rlim_max));
}
