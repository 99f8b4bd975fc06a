#include "dashboard_reader/http/window_download.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

/// A turn of one download, before others have theirs, and what is checked at once.
constexpr std::uint64_t kTurnBytes = 256 * 1024;
/// How often the window is looked up anew while the producer moves its beginning.
constexpr int kTries = 100;
/// What completes a body is held back until all of it was found whole.
constexpr std::size_t kHeldBack = 8;

HttpAnswer no_such_segment() {
  return plain(HttpStatus::not_found, "no such segment; /v1/segments lists those that are there");
}

/// Sends all of `bytes`, as far as they can be read.
asio::awaitable<asio::error_code> send_all(asio::ip::tcp::socket& socket, Bytes bytes,
                                           const std::function<void()>& moving) {
  asio::error_code error;
  while (!bytes.empty()) {
    const std::size_t sent = socket.send(asio::buffer(bytes.data(), bytes.size()), 0, error);
    if (error == asio::error::would_block)
      co_await socket.async_wait(asio::socket_base::wait_write,
                                 redirect_error(use_awaitable, error));
    if (error) co_return error;
    if (sent > 0) moving();
    bytes = bytes.subspan(sent);
  }
  co_return error;
}

}  // namespace

HttpAnswer Window::answer() const {
  HttpAnswer answer;
  answer.content_type = "application/octet-stream";
  answer.extra_headers = "Cache-Control: no-store\r\nRingside-Epoch: ";
  answer.extra_headers.append(to_hex(segment->reader.epoch()))
      .append("\r\nRingside-First-Sequence: ")
      .append(std::to_string(records.from.value))
      .append("\r\nRingside-Record-Count: ")
      .append(std::to_string(records.count()))
      .append("\r\n");
  answer.length_apart = bytes;
  return answer;
}

std::variant<HttpAnswer, Window> find_window(BusView& view, std::string_view path) {
  path.remove_prefix(kWindowPath.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return no_such_segment();
  const SegmentName name{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
  const Discovery& discovery = view.discovery();
  const auto found = discovery.attached().find(name);
  if (found == discovery.attached().end()) {
    // It, or all of its channel.
    for (const SegmentName& kept_out : {name, SegmentName{name.channel, {}}})
      if (const auto aside = discovery.aside().find(kept_out); aside != discovery.aside().end())
        return plain(HttpStatus::unavailable, aside->second.message);
    return no_such_segment();
  }
  const AttachedSegment segment = found->second;
  const Reader& reader = segment->reader;
  Sequence from = reader.window().from;
  for (int tries = 0; tries < kTries; ++tries) {
    Run run;
    SequenceRange gap;
    switch (reader.take(from, {.bytes = ~std::uint64_t{0} / 2}, run, gap)) {
      case Take::run:
        return Window{segment, {from, run.end()}, run.bytes.size()};
      case Take::nothing:
        return Window{segment, {from, from}, 0};
      case Take::gap:
      case Take::invalid:
        break;
      case Take::fault:
        view.put_aside(segment, kContradiction, from);
        return plain(HttpStatus::unavailable, name.text().append(": ").append(kContradiction));
    }
  }
  return plain(HttpStatus::unavailable, "the producer is too fast for this window; try again");
}

asio::awaitable<bool> send_window(asio::ip::tcp::socket& socket, BusView& view, Window window,
                                  std::function<void()> moving) {
  const Reader& reader = window.segment->reader;
  socket.non_blocking(true);
  std::uint64_t left = window.bytes;
  for (Sequence cursor = window.records.from; cursor < window.records.to;) {
    Run run;
    SequenceRange gap;
    const RunLimit limit{.bytes = kTurnBytes, .records = window.records.to - cursor};
    if (reader.take(cursor, limit, run, gap) != Take::run || run.bytes.size() > left)
      co_return false;
    left -= run.bytes.size();
    const bool last = run.end() == window.records.to;
    if (last && left > 0) co_return false;
    // A private copy of the last bytes, made before the check that decides over them.
    std::array<std::byte, kHeldBack> held{};
    const Bytes now = run.bytes.first(run.bytes.size() - (last ? kHeldBack : 0));
    if (last) std::copy_n(run.bytes.last(kHeldBack).begin(), kHeldBack, held.begin());
    const asio::error_code error = co_await send_all(socket, now, moving);
    if (error == asio::error::fault) view.put_aside(window.segment, kUnreadable, cursor);
    if (error || !reader.is_whole(run)) co_return false;
    if (last && co_await send_all(socket, held, moving)) co_return false;
    cursor = run.end();
    co_await asio::post(socket.get_executor(), use_awaitable);  // the others' turn
  }
  co_return true;
}

}  // namespace ringside::dashboard
