// The head of an HTTP request, cut into pieces as the network may cut it.
//
// The input is the length of the pieces, then the request; in it a byte 0xFF and a count stand for
// that many times 64 letters, so that short inputs reach the limits on length.
//
// Holds: the parser uses no more than it is given; it ends the same whatever the pieces; what is
// complete is within its limits, its header names are lower-case, and neither target nor
// values hold line ends or NUL, which could forge a line of a log or of an answer; and a key is
// accepted only if it is the base64 of 16 bytes.
#include <string>

#include "dashboard_reader/http/http_request.hpp"
#include "dashboard_reader/stream/websocket.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace ringside::dashboard;
using ringside::fuzz::must_hold;
using State = HttpRequestParser::State;

std::string stretched(std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\xFF' || i + 1 == text.size())
      all.push_back(text[i]);
    else
      all.append(64 * static_cast<std::size_t>(static_cast<unsigned char>(text[++i])), 'a');
  }
  return all;
}

struct Parsed {
  State state = State::incomplete;
  std::size_t used = 0;
  HttpRequest request;
};

Parsed parse(std::string_view text, std::size_t piece) {
  Parsed parsed;
  HttpRequestParser parser;
  while (parsed.used < text.size() && parsed.state == State::incomplete) {
    const std::string_view part = text.substr(parsed.used, piece);
    std::size_t used = 0;
    parsed.state = parser.feed(part, used);
    must_hold(used <= part.size(), "a parser uses what it is given");
    must_hold(parsed.state != State::incomplete || used == part.size(),
              "a parser that wants more has used what it got");
    must_hold(parsed.state != State::refused || !parser.error().empty(),
              "what is refused has a reason");
    parsed.used += used;
  }
  parsed.request = parser.request();
  return parsed;
}

void check_text(std::string_view text) {
  must_hold(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
            "no line end and no NUL is passed on");
}

void check_complete(const HttpRequest& request) {
  must_hold(!request.method.empty() && !request.target.empty(), "a request asks for something");
  must_hold(request.target.size() <= kMaxTarget, "a target is within its limit");
  check_text(request.target);
  std::size_t header_bytes = 0;
  for (const auto& [name, value] : request.headers) {
    for (const char c : name)
      must_hold(c >= ' ' && c < '\x7F' && !(c >= 'A' && c <= 'Z') && c != ':',
                "a header's name is lower-case and printable");
    check_text(value);
    header_bytes += name.size() + value.size();
  }
  // Values of one name are joined by ", ", two bytes that no one sent, against 32 counted for each.
  // The Host may come from the target.
  must_hold(header_bytes <= kMaxHeaders + kMaxTarget, "headers are within their limit");
}

bool is_base64_of_16_bytes(std::string_view key) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.substr(22) == "==" &&
         key.find_first_not_of(kDigits) == std::size_t{22};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringside::fuzz::Input input(data, size);
  const std::size_t piece = 1U + input.take<std::uint8_t>();
  const std::string text = stretched(input.take_text());

  const Parsed whole = parse(text, text.size());
  const Parsed cut = parse(text, piece);
  // Which limit or rule is broken first may depend on the pieces, but not that one is.
  must_hold(whole.state == cut.state, "it ends the same in pieces");
  if (whole.state == State::complete) {
    const HttpRequest& a = whole.request;
    const HttpRequest& b = cut.request;
    must_hold(whole.used == cut.used && a.method == b.method && a.target == b.target &&
                  a.headers == b.headers && a.keep_alive == b.keep_alive,
              "it is the same request in pieces");
    check_complete(a);
  }
  const std::string_view key = whole.request.header("sec-websocket-key");
  const auto answer = accept_key(key);
  must_hold(answer.has_value() == is_base64_of_16_bytes(key),
            "a key is accepted if it is the base64 of 16 bytes");
  must_hold(!answer || answer->size() == 28, "an answer is the base64 of a SHA-1");
  return 0;
}
