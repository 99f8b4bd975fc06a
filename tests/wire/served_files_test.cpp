// Files under /data/ (RFC 9110, 13 and 14): versions, conditions, parts, and downloads that never
// look complete when they are not.
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "dashboard_reader/http/http_date.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/http_client.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

namespace fs = std::filesystem;

/// A dashboard that serves one file of twenty known bytes, as a fit.
struct Served {
  Served() : path(folder.path() / "data" / "fit.parquet") {
    fs::create_directory(folder.path() / "data");
    write("0123456789abcdefghij");
    dashboard.emplace(RINGSIDE_BIN "/ringside-dashboard", bus.text(),
                      std::vector<std::string>{"--data", (folder.path() / "data").string()});
  }

  void write(const std::string& text) const { std::ofstream(path, std::ios::binary) << text; }
  HttpAnswer get(const std::string& headers = {}, const std::string& method = "GET") const {
    return http(dashboard->port(), method, "/data/fit.parquet", headers);
  }
  std::string etag() const { return get().headers.at("ETag"); }
  std::uint64_t resident_kb() {
    std::ifstream status("/proc/" + std::to_string(dashboard->process().pid()) + "/status");
    for (std::string word; status >> word;)
      if (word == "VmRSS:" && status >> word) return std::stoull(word);
    return 0;
  }

  TemporaryDirectory bus;
  TemporaryDirectory folder;
  fs::path path;
  std::optional<Dashboard> dashboard;
};

/// The body that comes until the connection ends, and how long it was to be.
struct Download {
  std::string body;
  std::uint64_t announced = 0;
};

Download read_to_end(const Connection& connection, std::string text) {
  std::vector<char> buffer(1 << 20);
  while (const std::size_t got =
             connection.receive(buffer.data(), buffer.size(), std::chrono::seconds(10)))
    text.append(buffer.data(), got);
  const std::size_t head = text.find("\r\n\r\n");
  REQUIRE(head != std::string::npos);
  const std::string name = "Content-Length: ";
  return {text.substr(head + 4), std::stoull(text.substr(text.find(name) + name.size()))};
}

}  // namespace

TEST_CASE("a file of --data comes whole, with its type, version and date") {
  const Served served;
  const HttpAnswer answer = served.get();
  CHECK(answer.status == 200);
  CHECK(answer.body == "0123456789abcdefghij");
  CHECK(answer.headers.at("Content-Type") == "application/vnd.apache.parquet");
  CHECK(answer.headers.at("Accept-Ranges") == "bytes");
  CHECK(answer.headers.at("ETag").front() == '"');
  CHECK(answer.headers.contains("Last-Modified"));
  CHECK(answer.headers.contains("Date"));
  CHECK(http(served.dashboard->port(), "GET", "/data/").status == 404);
  CHECK(http(served.dashboard->port(), "GET", "/data/nothing").status == 404);
  const HttpAnswer optional = http(served.dashboard->port(), "GET", "/data/nothing?optional");
  CHECK(optional.status == 200);
  CHECK(optional.body.empty());
  CHECK(served.get().body ==
        http(served.dashboard->port(), "GET", "/data/fit.parquet?optional").body);
  CHECK(http(served.dashboard->port(), "GET", "/data/../data/fit.parquet").status == 404);
}

TEST_CASE("13.1.2: whoever has this version already gets 304 without a body") {
  const Served served;
  const std::string etag = served.etag();
  for (const std::string& list : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    INFO(list);
    const HttpAnswer answer = served.get("If-None-Match: " + list + "\r\n");
    CHECK(answer.status == 304);
    CHECK(answer.body.empty());
    CHECK(answer.headers.at("ETag") == etag);
    CHECK_FALSE(answer.headers.contains("Content-Length"));
  }
  CHECK(served.get("If-None-Match: \"other\"\r\n").status == 200);
  CHECK(served.get("If-None-Match: \"a,b\" , \"\r\n").status == 200);
}

TEST_CASE("13.1.3: dates count where there is no tag, in each of their three forms") {
  const Served served;
  const std::string date = served.get().headers.at("Last-Modified");
  CHECK(served.get("If-Modified-Since: " + date + "\r\n").status == 304);
  CHECK(served.get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status == 200);
  CHECK(served.get("If-Modified-Since: yesterday\r\n").status == 200);
  CHECK(served.get("If-Modified-Since: " + date + "\r\nIf-None-Match: \"other\"\r\n").status ==
        200);
  for (const char* const form : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994"})
    CHECK(dashboard::parse_http_date(form) == 784111777);
  CHECK(dashboard::http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("13.1.1 and 13.1.4: a version that is not the one that was meant is 412") {
  const Served served;
  const std::string etag = served.etag();
  CHECK(served.get("If-Match: " + etag + "\r\n").status == 200);
  CHECK(served.get("If-Match: *\r\n").status == 200);
  CHECK(served.get("If-Match: W/" + etag + "\r\n").status == 412);
  CHECK(served.get("If-Match: \"other\"\r\n").status == 412);
  CHECK(served.get("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status == 412);
}

TEST_CASE(
    "14: one range of bytes is served; what cannot be is 416, and what means nothing is not") {
  const Served served;
  const std::vector<std::pair<std::string, std::string>> parts = {{"0-4", "01234"},
                                                                  {"15-", "fghij"},
                                                                  {"-3", "hij"},
                                                                  {"18-99", "ij"},
                                                                  {"-99", "0123456789abcdefghij"},
                                                                  {"0-0", "0"}};
  for (const auto& [range, body] : parts) {
    INFO(range);
    const HttpAnswer answer = served.get("Range: bytes=" + range + "\r\n");
    CHECK(answer.status == 206);
    CHECK(answer.body == body);
    CHECK(answer.headers.at("Content-Length") == std::to_string(body.size()));
  }
  CHECK(served.get("Range: bytes=5-8\r\n").headers.at("Content-Range") == "bytes 5-8/20");
  for (const char* const range : {"20-", "99-100", "-0"}) {
    const HttpAnswer answer = served.get(std::string("Range: bytes=") + range + "\r\n");
    CHECK(answer.status == 416);
    CHECK(answer.headers.at("Content-Range") == "bytes */20");
  }
  for (const char* const range : {"bytes=4-2", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1",
                                  "bytes=", "bytes=-", "bytes=18446744073709551616-"}) {
    INFO(range);
    CHECK(served.get(std::string("Range: ") + range + "\r\n").status == 200);
  }
}

TEST_CASE("13.1.5: a part is added only to the version that the client has") {
  const Served served;
  const std::string etag = served.etag();
  const std::string range = "Range: bytes=0-1\r\n";
  CHECK(served.get(range + "If-Range: " + etag + "\r\n").status == 206);
  CHECK(served.get(range + "If-Range: \"other\"\r\n").status == 200);
  CHECK(served.get(range + "If-Range: W/" + etag + "\r\n").status == 200);
  const std::string date = served.get().headers.at("Last-Modified");
  // A date is as good as a tag once the second has passed in which the file was written.
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  CHECK(served.get(range + "If-Range: " + date + "\r\n").status == 206);
}

TEST_CASE("9.3.2: HEAD answers for the complete file, without it") {
  const Served served;
  HttpClient client(served.dashboard->port());
  client.send("HEAD /data/fit.parquet HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\n\r\n");
  const HttpAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.headers.at("Content-Length") == "20");
  CHECK(client.request("GET", "/healthz").body == "ok\n");
}

TEST_CASE("8.8: a file that was replaced or written to has another tag") {
  const Served served;
  const std::string first = served.etag();
  served.write("0123456789ABCDEFGHIJ");
  const std::string second = served.etag();
  CHECK(first != second);
  const fs::path other = served.folder.path() / "data" / "other";
  std::ofstream(other) << "0123456789abcdefghij";
  fs::rename(other, served.path);
  CHECK(served.etag() != second);
  CHECK(served.get("If-None-Match: " + first + "\r\n").status == 200);
}

TEST_CASE(
    "a file that changes while it is downloaded never comes complete, and one replaced does") {
  const std::string how = GENERATE("written", "cut", "replaced");
  const Served served;
  const std::string old(24 << 20, 'o');
  served.write(old);
  const Connection client(served.dashboard->port(), 4096);
  client.send("GET /data/fit.parquet HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::string begin(1, '\0');
  REQUIRE(client.receive(begin.data(), 1, std::chrono::seconds(10)) == 1);
  if (how == "written") {
    std::fstream(served.path, std::ios::in | std::ios::out | std::ios::binary) << "new";
  } else if (how == "cut") {
    fs::resize_file(served.path, 1000);
  } else {
    const fs::path other = served.folder.path() / "data" / "other";
    std::ofstream(other) << "new";
    fs::rename(other, served.path);
  }
  const Download download = read_to_end(client, begin);
  INFO(how);
  CHECK(download.announced == old.size());
  // Whoever has the old file open goes on with it.
  CHECK((download.body == old) == (how == "replaced"));
  CHECK((download.body.size() == download.announced) == (how == "replaced"));
}

TEST_CASE(
    "a file that fits into the socket comes as it was, or not complete, when it is written to") {
  const std::size_t size = GENERATE(std::size_t{64} << 10, std::size_t{2} << 20);
  const Served served;
  const std::string old(size, 'o');
  served.write(old);
  const Connection client(served.dashboard->port());
  client.send("GET /data/fit.parquet HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  // Long enough for all of it to lie in the socket.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  std::fstream file(served.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file << std::string(1000, 'n') << std::flush;
  const Download download = read_to_end(client, {});
  CHECK((download.body == old || download.body.size() < size));
  CHECK(download.announced == size);
}

TEST_CASE("what --data serves is asked for each time, and the page's built files are not") {
  const Served served;
  std::filesystem::create_directory(served.folder.path() / "data" / "assets");
  std::ofstream(served.folder.path() / "data" / "assets" / "fit.json") << "{}";
  std::ofstream(served.folder.path() / "data" / "index.html") << "no page";
  const std::uint16_t port = served.dashboard->port();
  CHECK(http(port, "GET", "/data/assets/fit.json").headers.at("Cache-Control") ==
        "private, no-cache");
  CHECK(http(port, "GET", "/data/").status == 404);
}

TEST_CASE("twenty clients that take nothing of a large file cost the server no copy of it") {
  Served served;
  served.write(std::string(32 << 20, 'x'));
  const std::uint64_t before = served.resident_kb();
  std::vector<std::unique_ptr<Connection>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Connection>(served.dashboard->port(), 4096));
    clients.back()->send("GET /data/fit.parquet HTTP/1.1\r\nHost: localhost\r\n\r\n");
    char byte = 0;
    REQUIRE(clients.back()->receive(&byte, 1, std::chrono::seconds(10)) == 1);
  }
  CHECK(served.get("Range: bytes=0-1\r\n").body == "xx");
  CHECK(served.resident_kb() < before + 4096);
}
