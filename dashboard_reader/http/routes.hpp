// What each path answers, and to whom (docs/protocol.md, 1). No I/O but files; on the loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include <asio/ip/address.hpp>

#include "dashboard_reader/access.hpp"
#include "dashboard_reader/admission.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/http/http_request.hpp"
#include "dashboard_reader/http/http_response.hpp"
#include "dashboard_reader/http/static_files.hpp"
#include "dashboard_reader/http/target.hpp"
#include "dashboard_reader/http/window_download.hpp"
#include "dashboard_reader/stream/stream_query.hpp"

namespace ringside::dashboard {

/// The connection becomes a WebSocket.
struct Upgrade {
  std::string accept;                 ///< Sec-WebSocket-Accept
  std::optional<StreamQuery> stream;  ///< none: it echoes
  Admission::Slot slot;
};

using Reply = std::variant<HttpAnswer, Window, Upgrade>;

class Routes {
 public:
  struct Sources {
    BusView& view;
    const Access& access;
    Admission& admission;
    std::function<std::string()> metrics;  ///< as Prometheus text
    std::optional<StaticFiles> page;
    std::optional<StaticFiles> data;
    bool echo = false;
  };

  explicit Routes(Sources sources) : sources_(std::move(sources)) {}

  Reply reply_to(const HttpRequest& request, const asio::ip::address& peer) const;

 private:
  HttpAnswer answer_to(const HttpRequest& request, const Target& target) const;
  Reply open_websocket(const HttpRequest& request, const Target& target,
                       const asio::ip::address& peer) const;

  Sources sources_;
};

}  // namespace ringside::dashboard
