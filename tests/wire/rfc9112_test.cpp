// RFC 9112, section by section: each MUST for a server that receives requests, with what it asks
// in the test's name. Then those of RFC 9110 that the same bytes show.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/http_client.hpp"

using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
const std::string kHost = "Host: localhost\r\n";
const std::string kNext = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Served {
  TemporaryDirectory bus;
  TemporaryDirectory page;  // an empty one
  Dashboard dashboard{
      kDashboard, bus.text(), {"--origin", "https://dash.example.com", "--web", page.text()}};
};

/// What comes back for these bytes, and for the request that follows them on the same connection;
/// status 0 where the server has closed it instead.
std::pair<HttpAnswer, HttpAnswer> answers(const Served& served, const std::string& bytes) {
  HttpClient client(served.dashboard.port());
  client.send(bytes + kNext);
  HttpAnswer first = client.answer();
  return {first, client.answer()};
}

void check_refused(const Served& served, const std::string& bytes, int status = 400) {
  INFO(bytes);
  const auto [answer, next] = answers(served, bytes);
  CHECK(answer.status == status);
  CHECK(answer.headers.at("Connection") == "close");
  CHECK(answer.body.size() > 1);
  CHECK(answer.body.find('\n') == answer.body.size() - 1);
  CHECK(next.status == 0);
}

void check_served(const Served& served, const std::string& bytes, int status = 200) {
  INFO(bytes);
  const auto [answer, next] = answers(served, bytes);
  CHECK(answer.status == status);
  CHECK(next.status == 200);
}

std::string get(const std::string& target, const std::string& headers = kHost) {
  return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE("RFC 9112, 2.2: a message is octets; bytes beyond ASCII in a value are no fault") {
  const Served served;
  check_served(served, get("/healthz", kHost + "X: caf\xC3\xA9 \xFF\r\n"));
}

TEST_CASE("RFC 9112, 2.2: empty lines before a request line are passed over") {
  const Served served;
  check_served(served, "\r\n\r\n" + get("/healthz"));
  check_refused(served, "\r\nGET  / HTTP/1.1\r\n" + kHost + "\r\n");
  check_refused(served, std::string("\n").append(get("/healthz")));
}

TEST_CASE("RFC 9112, 2.2: a bare CR or LF ends no line, wherever it stands") {
  const Served served;
  check_refused(served, "GET / HTTP/1.1\n" + kHost + "\r\n");
  check_refused(served, "GET / HTTP/1.1\r\n" + kHost + "\r\r\n");
  check_refused(served, "GET / HTTP/1.1\r\nHost: localhost\n\r\n");
  check_refused(served, "GET / HTTP/1.1\r\n" + kHost + "\n");
  check_refused(served, get("/", kHost + "X: a\rb\r\n"));
  check_refused(served, get("/", kHost + "X: a\nY: b\r\n"));
  check_refused(served, "POST / HTTP/1.1\r\n" + kHost +
                            "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n");
  check_refused(served, "POST / HTTP/1.1\r\n" + kHost +
                            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n");
}

TEST_CASE("RFC 9112, 2.2: white space between the request line and the first header is refused") {
  const Served served;
  check_refused(served, "GET / HTTP/1.1\r\n X: y\r\n" + kHost + "\r\n");
  check_refused(served, "GET / HTTP/1.1\r\n\tX: y\r\n" + kHost + "\r\n");
}

TEST_CASE("RFC 9112, 2.3: answers are HTTP/1.1, and another major version is refused with 505") {
  const Served served;
  for (const std::string version : {"HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/9.9"})
    check_refused(served, "GET / " + version + "\r\n" + kHost + "\r\n", 505);
  for (const std::string version : {"http/1.1", "HTTP/1", "HTTP/1.1x", "HTTP/1.1 ", "HTTPS/1.1"}) {
    INFO(version);
    const auto [answer, next] = answers(served, "GET / " + version + "\r\n" + kHost + "\r\n");
    CHECK((answer.status == 400 || answer.status == 505));
    CHECK(next.status == 0);
  }
  check_refused(served, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}

TEST_CASE("RFC 9112, 3: a request line is METHOD SP TARGET SP VERSION, and nothing else") {
  const Served served;
  for (const std::string line :
       {"GET /", "GET", "/ HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/ HTTP/1.1",
        " GET / HTTP/1.1", "GET / /x HTTP/1.1", "GET /\x01 HTTP/1.1"}) {
    INFO(line);
    const auto [answer, next] = answers(served, line + "\r\n" + kHost + "\r\n");
    CHECK((answer.status == 400 || answer.status == 505));
    CHECK(next.status == 0);
  }
}

TEST_CASE("RFC 9112, 3: a target longer than is parsed gets 414, and one of 8000 bytes is parsed") {
  const Served served;
  check_refused(served, get("/" + std::string(70'000, 'a')), 414);
  check_served(served, get("/healthz?" + std::string(8000, 'a')));
}

TEST_CASE("RFC 9112, 3.1: methods tell upper from lower case; one that is unknown gets 501") {
  const Served served;
  check_refused(served, "get / HTTP/1.1\r\n" + kHost + "\r\n", 501);
  check_refused(served, "BREW /pot HTTP/1.1\r\n" + kHost + "\r\n", 501);
  check_refused(served, "GETS / HTTP/1.1\r\n" + kHost + "\r\n", 501);
  check_refused(served, std::string(100, 'M') + " / HTTP/1.1\r\n" + kHost + "\r\n", 501);
  // However it comes in, and what is no method is no HTTP.
  HttpClient slow(served.dashboard.port());
  for (const char byte : std::string("BREW ")) slow.send({&byte, 1});
  CHECK(slow.answer().status == 501);
  check_refused(served, "B(EW / HTTP/1.1\r\n" + kHost + "\r\n");
  check_refused(served, "hello\r\n\r\n");
}

TEST_CASE("RFC 9112, 3.2: HTTP/1.1 without Host, and any request with two or a bad one, gets 400") {
  const Served served;
  for (const std::string target : {"/", "/healthz", "/v1/segments", "http://localhost/healthz"}) {
    check_refused(served, get(target, ""));
    check_refused(served, get(target, kHost + kHost));
    check_refused(served, "GET " + target + " HTTP/1.0\r\n" + kHost + kHost + "\r\n");
    for (const std::string host :
         {"", "a b", "a/b", "user@localhost", "localhost:x", "localhost:70000", "localhost:80:80",
          "[::1", "[localhost]", "::1", "http://localhost", "local,host"})
      check_refused(served, get(target, "Host: " + host + "\r\n"));
  }
  for (const std::string host : {"localhost", "LOCALHOST:80", "localhost:", "[::1]", "[::1]:80",
                                 "127.0.0.1:8765", "dash.example.com", "DASH.example.com.:443"})
    check_served(served, get("/v1/segments", "Host: " + host + "\r\n"));
}

TEST_CASE("RFC 9112, 3.2.1: a target in origin-form is served") {
  const Served served;
  check_served(served, get("/healthz"));
  check_served(served, get("/healthz?a=b"));
  check_refused(served, get("healthz"));
  check_refused(served, get("?healthz"));
}

TEST_CASE("RFC 9112, 3.2.2: a target in absolute-form is accepted, and its host is the Host") {
  const Served served;
  for (const std::string uri :
       {"http://localhost/v1/segments", "HTTP://LOCALHOST:1234/v1/segments",
        "http://[::1]:80/v1/segments?x=y", "https://dash.example.com/v1/segments"}) {
    check_served(served, get(uri));
    check_served(served, get(uri, "Host: someone.else.example\r\n"));
  }
  check_served(served, get("http://localhost"), 404);
  check_served(served, get("http://localhost?x"), 404);
  check_served(served, get("http://localhost/v1/stream"), 426);
  // The Host is that of the target, so that it cannot hide one which is not ours.
  check_served(served, get("http://evil.example.com/v1/segments"), 421);
  check_served(served, get("http://evil.example.com/v1/segments", "Host: 127.0.0.1\r\n"), 421);
  for (const std::string uri : {"http:///v1/segments", "http://user@localhost/", "http://[::1/",
                                "ftp://localhost/", "http:/healthz", "localhost:80"})
    check_refused(served, get(uri));
}

TEST_CASE("RFC 9112, 3.2.3 and 3.2.4: authority-form is for CONNECT, asterisk-form for OPTIONS") {
  const Served served;
  check_refused(served, get("localhost:80"));
  check_refused(served, get("*"));
  check_served(served, "OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n", 405);
  const auto [answer, next] =
      answers(served, "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n");
  CHECK(answer.status == 405);
  CHECK(next.status == 0);
}

TEST_CASE(
    "RFC 9112, 5.1: white space before a header's colon is refused, around a value it is not") {
  const Served served;
  check_refused(served, get("/", kHost + "X : y\r\n"));
  check_refused(served, get("/", "Host : localhost\r\n"));
  check_refused(served, get("/", kHost + "Transfer-Encoding : chunked\r\n"));
  check_refused(served, get("/", kHost + "a b: c\r\n"));
  check_refused(served, get("/", kHost + ": c\r\n"));
  check_refused(served, get("/", kHost + "no colon\r\n"));
  check_served(served, get("/healthz", "Host: \t localhost \t \r\nX:\r\nY:z\r\n"));
}

TEST_CASE("RFC 9112, 5.2: a folded header is refused") {
  const Served served;
  check_refused(served, get("/", kHost + "X: a\r\n b\r\n"));
  check_refused(served, get("/", kHost + "X: a\r\n\tb\r\n"));
  check_refused(served, get("/", kHost + "X:\r\n \r\n"));
}

TEST_CASE("RFC 9112, 6.1: chunked is parsed, and the request behind the body is the next one") {
  const Served served;
  const std::string head = "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n";
  check_served(served, head + "0\r\n\r\n", 405);
  check_served(served, head + "5\r\nhello\r\n0\r\n\r\n", 405);
  check_served(served, head + "00a\r\n0123456789\r\n0\r\n\r\n", 405);
  check_served(served, head + "12\r\nGET / HTTP/1.1\n\r\n \r\n0\r\n\r\n", 405);
  check_served(served, "GET /healthz HTTP/1.1\r\n" + kHost + "transfer-encoding: CHUNKED\r\n\r\n" +
                           "1\r\nx\r\n0\r\n\r\n");
}

TEST_CASE("RFC 9112, 6.1 and 6.3: what leaves a body's end in doubt is refused, and closes") {
  const Served served;
  const auto with = [](const std::string& headers) {
    return "POST / HTTP/1.1\r\n" + kHost + headers + "\r\n";
  };
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  check_refused(served, with(chunked + "Content-Length: 5\r\n") + "0\r\n\r\n");
  check_refused(served, with("Content-Length: 5\r\n" + chunked) + "0\r\n\r\n");
  check_refused(served, with("Transfer-Encoding: identity\r\n"));
  check_refused(served, with("Transfer-Encoding: chunked, gzip\r\n"));
  check_refused(served, with("Transfer-Encoding: xchunked\r\n"));
  check_refused(served, with("Transfer-Encoding:\r\n"));
  check_refused(served, with("Transfer-Encoding: gzip, chunked\r\n"), 501);
  check_refused(served, "POST / HTTP/1.0\r\n" + kHost + chunked + "\r\n0\r\n\r\n");
  for (const std::string length :
       {"x", "+5", "-5", "5,5", "5, 6", "0x5", "5 5", "", "18446744073709551616"})
    check_refused(served, with("Content-Length: " + length + "\r\n"));
  check_refused(served, with("Content-Length: 5\r\nContent-Length: 6\r\n"));
  check_refused(served, with("Content-Length: 5\r\nContent-Length: 5\r\n"));
}

TEST_CASE("RFC 9112, 6.2 and 6.3: a body of Content-Length bytes is read, and no byte more") {
  const Served served;
  const std::string post = "POST / HTTP/1.1\r\n" + kHost;
  check_served(served, post + "Content-Length: 5\r\n\r\nhello", 405);
  check_served(served, post + "Content-Length: 0\r\n\r\n", 405);
  check_served(served, post + "Content-Length: 7\r\n\r\n\n\r\r \n\t\x01", 405);
  check_served(served, "GET /healthz HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\n\r\n\r\n");
  check_refused(served, post + "Content-Length: 100000\r\n\r\n", 413);
  const HttpAnswer plain = http(served.dashboard.port(), "GET", "/healthz");
  CHECK(plain.headers.at("Content-Length") == "3");
  CHECK_FALSE(plain.headers.contains("Transfer-Encoding"));
}

TEST_CASE("RFC 9112, 6.2: a 101 has neither Content-Length nor Transfer-Encoding") {
  const Served served;
  const HttpAnswer answer = upgrade(served.dashboard.port(), "/v1/stream");
  REQUIRE(answer.status == 101);
  CHECK_FALSE(answer.headers.contains("Content-Length"));
  CHECK_FALSE(answer.headers.contains("Transfer-Encoding"));
}

TEST_CASE("RFC 9112, 7.1: a chunk's length that is none or too large is refused") {
  const Served served;
  const std::string head = "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string length :
       {"g", "-1", "+1", "0x1", " 1", "", "10000000000000000", "fffffffffffffffff"})
    check_refused(served, head + length + "\r\nx\r\n0\r\n\r\n");
  check_refused(served, head + "1\r\nxy\r\n0\r\n\r\n");
  std::string endless = head;
  for (int i = 0; i < 40; ++i) endless += "1000\r\n" + std::string(4096, 'x') + "\r\n";
  HttpClient client(served.dashboard.port());
  client.send(endless);
  CHECK(client.answer().status == 413);
}

TEST_CASE("RFC 9112, 7.1.1: chunk extensions that are unknown are passed over") {
  const Served served;
  check_served(served,
               "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n" +
                   "5;a=b\r\nhello\r\n0\r\n\r\n",
               405);
}

TEST_CASE("RFC 9112, 7.1.2: trailers are not merged into the head") {
  const Served served;
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
  // A second Host, an Origin that is not ours: no matter, behind the body.
  check_served(served, "GET /v1/segments HTTP/1.1\r\n" + kHost + chunked +
                           "Host: evil.example.com\r\nOrigin: https://evil.example.com\r\n\r\n");
}

TEST_CASE("RFC 9112, 8: a request that is cut off is not served") {
  const Served served;
  HttpClient client(served.dashboard.port());
  client.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n\r\nhell");
  client.shut();
  CHECK(client.answer().status == 0);
}

TEST_CASE("RFC 9112, 9.3: HTTP/1.1 stays open, HTTP/1.0 only where it is asked to") {
  const Served served;
  check_served(served, get("/healthz"));
  check_served(served, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto [old, after_old] = answers(served, "GET /healthz HTTP/1.0\r\n\r\n");
  CHECK(old.status == 200);
  CHECK(old.headers.at("Connection") == "close");
  CHECK(after_old.status == 0);
}

TEST_CASE("RFC 9112, 9.3.2: pipelined requests are answered in their order") {
  const Served served;
  HttpClient client(served.dashboard.port());
  client.send(get("/nothing") + "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 1\r\n\r\nx" +
              "HEAD /healthz HTTP/1.1\r\n" + kHost + "\r\n" + kNext);
  CHECK(client.answer().status == 404);
  CHECK(client.answer().status == 405);
  CHECK(client.answer(true).status == 200);
  CHECK(client.answer().body == "ok\n");
}

TEST_CASE("RFC 9112, 9.6: after Connection: close comes the answer, and no further one") {
  const Served served;
  for (const std::string close : {"close", "Close", "keep-alive, close", "x, CLOSE , y"}) {
    INFO(close);
    const auto [answer, next] =
        answers(served, get("/healthz", kHost + "Connection: " + close + "\r\n"));
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("Connection") == "close");
    CHECK(next.status == 0);
  }
  // What comes in behind it does not have the kernel take the answer back.
  HttpClient client(served.dashboard.port());
  client.send(get("/healthz", kHost + "Connection: close\r\n") + std::string(500'000, 'x'));
  CHECK(client.answer().body == "ok\n");
  CHECK(client.is_closed());
}

TEST_CASE("RFC 9110, 6.6.1: every answer has a Date") {
  const Served served;
  for (const std::string& bytes : {get("/healthz"), get("/nothing"), std::string("x\r\n\r\n")})
    CHECK(answers(served, bytes).first.headers.contains("Date"));
}

TEST_CASE("RFC 9110, 7.8: a 426 says Upgrade, in Connection too, and nothing else switches") {
  const Served served;
  const HttpAnswer answer = http(served.dashboard.port(), "GET", "/v1/stream");
  CHECK(answer.status == 426);
  CHECK(answer.headers.at("Upgrade") == "websocket");
  CHECK(answer.headers.at("Connection") == "Upgrade, keep-alive");
  check_served(served, get("/healthz", kHost + "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
}

TEST_CASE("RFC 9110, 9.3.1 and 9.3.2: GET and HEAD are there, and HEAD has no content") {
  const Served served;
  HttpClient client(served.dashboard.port());
  const HttpAnswer got = client.request("GET", "/v1/segments");
  const HttpAnswer head = client.request("HEAD", "/v1/segments");
  CHECK(got.status == 200);
  CHECK(head.status == 200);
  CHECK(head.headers.at("Content-Length") == got.headers.at("Content-Length"));
  CHECK(client.request("GET", "/healthz").body == "ok\n");
}

TEST_CASE("RFC 9110, 10.1.1: who waits for 100 Continue gets the answer at once instead") {
  const Served served;
  HttpClient client(served.dashboard.port());
  client.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n");
  const HttpAnswer answer = client.answer();
  CHECK(answer.status == 405);
  CHECK(answer.headers.at("Connection") == "close");
  CHECK(client.is_closed());
  // Without a body there is nothing to wait for, and HTTP/1.0 knows no such thing.
  check_served(served, get("/healthz", kHost + "Expect: 100-continue\r\n"));
  check_served(served,
               "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n"
               "Expect: 100-continue\r\n\r\nhello",
               405);
}

TEST_CASE("RFC 9110, 15.5.6: a 405 says what is allowed") {
  const Served served;
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const HttpAnswer answer = http(served.dashboard.port(), method, "/");
    CHECK(answer.status == 405);
    CHECK(answer.headers.at("Allow") == "GET, HEAD");
  }
}
