#include "dashboard_reader/http/routes.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "bus/inspect/status.hpp"
#include "dashboard_reader/http/ascii_case.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {
namespace {

constexpr std::string_view kNotStored = "Cache-Control: no-store\r\n";
constexpr std::string_view kDataPath = "/data/";

/// Whether a list of tokens (RFC 9110, 5.6.1) has this one, in any case of its letters.
bool has_token(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (is_word(trimmed(list.substr(0, comma)), wanted)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool is_handshake(const HttpRequest& request) {
  return request.method == "GET" && request.is_http_1_1 &&
         has_token(request.header("upgrade"), "websocket") &&
         has_token(request.header("connection"), "upgrade") &&
         request.header("sec-websocket-version") == "13";
}

HttpAnswer with_body(std::string content_type, std::string body) {
  HttpAnswer answer;
  answer.content_type = std::move(content_type);
  answer.body = std::move(body);
  answer.extra_headers = kNotStored;
  return answer;
}

}  // namespace

Reply Routes::reply_to(const HttpRequest& request, const asio::ip::address& peer) const {
  const Result<Target> target = parse_target(request.target);
  if (!target) return plain(HttpStatus::bad_request, target.error().message);
  if (auto refusal = sources_.access.refusal_of(request, *target)) return std::move(*refusal);
  if (request.method != "GET" && request.method != "HEAD")
    return plain(HttpStatus::method_not_allowed, "use GET or HEAD", "Allow: GET, HEAD\r\n");
  const std::string& path = target->path;
  const bool echoes = sources_.echo && (path == "/v1/echo" || path == "/echo");
  if (path == "/v1/stream" || echoes) return open_websocket(request, *target, peer);
  if (path.starts_with(kWindowPath)) {
    std::variant<HttpAnswer, Window> found = find_window(sources_.view, path);
    return std::visit([](auto& reply) { return Reply(std::move(reply)); }, found);
  }
  return answer_to(request, *target);
}

HttpAnswer Routes::answer_to(const HttpRequest& request, const Target& target) const {
  if (target.path == "/v1/segments") {
    if (const std::string& error = sources_.view.refresh_error(); !error.empty())
      return plain(HttpStatus::unavailable, error);
    nlohmann::json list = nlohmann::json::array();
    for (const SegmentStatus& status : status_of(sources_.view.discovery())) {
      nlohmann::json& json = list.emplace_back();
      for_each_field(status, [&json](const char* name, const auto& value) { json[name] = value; });
    }
    return with_body("application/json", list.dump() + "\n");
  }
  if (target.path == "/healthz") return with_body("text/plain; charset=utf-8", "ok\n");
  if (target.path == "/metrics")
    return with_body("text/plain; version=0.0.4; charset=utf-8", sources_.metrics());
  if (target.path.starts_with(kDataPath)) {
    HttpAnswer answer =
        sources_.data
            ? sources_.data->get(target.path.substr(kDataPath.size() - 1), request)
            : plain(HttpStatus::not_found, "not found; start the dashboard with --data DIR");
    // The page asks whether there is a saved fit; that there is none is no error, on no console.
    const bool optional = target.query.contains("optional");
    if (optional && answer.status == HttpStatus::not_found)
      answer = with_body("text/plain; charset=utf-8", {});
    return answer;
  }
  if (sources_.page) return sources_.page->get(target.path, request);
  return plain(HttpStatus::not_found, "not found; this dashboard was started without a page");
}

Reply Routes::open_websocket(const HttpRequest& request, const Target& target,
                             const asio::ip::address& peer) const {
  // Whoever asks without the handshake gets the same refusals: a browser does not show a page why
  // its handshake failed, and so the page asks again like this.
  std::optional<StreamQuery> stream;
  if (target.path == "/v1/stream") {
    Result<StreamQuery> query = parse_stream_query(target.query);
    if (!query) return plain(HttpStatus::bad_request, query.error().message);
    stream = std::move(*query);
  }
  std::string why;
  std::optional<Admission::Slot> slot = sources_.admission.admit(peer, why);
  if (!slot) return plain(HttpStatus::unavailable, why, "Retry-After: 5\r\n");
  if (!is_handshake(request))
    return plain(HttpStatus::upgrade_required, "this is a WebSocket (version 13)",
                 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  std::optional<std::string> accept = accept_key(request.header("sec-websocket-key"));
  if (!accept)
    return plain(HttpStatus::bad_request, "Sec-WebSocket-Key must be 16 bytes in base64");
  return Upgrade{std::move(*accept), std::move(stream), std::move(*slot)};
}

}  // namespace ringside::dashboard
