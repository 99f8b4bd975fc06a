// A dashboard that runs as a user who may not read everything says what it may not read.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

/// A dashboard without the rights of root, with its log in a file.
struct OtherUser {
  OtherUser() {
    // A copy, since the program may lie where others may not go.
    fs::copy_file(kDashboard, folder.path() / "copy");
    for (const fs::path& path : {folder.path(), folder.path() / "copy", bus.path(), data.path()})
      fs::permissions(path, fs::perms{0755});
    const fs::path program = folder.path() / "dashboard";
    const std::string as_other = ::geteuid() == 0 ? "/usr/bin/setpriv --reuid=65534 --regid=65534 "
                                                    "--clear-groups --inh-caps=-all "
                                                  : "";
    std::ofstream(program) << "#!/bin/sh\nexec " << as_other << "\"" << folder.text()
                           << "/copy\" \"$@\"\n";
    fs::permissions(program, fs::perms{0755});
  }
  Dashboard start() const {
    Process::Options options;
    options.command = {"--data", data.text()};
    options.errors = (folder.path() / "log").string();
    return {(folder.path() / "dashboard").string(), bus.text(), options};
  }
  std::string log() const {
    std::ifstream file(folder.path() / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Waits until the log has it: it is written by a thread of its own.
  bool logs(const std::string& text) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (log().find(text) == std::string::npos) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::usleep(10'000);
    }
    return true;
  }

  TemporaryDirectory bus;
  TemporaryDirectory data;
  TemporaryDirectory folder;
};

}  // namespace

TEST_CASE("a channel whose folder is closed is in the log and in the list of segments") {
  const OtherUser user;
  LoadProducer closed(user.bus.text(), "closed", "p");
  LoadProducer open(user.bus.text(), "open", "p");
  const fs::path folder = user.bus.path() / "closed";
  fs::permissions(folder, fs::perms{0});
  const Dashboard dashboard = user.start();
  const std::string reason = folder.string() + ": Permission denied";
  CHECK(user.logs(reason));
  const auto list = nlohmann::json::parse(http(dashboard.port(), "GET", "/v1/segments").body);
  REQUIRE(list.size() == 2);
  CHECK(list.at(0).at("channel") == "closed");
  CHECK(list.at(0).at("producer") == "");
  CHECK(list.at(0).at("fault").get<std::string>().find(reason) != std::string::npos);
  CHECK(list.at(1).at("channel") == "open");
  const HttpAnswer window = http(dashboard.port(), "GET", "/v1/window/closed/p");
  CHECK(window.status == 503);
  CHECK(window.body.find(reason) != std::string::npos);
  CHECK(http(dashboard.port(), "GET", "/v1/window/other/p").status == 404);
  fs::permissions(folder, fs::perms{0755});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (http(dashboard.port(), "GET", "/v1/window/closed/p").status != 200)
    REQUIRE(std::chrono::steady_clock::now() < end);
}

TEST_CASE("a bus that cannot be read is no empty list of segments") {
  const OtherUser user;
  LoadProducer producer(user.bus.text(), "events", "p");
  const Dashboard dashboard = user.start();
  fs::permissions(user.bus.path(), fs::perms{0});
  HttpAnswer answer;
  CHECK(wait_until([&] {
    answer = http(dashboard.port(), "GET", "/v1/segments");
    return answer.status == 503;
  }));
  CHECK(answer.body.find("cannot read the bus directory " + user.bus.text()) != std::string::npos);
  CHECK(answer.body.find("Permission denied") != std::string::npos);
  fs::permissions(user.bus.path(), fs::perms{0755});
  CHECK(wait_until([&] { return http(dashboard.port(), "GET", "/v1/segments").status == 200; }));
}

TEST_CASE("a file of --data that may not be read is 403, and in the log") {
  const OtherUser user;
  std::ofstream(user.data.path() / "fit.json") << "{}";
  fs::permissions(user.data.path() / "fit.json", fs::perms{0});
  const Dashboard dashboard = user.start();
  for (const std::string query : {"", "?optional"}) {
    const HttpAnswer answer = http(dashboard.port(), "GET", "/data/fit.json" + query);
    CHECK(answer.status == 403);
    CHECK(answer.body.find("Permission denied") != std::string::npos);
  }
  CHECK(user.logs("file=fit.json reason=\"Permission denied\""));
  CHECK(http(dashboard.port(), "GET", "/data/other.json").status == 404);
}
