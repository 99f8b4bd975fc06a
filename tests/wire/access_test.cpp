// Who may ask for what: tokens, hosts, origins (docs/protocol.md, 1).
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
const std::string kToken = "an-example-of-a-token-0123456789";

void write_line(const fs::path& path, const std::string& line) {
  std::ofstream(path) << line << "\n";
}

/// A dashboard that asks for a token, with a page and data.
struct Guarded {
  Guarded() {
    write_line(folder.path() / "token", kToken);
    write_line(folder.path() / "index.html", "<h1>page</h1>");
    write_line(folder.path() / "fit.json", "{}");
    dashboard.emplace(kDashboard, bus.text(),
                      std::vector<std::string>{"--token-file", (folder.path() / "token").string(),
                                               "--web", folder.text(), "--data", folder.text()});
  }
  int status(const std::string& target, const std::string& headers = {}) const {
    return http(dashboard->port(), "GET", target, headers).status;
  }

  TemporaryDirectory bus;
  TemporaryDirectory folder;
  std::optional<Dashboard> dashboard;
};

/// The status of a request with this Host, and Origin if there is one.
int status_for(const Dashboard& dashboard, const std::string& host, const std::string& origin = {},
               const std::string& path = "/v1/segments") {
  HttpClient client(dashboard.port());
  client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" +
              (origin.empty() ? "" : "Origin: " + origin + "\r\n") + "\r\n");
  return client.answer().status;
}

}  // namespace

TEST_CASE("with a token, all that shows the bus asks for it, and the page does not") {
  const Guarded guarded;
  for (const std::string path : {"/v1/segments", "/v1/stream", "/v1/window/a/b", "/data/fit.json",
                                 "/metrics", "/v1/nothing"}) {
    INFO(path);
    const HttpAnswer answer = http(guarded.dashboard->port(), "GET", path);
    CHECK(answer.status == 401);
    CHECK(answer.headers.at("WWW-Authenticate").starts_with("Bearer"));
    CHECK(guarded.status(path + "?token=wrong-token-0123456789") == 401);
    CHECK(guarded.status(path + "?token=" + kToken) != 401);
    CHECK(guarded.status(path, "Authorization: Bearer " + kToken + "\r\n") != 401);
    CHECK(guarded.status(path, "Authorization: bearer  " + kToken + "\r\n") != 401);
    CHECK(guarded.status(path, "Authorization: Bearer " + kToken + "x\r\n") == 401);
    CHECK(guarded.status(path, "Authorization: Basic " + kToken + "\r\n") == 401);
  }
  CHECK(guarded.status("/") == 200);
  CHECK(guarded.status("/healthz") == 200);
  // However the path is written.
  CHECK(guarded.status("/%76%31/segments") == 401);
}

TEST_CASE("without the token only listed paths answer, however a path is spelled") {
  const Guarded guarded;
  fs::create_directory(guarded.folder.path() / "assets");
  write_line(guarded.folder.path() / "assets" / "main.js", "0");
  write_line(guarded.folder.path() / "icon.svg", "<svg/>");
  for (const std::string path :
       {"/", "/index.html", "/icon.svg", "/assets/main.js", "/healthz", "/%69ndex.html"}) {
    INFO(path);
    CHECK(guarded.status(path) == 200);
  }
  CHECK(guarded.status("/assets/none.js") == 404);
  for (const std::string path :
       {// Every route.
        "/v1/stream", "/v1/segments", "/v1/window/a/b", "/v1/echo", "/echo", "/metrics",
        "/data/fit.json", "/data/",
        // Files that lie beside the page, and paths that nobody serves.
        "/token", "/fit.json", "/unknown", "/v1", "/v1/", "/v2/stream", "/assets", "/index.htm",
        "/favicon.ico", "/.well-known/x",
        // Other spellings, of public paths too.
        "//", "/./", "//v1/segments", "/./v1/segments", "/v1//segments", "/v1/./segments",
        "/V1/segments", "/%76%31/segments", "/v1%2fsegments", "/%2e/v1/segments",
        "/x/../v1/segments", "/metrics/", "//metrics", "/metrics%20", "/healthz/", "//healthz",
        "/healthz/../metrics", "/assets/../token", "/assets/%2e%2e/token", "/assets/..%2ftoken",
        "/assets//main.js", "/assets/./main.js", "/assets%2f..%2ftoken", "/assets/../data/fit.json",
        "/index.html/", "/index.html/../token", "//index.html", "/INDEX.HTML", "/data//fit.json",
        "/data/../token", "/%64ata/fit.json", "/icon.svg/"}) {
    INFO(path);
    CHECK(guarded.status(path) == 401);
  }
}

TEST_CASE("a stream opens with the token, and is refused before the upgrade without") {
  const Guarded guarded;
  CHECK_THROWS_WITH(StreamClient(guarded.dashboard->port()), Catch::Contains("401"));
  StreamClient client(guarded.dashboard->port(), "/v1/stream?token=" + kToken);
  CHECK(client.next().has_value());
}

TEST_CASE("SIGHUP reads the token anew: the old one opens nothing, and its streams come back") {
  Guarded guarded;
  StreamClient client(guarded.dashboard->port(), "/v1/stream?token=" + kToken);
  REQUIRE(client.next().has_value());
  const std::string other = "another-token-9876543210";
  // What is wrong changes nothing.
  write_line(guarded.folder.path() / "token", "short");
  guarded.dashboard->process().send_signal(SIGHUP);
  CHECK(guarded.status("/metrics?token=" + kToken) == 200);
  write_line(guarded.folder.path() / "token", other);
  guarded.dashboard->process().send_signal(SIGHUP);
  std::optional<Message> message = client.next();
  while (message && message->kind != Message::Kind::close) message = client.next();
  REQUIRE(message.has_value());
  CHECK(message->close_code == 1001);
  CHECK(guarded.status("/metrics?token=" + kToken) == 401);
  CHECK(guarded.status("/metrics?token=" + other) == 200);
}

TEST_CASE("beyond loopback a token is required, and a token file that is none is refused") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const auto outcome = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command = {kDashboard, "--bus", bus.text()};
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command);
  };
  const Outcome open = outcome({"--listen", "0.0.0.0:0"});
  CHECK(open.status == 2);
  CHECK(open.errors.find("--token-file") != std::string::npos);
  const std::string file = (folder.path() / "token").string();
  CHECK(outcome({"--token-file", file}).status != 0);  // not there
  for (const std::string content : {"", "short", "two words that are long enough"}) {
    write_line(file, content);
    const Outcome bad = outcome({"--token-file", file});
    CHECK(bad.status == 2);
    CHECK(bad.errors.find(file) != std::string::npos);
    CHECK(bad.errors.find("openssl rand") != std::string::npos);
  }
  write_line(file, kToken);
  const Dashboard dashboard(kDashboard, bus.text(),
                            {"--listen", "0.0.0.0:0", "--token-file", file});
  CHECK(http(dashboard.port(), "GET", "/v1/segments").status == 401);
}

TEST_CASE("a token that every user may read is warned of") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "token";
  write_line(file, kToken);
  for (const bool open : {true, false}) {
    fs::permissions(file, open ? fs::perms{0644} : fs::perms{0640});
    Process::Options options;
    options.command = {"--token-file", file.string()};
    options.errors = (folder.path() / (open ? "log-open" : "log-closed")).string();
    Dashboard dashboard(kDashboard, bus.text(), options);
    dashboard.process().send_signal(SIGTERM);
    REQUIRE(dashboard.process().wait() == 0);
    std::ifstream log(options.errors);
    const std::string text{std::istreambuf_iterator<char>(log), {}};
    CHECK((text.find("chmod o-r " + file.string()) != std::string::npos) == open);
  }
}

TEST_CASE("a Host that someone else could own is refused, so that no name can be rebound here") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text(), {"--origin", "https://dash.example.com"});
  const std::string port = std::to_string(dashboard.port());
  for (const std::string& host :
       {"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port, std::string("gpubox"),
        std::string("dash.example.com"), std::string("a.localhost")})
    CHECK(status_for(dashboard, host) == 200);
  for (const std::string path : {"/v1/segments", "/", "/v1/stream", "/metrics"}) {
    CHECK(status_for(dashboard, "evil.example.com", {}, path) == 421);
    CHECK(status_for(dashboard, "127.0.0.1.evil.com:" + port, {}, path) == 421);
  }
  HttpClient twice(dashboard.port());
  twice.send("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com\r\n\r\n");
  CHECK(twice.answer().status == 400);
  HttpClient none(dashboard.port());
  none.send("GET / HTTP/1.1\r\n\r\n");
  CHECK(none.answer().status == 400);
}

TEST_CASE("pages of other origins are refused, unless --origin or its file names them") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "origins").string();
  write_line(file, "# ours\nhttps://b.example.com");
  Dashboard dashboard(kDashboard, bus.text(),
                      {"--origin", "https://a.example.com", "--origin-file", file});
  const std::string own = "127.0.0.1:" + std::to_string(dashboard.port());
  CHECK(status_for(dashboard, own, "http://" + own) == 200);
  CHECK(status_for(dashboard, own, "https://a.example.com") == 200);
  CHECK(status_for(dashboard, own, "https://b.example.com") == 200);
  for (const std::string origin : {"https://c.example.com", "http://a.example.com", "null",
                                   "https://a.example.com.evil.com", "http://localhost:1"})
    CHECK(status_for(dashboard, own, origin) == 403);
  CHECK(status_for(dashboard, own, "HTTPS://A.Example.com:443") == 200);
  write_line(file, "https://c.example.com");
  dashboard.process().send_signal(SIGHUP);
  CHECK(wait_until([&] { return status_for(dashboard, own, "https://c.example.com") == 200; }));
  CHECK(status_for(dashboard, own, "https://b.example.com") == 403);
}

TEST_CASE("an origin is known however --origin spells it") {
  const TemporaryDirectory bus;
  const std::vector<std::pair<std::string, std::string>> spellings = {
      {"https://b.example.com:443", "https://b.example.com"},
      {"https://Dash.Example.com", "https://dash.example.com"},
      {"HTTP://c.example.com:80/", "http://c.example.com"},
      {"https://d.example.com:0443", "https://d.example.com"},
      {"https://e.example.com.", "https://e.example.com"},
      {"https://e.example.com.", "https://e.example.com."},
      {"http://[0:0::1:0]:80", "http://[::1:0]"},
      {"https://f.example.com:8443", "https://f.example.com:8443"},
      {"tauri://localhost", "tauri://localhost"}};
  std::vector<std::string> arguments;
  for (const auto& [given, sent] : spellings)
    arguments.insert(arguments.end(), {"--origin", given});
  const Dashboard dashboard(kDashboard, bus.text(), arguments);
  const std::string own = "127.0.0.1:" + std::to_string(dashboard.port());
  for (const auto& [given, sent] : spellings) {
    INFO(given);
    CHECK(status_for(dashboard, own, sent) == 200);
  }
  CHECK(status_for(dashboard, own, "http://b.example.com") == 403);
  CHECK(status_for(dashboard, own, "https://b.example.com:80") == 403);
  CHECK(status_for(dashboard, own, "https://f.example.com") == 403);
  // The names count as the Host, in any spelling, and a page of such a name is one of ours.
  for (const std::string host : {"dash.example.com", "DASH.EXAMPLE.COM:443", "dash.example.com."})
    CHECK(status_for(dashboard, host) == 200);
  CHECK(status_for(dashboard, "dash.example.com:443", "https://dash.example.com") == 200);
  CHECK(status_for(dashboard, "dash.example.com:8080", "http://dash.example.com:8080") == 200);
  CHECK(status_for(dashboard, "dash.example.com:8080", "http://dash.example.com") == 403);
  CHECK(status_for(dashboard, "LOCALHOST:1", "http://localhost:1") == 200);
}

TEST_CASE("an --origin that no browser sends is refused at the start, with the form to use") {
  const TemporaryDirectory bus;
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "origins").string();
  for (const std::string origin : {"dash.example.com",
                                   "https://",
                                   "://dash.example.com",
                                   "https:dash.example.com",
                                   "null",
                                   "*",
                                   "https://*.example.com",
                                   "https://dash.example.com/app",
                                   "https://dash.example.com?x",
                                   "https://user@dash.example.com",
                                   "https://a.example.com,https://b.example.com",
                                   "https://a.example.com https://b.example.com",
                                   "https://dash.example.com:x",
                                   "https://dash.example.com:70000",
                                   "wss://dash.example.com",
                                   "https://b\xC3\xBC"
                                   "cher.example",
                                   "https://127.1",
                                   "https://[::1",
                                   "1http://dash.example.com",
                                   " https://dash.example.com"}) {
    INFO(origin);
    write_line(file, "# ours\n" + origin);
    for (const bool in_file : {false, true}) {
      if (in_file && origin.starts_with(' ')) continue;  // lines may be indented
      const Outcome outcome =
          run_command({kDashboard, "--bus", bus.text(), "--listen", "127.0.0.1:0",
                       in_file ? "--origin-file" : "--origin", in_file ? file : origin},
                      {}, std::chrono::seconds(20));
      CHECK(outcome.status == 2);
      CHECK(outcome.errors.find(in_file ? file + ", line 2" : "--origin") != std::string::npos);
      CHECK(outcome.errors.find("such as https://dash.example.com") != std::string::npos);
      CHECK(outcome.errors.find('\n') == outcome.errors.size() - 1);
    }
  }
}
