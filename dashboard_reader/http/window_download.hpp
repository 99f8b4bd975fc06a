// /v1/window/CHANNEL/PRODUCER: the retained window of one segment as one download, out of the
// mapping (docs/protocol.md, 1). On the loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/http/http_response.hpp"

namespace ringside::dashboard {

inline constexpr std::string_view kWindowPath = "/v1/window/";

/// The records of a segment at the time of the request.
struct Window {
  AttachedSegment segment;
  SequenceRange records;
  Bytes bytes;  ///< in the ring

  /// 200 with what the body will hold; the body itself is for send_window().
  HttpAnswer answer() const;
};

/// The window that `path` names, or why there is none.
std::variant<HttpAnswer, Window> find_window(BusView& view, std::string_view path);

/// Sends the body. False if the connection must end short of it: the client is gone, the producer
/// was faster, or the file was shortened. The body is never completed with bytes that were
/// overwritten. Calls `moving` whenever the client has taken something.
asio::awaitable<bool> send_window(asio::ip::tcp::socket& socket, BusView& view, Window window,
                                  std::function<void()> moving);

}  // namespace ringside::dashboard
