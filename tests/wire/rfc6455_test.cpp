// RFC 6455 from outside, through /v1/echo: each rule by its section, and the cases of the Autobahn
// test suite that demand it (in brackets).
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/stream_client.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/http_client.hpp"

using namespace ringside;
using namespace ringside::support;

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x88;
constexpr std::uint8_t kPing = 0x89;
constexpr std::uint8_t kPong = 0x8A;

/// One for all cases: what each does to its connection must not be felt by the others.
std::uint16_t echo_port() {
  static const TemporaryDirectory bus;
  static const Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard", bus.text(), {"--echo"});
  return dashboard.port();
}

class Echo : public StreamClient {
 public:
  Echo() : StreamClient(echo_port(), "/v1/echo") {}

  /// Sends bytes in pieces, each a packet of its own.
  void send_chopped(const std::string& bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      connection().send(std::string_view(bytes).substr(at, piece));
  }

  /// The code of the Close that ends it, 0 if the connection ends without; what comes before it is
  /// passed over. After it, the connection must end.
  int close_code() {
    std::optional<Message> message = next();
    while (message && message->kind != Message::Kind::close) message = next();
    if (!message) return 0;
    char byte = 0;
    CHECK(connection().receive(&byte, 1, std::chrono::seconds(10)) == 0);
    return message->payload.empty() ? 1005 : message->close_code;
  }

  void expect(Message::Kind kind, const std::string& payload) {
    const std::optional<Message> message = next();
    REQUIRE(message.has_value());
    CHECK(message->kind == kind);
    CHECK(message->payload.size() == payload.size());
    CHECK(message->payload == payload);
  }
};

std::string close_payload(int code, const std::string& reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)} + reason;
}

/// The code that a connection is failed with after these bytes.
int failed_by(const std::string& bytes) {
  Echo echo;
  echo.connection().send(bytes);
  return echo.close_code();
}

}  // namespace

TEST_CASE("5.2 and 5.6: messages of every form of length come back [1.1, 1.2]") {
  Echo echo;
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 127UL, 128UL, 65535UL, 65536UL}) {
    const std::string payload(size, '*');
    for (const std::uint8_t opcode : {kText, kBinary}) {
      echo.send_frame(kFin | opcode, payload);
      echo.expect(opcode == kText ? Message::Kind::text : Message::Kind::binary, payload);
    }
  }
  const std::string payload(65536, '*');
  echo.send_chopped(client_frame(kFin | kText, payload), 997);
  echo.expect(Message::Kind::text, payload);
}

TEST_CASE("5.5.2: a ping is answered with its payload, also chopped, and pongs are not [2]") {
  Echo echo;
  for (const std::string& payload :
       {std::string(), std::string("Hello"), std::string("\x00\xFF\xFE\xFD", 4),
        std::string(125, '\xFE')}) {
    echo.send_frame(kPing, payload);
    echo.expect(Message::Kind::pong, payload);
    echo.send_chopped(client_frame(kPing, payload), 1);
    echo.expect(Message::Kind::pong, payload);
  }
  echo.send_frame(kPong, "nobody asked");
  std::string ten;
  for (int i = 0; i < 10; ++i) ten += client_frame(kPing, "payload-" + std::to_string(i));
  echo.connection().send(ten);
  for (int i = 0; i < 10; ++i) echo.expect(Message::Kind::pong, "payload-" + std::to_string(i));
  CHECK(failed_by(client_frame(kPing, std::string(126, 'x'))) == 1002);
}

TEST_CASE("5.2: reserved bits fail the connection, after what came before is answered [3]") {
  for (const int bits : {0x40, 0x20, 0x10, 0x30, 0x50, 0x60, 0x70}) {
    for (const std::uint8_t first : {std::uint8_t{kFin | kText}, kPing, kClose}) {
      INFO(bits << " " << int{first});
      Echo echo;
      echo.send_chopped(client_frame(kFin | kText, "Hello") +
                            client_frame(static_cast<std::uint8_t>(first | bits), "x") +
                            client_frame(kPing, "never"),
                        bits == 0x40 ? 1 : 1000);
      echo.expect(Message::Kind::text, "Hello");
      CHECK(echo.close_code() == 1002);
    }
  }
}

TEST_CASE("5.2: reserved opcodes fail the connection [4]") {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    INFO(opcode);
    CHECK(failed_by(client_frame(static_cast<std::uint8_t>(kFin | opcode), "")) == 1002);
  }
}

TEST_CASE("5.1: a frame that is not masked fails the connection") {
  CHECK(failed_by(std::string("\x81\x02hi", 4)) == 1002);
}

TEST_CASE("5.4: fragments are joined, and pings between them are answered at once [5.3 to 5.8]") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
    Echo echo;
    echo.send_chopped(client_frame(kText, "frag") + client_frame(kPing, "now"), piece);
    echo.expect(Message::Kind::pong, "now");
    echo.send_chopped(client_frame(0, "men") + client_frame(kPong, "") + client_frame(kFin, "t"),
                      piece);
    echo.expect(Message::Kind::text, "fragment");
    echo.send_chopped(client_frame(kBinary, "") + client_frame(0, "") + client_frame(kFin, ""),
                      piece);
    echo.expect(Message::Kind::binary, "");
  }
}

TEST_CASE("5.5.2: a ping within a message is answered before it, also if all comes at once [5.6]") {
  Echo echo;
  echo.connection().send(client_frame(kText, "one ") + client_frame(kPing, "now") +
                         client_frame(kFin, "message"));
  const std::optional<Message> first = echo.next();
  REQUIRE(first.has_value());
  CHECK(first->kind == Message::Kind::pong);
  CHECK(first->payload == "now");
  const std::optional<Message> second = echo.next();
  REQUIRE(second.has_value());
  CHECK(second->payload == "one message");
}

TEST_CASE("5.4 and 5.5: fragments out of order and fragmented control frames fail [5.1, 5.9 on]") {
  CHECK(failed_by(client_frame(kPing & 0x0F, "frag") + client_frame(kFin, "ment")) == 1002);
  CHECK(failed_by(client_frame(kPong & 0x0F, "frag") + client_frame(kFin, "ment")) == 1002);
  CHECK(failed_by(client_frame(kClose & 0x0F, "")) == 1002);
  CHECK(failed_by(client_frame(kFin, "of nothing")) == 1002);
  CHECK(failed_by(client_frame(0, "of nothing")) == 1002);
  CHECK(failed_by(client_frame(kText, "a") + client_frame(kFin | kText, "b")) == 1002);
  CHECK(failed_by(client_frame(kText, "a") + client_frame(kBinary, "b")) == 1002);
  CHECK(failed_by(client_frame(kText, "a") + client_frame(kFin, "b") + client_frame(kFin, "c")) ==
        1002);
}

TEST_CASE("8.1: text is UTF-8, however it is cut [6.2, 6.5, 6.7, 6.9, 6.11, 6.17, 6.22]") {
  const std::vector<std::string> valid = {
      "Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!",
      "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5",
      "\xC2\x80",
      "\xE0\xA0\x80",
      "\xF0\x90\x80\x80",
      "\x7F",
      "\xDF\xBF",
      "\xEF\xBF\xBF",
      "\xF4\x8F\xBF\xBF",
      "\xED\x9F\xBF",
      "\xEE\x80\x80",
      "\xEF\xBF\xBD",
      "\xEF\xBF\xBE",
      "\xF0\x9F\xBF\xBE",
      "\xF4\x8F\xBF\xBE",
      std::string(1, '\0')};
  Echo echo;
  for (const std::string& text : valid) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      echo.connection().send(client_frame(kText, text.substr(0, cut)) +
                             client_frame(kFin, text.substr(cut)));
      echo.expect(Message::Kind::text, text);
    }
    echo.send_chopped(client_frame(kFin | kText, text), 1);
    echo.expect(Message::Kind::text, text);
  }
}

TEST_CASE(
    "8.1: what is not UTF-8 fails at once, in the middle of a frame [6.3, 6.4, 6.6 to 6.21]") {
  const std::vector<std::string> invalid = {"\x80",
                                            "\xBF",
                                            "\xCE\xBA\xE1\xBD\xB9\xED\xA0\x80"
                                            "edited",
                                            "\xC0\xAF",
                                            "\xE0\x80\xAF",
                                            "\xF0\x80\x80\xAF",
                                            "\xF8\x80\x80\x80\xAF",
                                            "\xFC\x80\x80\x80\x80\xAF",
                                            "\xC1\xBF",
                                            "\xE0\x9F\xBF",
                                            "\xF0\x8F\xBF\xBF",
                                            "\xED\xA0\x80",
                                            "\xED\xBF\xBF",
                                            "\xF4\x90\x80\x80",
                                            "\xF5\x80",
                                            "\xFE",
                                            "\xFF",
                                            "\xC0 ",
                                            "\xE1\x80 ",
                                            "\xF1\x80\x80 "};
  for (const std::string& text : invalid) {
    INFO(text.size() << " bytes from " << int{static_cast<unsigned char>(text[0])});
    // Its end is announced and never sent.
    std::string frame = client_frame(kText, "valid so far " + text + "and more");
    frame.resize(frame.size() - 8);
    CHECK(failed_by(frame) == 1007);
    // Binary is anything.
    Echo echo;
    echo.send_frame(kFin | kBinary, text);
    echo.expect(Message::Kind::binary, text);
  }
  CHECK(failed_by(client_frame(kFin | kText, "ends early \xE1\xBD")) == 1007);
  CHECK(failed_by(client_frame(kText, "\xF4") + client_frame(0, "\x90")) == 1007);
}

TEST_CASE(
    "5.5.1: a Close is answered with its code, and the server ends the connection [7.1, 7.7]") {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    INFO(code);
    CHECK(failed_by(client_frame(kClose, close_payload(code))) == code);
  }
  CHECK(failed_by(client_frame(kClose, "")) == 1005);
  CHECK(failed_by(client_frame(kClose, close_payload(1000, std::string(123, 'r')))) == 1000);
  CHECK(failed_by(client_frame(kFin | kText, "Hello") + client_frame(kClose, close_payload(1000)) +
                  client_frame(kFin | kText, "too late") + client_frame(kPing, "too late")) ==
        1000);
}

TEST_CASE("5.5.1 and 7.4: a Close that is wrong fails the connection [7.3, 7.5, 7.9]") {
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    INFO(code);
    CHECK(failed_by(client_frame(kClose, close_payload(code))) == 1002);
  }
  CHECK(failed_by(client_frame(kClose, "x")) == 1002);
  CHECK(failed_by(client_frame(kClose, close_payload(1000, std::string(124, 'r')))) == 1002);
  CHECK(failed_by(client_frame(kClose, close_payload(1000, "\xCE\xBA\xED\xA0\x80"))) == 1007);
}

TEST_CASE("10.4: messages up to 16 MiB, whole, in fragments, chopped, and no longer [9, 10]") {
  constexpr std::size_t kMost = 16 * 1024 * 1024;
  Echo echo;
  // Sent from a thread of its own: the echo comes while the rest is still on its way.
  const auto echoed = [&echo](const std::string& bytes, const std::string& payload) {
    std::thread sender([&] { echo.connection().send(bytes); });
    const std::optional<Message> message = echo.next(std::chrono::seconds(30));
    sender.join();
    REQUIRE(message.has_value());
    CHECK((message->payload == payload));
  };
  for (const std::size_t size : {std::size_t{64} << 10, std::size_t{1} << 20, kMost}) {
    const std::string payload(size, '*');
    echoed(client_frame(kFin | kText, payload), payload);
    echoed(client_frame(kFin | kBinary, payload), payload);
  }
  const std::string payload(4 << 20, '*');
  for (const std::size_t piece : {64UL, 1024UL, 65536UL, 1048576UL}) {
    std::string bytes;
    for (std::size_t at = 0; at < payload.size(); at += piece) {
      const bool last = at + piece >= payload.size();
      bytes += client_frame(static_cast<std::uint8_t>((at == 0 ? kText : 0) | (last ? kFin : 0)),
                            payload.substr(at, piece));
    }
    echoed(bytes, payload);
  }
  const std::string long_one(kMost + 1, '*');
  CHECK(failed_by(client_frame(kFin | kBinary, long_one).substr(0, 14)) == 1009);
  CHECK(failed_by(std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF....", 14)) == 1009);
  CHECK(failed_by(std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF....", 14)) == 1002);
}

TEST_CASE("4.2: a handshake is what the RFC says, in any case of its letters") {
  const auto answer = [](const std::string& request) {
    wire_test::HttpClient client(echo_port());
    client.send(request);
    return client.answer();
  };
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string good =
      "GET /v1/echo HTTP/1.1\r\nhost: localhost\r\nUPGRADE: WebSocket\r\n"
      "connection: keep-alive, UpGrade\r\nsec-websocket-version: 13\r\n" +
      key;
  const wire_test::HttpAnswer open =
      answer(good +
             "Sec-WebSocket-Protocol: chat, superchat\r\n"
             "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n");
  CHECK(open.status == 101);
  CHECK(open.headers.at("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  // What was offered is not taken, and that is said by silence.
  CHECK_FALSE(open.headers.contains("Sec-WebSocket-Protocol"));
  CHECK_FALSE(open.headers.contains("Sec-WebSocket-Extensions"));
  const auto changed = [&good](const std::string& from, const std::string& to) {
    std::string request = good;
    request.replace(request.find(from), from.size(), to);
    return request + "\r\n";
  };
  CHECK(answer(changed("sec-websocket-version: 13", "sec-websocket-version: 8")).status == 426);
  CHECK(answer(changed("sec-websocket-version: 13\r\n", "")).headers.at("Sec-WebSocket-Version") ==
        "13");
  CHECK(answer(changed("UPGRADE: WebSocket\r\n", "")).status == 426);
  CHECK(answer(changed("keep-alive, UpGrade", "keep-alive")).status == 426);
  CHECK(answer(changed("HTTP/1.1", "HTTP/1.0")).status == 426);
  CHECK(answer(changed("GET", "POST")).status == 405);
  CHECK(answer(changed(key, "")).status == 400);
  CHECK(answer(changed("dGhlIHNhbXBsZSBub25jZQ==", "dG9vIHNob3J0")).status == 400);
}

TEST_CASE("4.1: frames that come with the request are not lost") {
  const Connection connection(echo_port());
  connection.send(
      "GET /v1/echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      client_frame(kFin | kText, "early") + client_frame(kClose, close_payload(1000)));
  std::string text;
  std::vector<char> buffer(4096);
  while (const std::size_t got =
             connection.receive(buffer.data(), buffer.size(), std::chrono::seconds(10)))
    text.append(buffer.data(), got);
  CHECK(
      text.ends_with(std::string("\x81\x05"
                                 "early\x88\x02\x03\xE8",
                                 11)));
}

TEST_CASE("without --echo there is no echo") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard", bus.text());
  CHECK(wire_test::upgrade(dashboard.port(), "/v1/echo").status == 404);
}
