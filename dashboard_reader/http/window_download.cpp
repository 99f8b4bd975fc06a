#include "dashboard_reader/http/window_download.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "bus/inspect/retained_span.hpp"

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

/// A turn of one download, before others have theirs, and what is checked at once.
constexpr std::uint64_t kTurnBytes = 256 * 1024;
/// How often the window is looked up again while the producer moves its beginning.
constexpr int kTries = 100;
/// What completes a body is held back until all of it was found still valid.
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

/// How far `bytes` of a ring lie behind `begin`, whichever view of the ring each was found in.
std::uint64_t distance(const std::byte* begin, const std::byte* bytes, std::uint64_t capacity) {
  const auto ahead = bytes - begin + 2 * static_cast<std::ptrdiff_t>(capacity);
  return static_cast<std::uint64_t>(ahead) % capacity;
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
  answer.length_apart = bytes.size();
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
      if (const auto why = discovery.quarantined().find(kept_out);
          why != discovery.quarantined().end())
        return plain(HttpStatus::unavailable, why->second.message);
    return no_such_segment();
  }
  const AttachedSegment segment = found->second;
  const Reader& reader = segment->reader;
  bool is_damaged = false;
  for (int tries = 0; tries < kTries; ++tries) {
    const Run run = retained_span(reader);
    if (run.count > 0 && reader.is_still_valid(run))
      return Window{segment, {run.first, run.end()}, run.bytes};
    Sequence at = run.first;
    Run next;
    SequenceRange gap;
    const RunOutcome taken = reader.next_run(at, {}, next, gap);
    if (taken == RunOutcome::nothing) return Window{segment, {at, at}, {}};
    if (taken == RunOutcome::corrupt)
      return plain(HttpStatus::unavailable, view.quarantine(segment));
    is_damaged = taken == RunOutcome::damaged;
  }
  return plain(HttpStatus::unavailable,
               is_damaged ? "its records are damaged; ringside verify says more"
                          : "the producer is too fast for this window; try again");
}

asio::awaitable<bool> send_window(asio::ip::tcp::socket& socket, BusView& view, Window window,
                                  std::function<void()> moving) {
  const Reader& reader = window.segment->reader;
  socket.non_blocking(true);
  Bytes left = window.bytes;
  for (Sequence cursor = window.records.from; !left.empty();) {
    // A damaged record goes out as it stands, with those behind it: its checksum shows it.
    const Sequence first = cursor;
    Run run;
    SequenceRange gap;
    RunOutcome taken = RunOutcome::damaged;
    while (taken == RunOutcome::damaged && cursor < window.records.to)
      taken = reader.next_run_checked(
          cursor, {.bytes = kTurnBytes, .records = window.records.to - cursor}, run, gap);
    if (taken != RunOutcome::run && (taken != RunOutcome::damaged || cursor < window.records.to))
      co_return false;
    const bool last = taken == RunOutcome::damaged || run.end() >= window.records.to;
    const std::uint64_t piece =
        last ? left.size()
             : distance(left.data(), run.bytes.data(), reader.geometry().data_capacity) +
                   run.bytes.size();
    if (piece > left.size() || (!last && piece == left.size())) co_return false;
    // A private copy of the last bytes, made before the check that decides over them.
    std::array<std::byte, kHeldBack> held{};
    const Bytes now = left.first(piece - (last ? kHeldBack : 0));
    if (last) std::copy_n(left.last(kHeldBack).begin(), kHeldBack, held.begin());
    const asio::error_code error = co_await send_all(socket, now, moving);
    if (error == asio::error::fault) view.quarantine(window.segment);
    if (error || !reader.is_still_valid({first, 1, {}})) co_return false;
    if (last && co_await send_all(socket, held, moving)) co_return false;
    left = left.subspan(piece);
    cursor = last ? window.records.to : run.end();
    co_await asio::post(socket.get_executor(), use_awaitable);  // the others' turn
  }
  co_return true;
}

}  // namespace ringside::dashboard
