// The dashboard as a plain HTTP server: what it answers, what it refuses, and how it starts.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
constexpr const char* kRingside = RINGSIDE_BIN "/ringside";

void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A dashboard with a small page of its own.
struct Served {
  Served() {
    write_file(folder.path() / "page" / "index.html", "<h1>page</h1>");
    write_file(folder.path() / "page" / "assets" / "app.js", "export {};");
    write_file(folder.path() / "page" / ".env", "SECRET");
    write_file(folder.path() / "secret.txt", "SECRET");
    fs::create_symlink("../secret.txt", folder.path() / "page" / "relative-link.txt");
    fs::create_symlink("/etc/passwd", folder.path() / "page" / "absolute-link.txt");
    fs::create_directory_symlink("..", folder.path() / "page" / "up");
    dashboard.emplace(kDashboard, bus.text(),
                      std::vector<std::string>{"--web", (folder.path() / "page").string()});
  }
  std::uint16_t port() const { return dashboard->port(); }

  TemporaryDirectory bus;
  TemporaryDirectory folder;
  std::optional<Dashboard> dashboard;
};

bool is_one_line(const std::string& text) {
  return text.size() > 1 && text.find('\n') == text.size() - 1;
}

}  // namespace

TEST_CASE("the page, its files and their types, and 404 for all else") {
  const Served served;
  const HttpAnswer page = http(served.port(), "GET", "/");
  CHECK(page.status == 200);
  CHECK(page.body == "<h1>page</h1>");
  CHECK(page.headers.at("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.headers.at("X-Content-Type-Options") == "nosniff");
  CHECK(page.headers.contains("Content-Security-Policy"));
  CHECK(http(served.port(), "GET", "/index.html?x=1").body == page.body);
  const HttpAnswer script = http(served.port(), "GET", "/assets/app.js");
  CHECK(script.body == "export {};");
  CHECK(script.headers.at("Content-Type") == "text/javascript; charset=utf-8");
  for (const char* path : {"/nothing", "/assets", "/assets/", "/v1", "/v1/nothing", "/v2/stream"}) {
    INFO(path);
    CHECK(http(served.port(), "GET", path).status == 404);
  }
}

TEST_CASE("healthz says ok") {
  const Served served;
  const HttpAnswer answer = http(served.port(), "GET", "/healthz");
  CHECK(answer.status == 200);
  CHECK(answer.body == "ok\n");
}

TEST_CASE("segments answers the same figures as ringside ls --json") {
  const Served served;
  LoadProducer a(served.bus.text(), "events", "a",
                 {.capacity_bytes = 1 << 16, .retain_events = 50});
  a.publish(80);
  {
    LoadProducer gone(served.bus.text(), "other", "gone");
    gone.publish(3);
  }
  LoadProducer empty(served.bus.text(), "other", "empty");
  // Moved into place whole, so that nobody sees it half written.
  write_file(served.bus.path() / "other" / "junk.tmp", std::string(300, 'j'));
  fs::rename(served.bus.path() / "other" / "junk.tmp", served.bus.path() / "other" / "junk.ring");
  // The dashboard has the damaged file when it looks at the directory the next time.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  nlohmann::json served_list;
  while (served_list.size() != 4) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    const HttpAnswer answer = http(served.port(), "GET", "/v1/segments");
    REQUIRE(answer.status == 200);
    CHECK(answer.headers.at("Content-Type") == "application/json");
    served_list = nlohmann::json::parse(answer.body);
  }
  const Outcome listed = run_command({kRingside, "--bus", served.bus.text(), "ls", "--json"});
  REQUIRE(listed.status == 0);
  nlohmann::json ls_list = nlohmann::json::parse(listed.output);
  for (nlohmann::json* list : {&served_list, &ls_list})
    for (nlohmann::json& segment : *list)
      if (segment.contains("oldest_age_s") && segment["oldest_age_s"].is_number()) {
        CHECK(segment["oldest_age_s"] >= 0);
        segment["oldest_age_s"] = "some";
      }
  CHECK(served_list == ls_list);
  const nlohmann::json& first = served_list.at(0);
  CHECK(first.at("channel") == "events");
  CHECK(first.at("producer") == "a");
  CHECK(first.at("epoch") == a.epoch());
  CHECK(first.at("schema") == "RSLD");
  CHECK(first.at("oldest") == 30);
  CHECK(first.at("next") == 80);
  CHECK(first.at("events") == 50);
  CHECK(first.at("retain_events") == 50);
  CHECK(first.at("capacity_bytes") == 65536);
  CHECK(first.at("live") == true);
  CHECK(served_list.at(1).at("oldest_age_s").is_null());
  CHECK(served_list.at(2).at("live") == false);
  CHECK(served_list.at(3).contains("fault"));
}

TEST_CASE("HEAD answers the head that GET would, and no body") {
  const Served served;
  HttpClient client(served.port());
  for (const char* path : {"/", "/healthz", "/v1/segments", "/nothing"}) {
    INFO(path);
    HttpAnswer got = client.request("GET", path);
    HttpAnswer head = client.request("HEAD", path);
    CHECK(head.status == got.status);
    // A second may have passed in between.
    CHECK(head.headers.erase("Date") == got.headers.erase("Date"));
    CHECK(head.headers == got.headers);
    CHECK(head.body.empty());
  }
  // Nothing of a body is left between the answers.
  CHECK(client.request("GET", "/healthz").body == "ok\n");
}

TEST_CASE("methods other than GET and HEAD are refused with 405 and what is allowed") {
  const Served served;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
    for (const char* path : {"/", "/v1/segments", "/v1/stream"}) {
      INFO(method << " " << path);
      const HttpAnswer answer = http(served.port(), method, path);
      CHECK(answer.status == 405);
      CHECK(answer.headers.at("Allow") == "GET, HEAD");
    }
}

TEST_CASE("the stream without a WebSocket handshake answers 426 or 400") {
  const Served served;
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const auto get = [&](const std::string& headers) {
    return http(served.port(), "GET", "/v1/stream", headers);
  };
  const HttpAnswer plain = get("");
  CHECK(plain.status == 426);
  CHECK(plain.headers.at("Sec-WebSocket-Version") == "13");
  CHECK(plain.headers.at("Upgrade") == "websocket");
  CHECK(get(upgrade + "Sec-WebSocket-Version: 8\r\n" + key).status == 426);
  CHECK(get("Upgrade: h2c\r\nConnection: Upgrade\r\n" + version + key).status == 426);
  CHECK(get(upgrade + version).status == 400);
  CHECK(get(upgrade + version + "Sec-WebSocket-Key: short\r\n").status == 400);
  CHECK(get("uPgRaDe: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n" + version + key).status ==
        101);
}

TEST_CASE("a plain GET of the stream is refused as the upgrade would be, in the same sentence") {
  const Served served;
  for (const std::string query : {"from=latestt", "mode=xml", "resume=x", "max_message=1",
                                  "channels=a%2Fb", "from=last:-1"}) {
    INFO(query);
    const HttpAnswer asked = upgrade(served.port(), "/v1/stream?" + query);
    for (const std::string method : {"GET", "HEAD"}) {
      HttpClient client(served.port());
      const HttpAnswer plain = client.request(method, "/v1/stream?" + query);
      CHECK(plain.status == 400);
      CHECK(asked.status == 400);
      if (method == "GET") CHECK(plain.body == asked.body);
    }
    CHECK(is_one_line(asked.body));
  }
  // Nothing is wrong with this one but that it is no handshake.
  CHECK(http(served.port(), "GET", "/v1/stream?from=latest").status == 426);
}

TEST_CASE("what is not HTTP is answered with 400, and the connection ends") {
  const Served served;
  for (const std::string bytes :
       {"hello\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n", "\x16\x03\x01\x02\x01\x01\xFC",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}) {
    INFO(bytes);
    HttpClient client(served.port());
    client.send(bytes);
    CHECK(client.answer().status == 400);
    CHECK(client.is_closed());
  }
  CHECK(http(served.port(), "GET", "/healthz").status == 200);
}

TEST_CASE("no path leads out of the page's folder") {
  const Served served;
  for (const std::string path :
       {"/../secret.txt", "/../../etc/passwd", "/../../../../../../../../etc/passwd",
        "/%2e%2e/secret.txt", "/%2e%2e%2fsecret.txt", "/..%2fsecret.txt",
        "/assets/../../secret.txt", "//etc/passwd", "/./../secret.txt", "/relative-link.txt",
        "/absolute-link.txt", "/up/secret.txt", "/assets/..%2f..%2fsecret.txt",
        "/..\\secret.txt"}) {
    INFO(path);
    const HttpAnswer answer = http(served.port(), "GET", path);
    CHECK((answer.status == 404 || answer.status == 400));
    CHECK(answer.body.find("SECRET") == std::string::npos);
    CHECK(answer.body.find("root:") == std::string::npos);
  }
  // Nor is what hides inside, or a way that leads out and in again.
  CHECK(http(served.port(), "GET", "/.env").status == 404);
  CHECK(http(served.port(), "GET", "/assets/../index.html").status == 404);
}

TEST_CASE("requests beyond the limits are refused, and long tokens within them are not") {
  const Served served;
  const std::string target = "/v1/stream?resume=";
  std::string token;
  while (target.size() + token.size() + 24 < 63 * 1024) token += "0123456789abcdef:123456,";
  token.pop_back();
  CHECK(upgrade(served.port(), target + token).status == 101);

  const HttpAnswer line = http(served.port(), "GET", "/" + std::string(66'000, 'a'));
  CHECK(line.status == 414);
  const HttpAnswer one =
      http(served.port(), "GET", "/", "X-Long: " + std::string(20'000, 'b') + "\r\n");
  CHECK(one.status == 431);
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  CHECK(http(served.port(), "GET", "/", many).status == 431);
  std::string empty;
  for (int i = 0; i < 6000; ++i) empty += "A:\r\n";
  CHECK(http(served.port(), "GET", "/", empty).status == 431);
}

TEST_CASE("pipelined requests are answered in order, and the connection is kept") {
  const Served served;
  HttpClient client(served.port());
  client.send(
      "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
      "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET / HTTP/1.1\r\nHo");
  CHECK(client.answer().body == "ok\n");
  CHECK(client.answer(true).status == 200);
  CHECK(client.answer().status == 404);
  client.send("st: a\r\n\r\n");
  const HttpAnswer page = client.answer();
  CHECK(page.body == "<h1>page</h1>");
  CHECK(page.headers.at("Connection") == "keep-alive");
  client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(client.answer().headers.at("Connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("a request that comes byte by byte is understood") {
  const Served served;
  HttpClient client(served.port());
  for (const char byte : std::string("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"))
    client.send({&byte, 1});
  CHECK(client.answer().body == "ok\n");
}

TEST_CASE(
    "a dashboard without its page still answers, and a folder that is not there is an error") {
  const TemporaryDirectory bus;
  const Outcome outcome = run_command(
      {kDashboard, "--bus", bus.text(), "--listen", "127.0.0.1:0", "--web", "/no/such/folder"});
  CHECK(outcome.status == 1);
  CHECK(is_one_line(outcome.errors));
  CHECK(outcome.errors.find("/no/such/folder") != std::string::npos);
}

TEST_CASE("a port that is taken is one clear line and status 1") {
  const TemporaryDirectory bus;
  const Dashboard first(kDashboard, bus.text());
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  const Outcome second = run_command({kDashboard, "--bus", bus.text(), "--listen", address});
  CHECK(second.status == 1);
  CHECK(second.output.empty());
  CHECK(is_one_line(second.errors));
  CHECK(second.errors.find(address) != std::string::npos);
  CHECK(second.errors.find("taken") != std::string::npos);
}

TEST_CASE("a --listen that means nothing is one line and status 2") {
  const TemporaryDirectory bus;
  for (const std::string listen :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"}) {
    INFO("--listen " << listen);
    const Outcome outcome = run_command({kDashboard, "--bus", bus.text(), "--listen", listen}, {},
                                        std::chrono::seconds(20));
    CHECK(outcome.status == 2);
    CHECK(is_one_line(outcome.errors));
  }
  const Outcome all = run_command({kDashboard, "--bus", bus.text(), "--listen", "*:8765"});
  CHECK(all.status == 2);
  CHECK(all.errors.find("0.0.0.0:8765") != std::string::npos);
  // An address for documents (RFC 5737), which no machine has.
  const Outcome far = run_command({kDashboard, "--bus", bus.text(), "--listen", "192.0.2.1:0"});
  CHECK(far.status == 1);
  CHECK(is_one_line(far.errors));
  CHECK(far.errors.find("this machine has no such address") != std::string::npos);
  const Outcome unknown = run_command({kDashboard, "--no-such-option"});
  CHECK(unknown.status == 2);
  CHECK(is_one_line(unknown.errors));
}

TEST_CASE("the dashboard listens on IPv6 too, where the machine has it") {
  std::ifstream addresses("/proc/net/if_inet6");
  std::string line;
  bool loopback = false;
  while (std::getline(addresses, line))
    loopback = loopback || line.starts_with("00000000000000000000000000000001");
  if (!loopback) {
    WARN("no IPv6 loopback address here");
    return;
  }
  const TemporaryDirectory bus;
  Process::Options options;
  options.command = {kDashboard, "--bus", bus.text(), "--listen", "[::1]:0"};
  Process process(options);
  CHECK(process.wait_for_line("listening on ").find("http://[::1]:") != std::string::npos);
}

TEST_CASE("every program has --help and --version with status 0") {
  for (const std::string name : {"ringside", "ringside-dashboard", "ringside-knn"}) {
    const std::string program = RINGSIDE_BIN "/" + name;
    if (!fs::exists(program)) continue;
    INFO(name);
    const Outcome help = run_command({program, "--help"});
    CHECK(help.status == 0);
    CHECK(help.output.find("--help") != std::string::npos);
    CHECK(help.errors.empty());
    const Outcome version = run_command({program, "--version"});
    CHECK(version.status == 0);
    CHECK(version.output == name + " " RINGSIDE_VERSION "\n");
    CHECK(version.errors.empty());
  }
}
