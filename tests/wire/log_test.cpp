// The dashboard's log when whoever takes it does not: the only thread serves on, and what was
// dropped is counted and reported. The line of a stream is in operation_test.cpp.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"
#include "tests/wire/metric.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
using Clock = std::chrono::steady_clock;

/// Where the log goes, and the end that its reader would read.
struct Taker {
  virtual ~Taker() {
    if (descriptor >= 0) ::close(descriptor);
  }
  Taker() = default;
  Taker(const Taker&) = delete;
  Taker& operator=(const Taker&) = delete;

  std::string path;
  int descriptor = -1;
};

struct Pipe : Taker {
  explicit Pipe(const fs::path& at) {
    path = at.string();
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    // Also to write, so that to open it waits for nobody.
    descriptor = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(descriptor >= 0);
    ::fcntl(descriptor, F_SETPIPE_SZ, 4096);
  }
};

/// A terminal on which someone has pressed Ctrl-S.
struct StoppedTerminal : Taker {
  StoppedTerminal() {
    descriptor = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(descriptor >= 0);
    REQUIRE(::grantpt(descriptor) == 0);
    REQUIRE(::unlockpt(descriptor) == 0);
    path = ::ptsname(descriptor);
    terminal_ = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(terminal_ >= 0);
    REQUIRE(::tcflow(terminal_, TCOOFF) == 0);
  }
  ~StoppedTerminal() override { ::close(terminal_); }
  void go_on() const { ::tcflow(terminal_, TCOON); }

 private:
  int terminal_ = -1;
};

/// A dashboard that logs there.
Dashboard logging_to(const std::string& path, const std::string& bus,
                     const std::vector<std::string>& arguments = {}) {
  Process::Options options;
  options.command = arguments;
  options.errors = path;
  return {kDashboard, bus, options};
}

double dropped(const Dashboard& dashboard, const std::string& reason) {
  return metric(http(dashboard.port(), "GET", "/metrics").body,
                "ringside_log_lines_dropped_total{reason=\"" + reason + "\"}");
}

/// Makes it log, a line a signal, until lines are dropped for that reason.
void log_until_dropped(Dashboard& dashboard, const std::string& reason) {
  const auto end = Clock::now() + std::chrono::seconds(120);
  while (dropped(dashboard, reason) == 0) {
    REQUIRE(Clock::now() < end);
    for (int i = 0; i < 20; ++i) {
      dashboard.process().send_signal(SIGHUP);
      CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
    }
  }
}

/// What comes out of it until `wanted` is in it.
std::string read_until(int descriptor, const std::string& wanted) {
  const auto end = Clock::now() + std::chrono::seconds(30);
  std::string text;
  while (text.find(wanted) == std::string::npos) {
    INFO(text);
    REQUIRE(Clock::now() < end);
    pollfd ready{descriptor, POLLIN, 0};
    ::poll(&ready, 1, 100);
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(descriptor, bytes.data(), bytes.size());
    if (got > 0) text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a log that nobody reads holds nothing up; once it is read it says how many it lacks") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const Pipe pipe(folder.path() / "pipe");
  Dashboard dashboard = logging_to(pipe.path, bus.text());
  log_until_dropped(dashboard, "blocked");
  const std::string log = read_until(pipe.descriptor, " lines dropped");
  CHECK(log.find("[warning]") != std::string::npos);
  // The last lines go out, too, to whoever reads.
  dashboard.process().send_signal(SIGTERM);
  read_until(pipe.descriptor, "ended signal=SIGTERM\n");
  CHECK(dashboard.process().wait() == 0);
}

TEST_CASE("a dashboard whose log is stuck ends all the same") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const Pipe pipe(folder.path() / "pipe");
  Dashboard dashboard = logging_to(pipe.path, bus.text());
  log_until_dropped(dashboard, "blocked");
  dashboard.process().send_signal(SIGTERM);
  CHECK(dashboard.process().wait() == 0);
}

TEST_CASE("a stopped terminal holds nothing up") {
  const TemporaryDirectory bus;
  const StoppedTerminal terminal;
  Dashboard dashboard = logging_to(terminal.path, bus.text());
  log_until_dropped(dashboard, "blocked");
  terminal.go_on();
  read_until(terminal.descriptor, " lines dropped");
}

TEST_CASE("a full disk costs lines of the log, which are counted, and nothing else") {
  const TemporaryDirectory bus;
  Dashboard dashboard = logging_to("/dev/full", bus.text());
  log_until_dropped(dashboard, "failed");
  dashboard.process().send_signal(SIGTERM);
  CHECK(dashboard.process().wait() == 0);
}

TEST_CASE("standard output that nobody reads keeps no dashboard from serving") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const Pipe pipe(folder.path() / "pipe");
  while (::write(pipe.descriptor, "x", 1) == 1) continue;
  const fs::path program = folder.path() / "dashboard";
  std::ofstream(program) << "#!/bin/sh\nexec \"" << kDashboard << "\" \"$@\" > \"" << pipe.path
                         << "\"\n";
  fs::permissions(program, fs::perms{0700});
  const fs::path log = folder.path() / "log";
  Process::Options options;
  options.command = {program.string(), "--bus", bus.text(), "--listen", "127.0.0.1:0"};
  options.errors = log.string();
  Process process(options);
  const std::string before = "address=127.0.0.1:";
  const auto end = Clock::now() + std::chrono::seconds(30);
  std::size_t at = std::string::npos;
  while (at == std::string::npos) {
    REQUIRE(Clock::now() < end);
    ::usleep(10'000);
    at = read_file(log).find(before);
  }
  const auto port =
      static_cast<std::uint16_t>(std::stoul(read_file(log).substr(at + before.size())));
  CHECK(http(port, "GET", "/healthz").status == 200);
  CHECK(read_until(pipe.descriptor, "listening on http://127.0.0.1:").find('x') == 0);
  process.send_signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("the log is a JSON object a line with --log-json, whatever was dropped") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const Pipe pipe(folder.path() / "pipe");
  Dashboard dashboard = logging_to(pipe.path, bus.text(), {"--log-json"});
  http(dashboard.port(), "GET", "/" + std::string(2000, 'a') + "\x7F\"");
  log_until_dropped(dashboard, "blocked");
  dashboard.process().send_signal(SIGTERM);
  std::istringstream lines(read_until(pipe.descriptor, "\"message\":\"ended\""));
  int reports = 0;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (lines.eof()) break;  // cut where reading stopped
    const nlohmann::json object = nlohmann::json::parse(line);
    CHECK(object.at("time").is_string());
    CHECK(line.size() < 1000);
    const std::string message = object.at("message");
    reports += message.find(" lines dropped") != std::string::npos ? 1 : 0;
  }
  CHECK(reports >= 1);
}

TEST_CASE("lines have their time with its zone, and in the journal their level instead") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "log").string();
  std::ofstream(file).flush();
  const bool journal = GENERATE(false, true);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  Process::Options options;
  options.errors = file;
  options.environment = {"TZ=TST-05:30"};
  if (journal)
    options.environment.push_back("JOURNAL_STREAM=" + std::to_string(status.st_dev) + ":" +
                                  std::to_string(status.st_ino));
  Dashboard dashboard(kDashboard, (bus.path() / "none").string(), options);
  dashboard.process().send_signal(SIGTERM);
  REQUIRE(dashboard.process().wait() == 0);
  const std::string log = read_file(file);
  INFO(log);
  if (journal) {
    CHECK(log.find("<4>there is no bus") != std::string::npos);
    CHECK(log.find("\n<6>serving version=") != std::string::npos);
  } else {
    CHECK(log.starts_with("[20"));
    CHECK(log.find(" +05:30] [ringside-dashboard] [info] serving version=" RINGSIDE_VERSION) !=
          std::string::npos);
  }
}

TEST_CASE("the log says what is served, with which limits, and at the end that it ended") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "log").string();
  Dashboard dashboard = logging_to(file, bus.text(), {"--max-clients", "7"});
  dashboard.process().send_signal(SIGINT);
  REQUIRE(dashboard.process().wait() == 0);
  const std::string log = read_file(file);
  INFO(log);
  CHECK(log.find("serving version=" RINGSIDE_VERSION " bus=" + bus.text() +
                 " address=127.0.0.1:" + std::to_string(dashboard.port()) +
                 " token=false clients=7 requests=") != std::string::npos);
  CHECK(log.ends_with("ended signal=SIGINT\n"));
}

TEST_CASE("a bus that is not there is said at the start, and served once it is there") {
  const TemporaryDirectory folder;
  const std::string bus = (folder.path() / "typo").string();
  const std::string file = (folder.path() / "log").string();
  Dashboard dashboard = logging_to(file, bus);
  CHECK_FALSE(fs::exists(bus));
  CHECK(http(dashboard.port(), "GET", "/v1/segments").body == "[]\n");
  const LoadProducer producer(bus, "events", "p");
  const auto end = Clock::now() + std::chrono::seconds(30);
  while (http(dashboard.port(), "GET", "/v1/segments").body == "[]\n") REQUIRE(Clock::now() < end);
  dashboard.process().send_signal(SIGTERM);
  REQUIRE(dashboard.process().wait() == 0);
  const std::string log = read_file(file);
  CHECK(log.find("there is no bus at " + bus + " yet") != std::string::npos);
  CHECK(log.find("--bus or RINGSIDE_BUS") != std::string::npos);
}
