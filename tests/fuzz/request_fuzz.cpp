// What a client sends, from the first byte of its request to its WebSocket frames, cut into pieces
// as the network may cut it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dashboard_reader/http_request.hpp"
#include "dashboard_reader/stream_query.hpp"
#include "dashboard_reader/websocket.hpp"

using namespace ringside::dashboard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);

  HttpRequestParser parser;
  auto state = HttpRequestParser::State::incomplete;
  while (!input.empty() && state == HttpRequestParser::State::incomplete) {
    const std::string_view part = input.substr(0, piece);
    std::size_t used = 0;
    state = parser.feed(part, used);
    if (used > part.size()) std::abort();
    input.remove_prefix(state == HttpRequestParser::State::incomplete ? part.size() : used);
  }
  const HttpRequest& request = parser.request();
  if (request.target.size() > kMaxTarget + piece) std::abort();
  if (const auto target = parse_target(request.target)) {
    const auto query = parse_stream_query(target->query);
    if (query && (query->max_message < kMinMaxMessage || query->max_message > kMaxMaxMessage))
      std::abort();
  }
  (void)accept_key(request.header("sec-websocket-key"));

  FrameDecoder decoder;
  while (!input.empty()) {
    std::string_view part = input.substr(0, piece);
    input.remove_prefix(part.size());
    while (!part.empty()) {
      const auto control = decoder.feed(part);
      if (!control) return 0;
      if (*control && (*control)->payload.size() > 125) std::abort();
    }
  }
  return 0;
}
