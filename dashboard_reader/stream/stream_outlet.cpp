#include "dashboard_reader/stream/stream_outlet.hpp"

#include <algorithm>
#include <array>

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <sys/socket.h>

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

/// Spans shorter than this wait for their FIN in the kernel and share its packet. A long one is not
/// held back for it: that cost a tenth of the throughput.
constexpr std::uint64_t kCorkedBytes = 16 * 1024;

/// Control frames that wait: many pings may come before one answer can go.
constexpr std::size_t kMaxControlBytes = 2048;

/// What a client may keep of its buffer when there is nothing in it.
constexpr std::size_t kKeptBytes = 1024;

/// Stands in for what can no longer be read.
constexpr std::array<std::byte, 4096> kZeros{};

/// The closing fragment of a message: an empty continuation with FIN.
constexpr std::string_view kFinalFragment{"\x80\0", 2};

}  // namespace

StreamOutlet::StreamOutlet(asio::ip::tcp::socket socket, std::string first)
    : socket_(std::move(socket)), pending_(std::move(first)) {
  socket_.non_blocking(true);
}

void StreamOutlet::end() {
  if (ended_) return;
  ended_ = true;
  asio::error_code ignored;
  socket_.close(ignored);
}

void StreamOutlet::append_fragment(Opcode opcode, bool last, std::string_view piece) {
  const FrameHead head = encode_head(opcode, last, piece.size());
  pending_.reserve(pending_.size() + head.size + piece.size());
  pending_.append(reinterpret_cast<const char*>(head.bytes.data()), head.size).append(piece);
}

void StreamOutlet::add_control(std::string_view frame) {
  if (control_.size() + frame.size() > kMaxControlBytes) control_.clear();
  control_.append(frame);
}

asio::awaitable<void> StreamOutlet::flush() {
  append_control();
  std::size_t sent = 0;
  while (sent < pending_.size() && !ended_) {
    asio::error_code error;
    const std::size_t taken =
        socket_.send(asio::buffer(pending_.data() + sent, pending_.size() - sent), 0, error);
    sent += taken;
    sent_bytes_ += taken;
    if (error == asio::error::would_block) {
      co_await writable();
    } else if (error) {
      end();
    }
  }
  pending_.clear();
  release_memory();
}

/// JSON makes it long, and then the client may be idle for hours.
void StreamOutlet::release_memory() {
  if (pending_.empty() && pending_.capacity() > kKeptBytes) pending_.shrink_to_fit();
}

std::size_t StreamOutlet::send_now(std::string_view frames) {
  append_control();
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(pending_), asio::buffer(frames)};
  asio::error_code error;
  const std::size_t taken = socket_.send(buffers, 0, error);
  if (error && error != asio::error::would_block) end();
  sent_bytes_ += taken;
  const std::size_t of_pending = std::min(taken, pending_.size());
  pending_.erase(0, of_pending);
  release_memory();
  return taken - of_pending;
}

asio::awaitable<Sent> StreamOutlet::send_span(Bytes span, const Reader& reader, const Run& run) {
  const int flags = span.size() < kCorkedBytes ? MSG_MORE : 0;
  bool readable = true;
  std::size_t left = pending_.size() + span.size();
  while (left > 0 && !ended_) {
    const std::size_t of_span = std::min(left, span.size());
    const std::size_t of_pending = left - of_span;
    const auto rest = readable ? asio::buffer(span.data() + (span.size() - of_span), of_span)
                               : asio::buffer(kZeros.data(), std::min(of_span, kZeros.size()));
    const std::array<asio::const_buffer, 2> buffers = {
        asio::buffer(pending_.data() + (pending_.size() - of_pending), of_pending), rest};
    asio::error_code error;
    const std::size_t taken = socket_.send(buffers, flags, error);
    left -= taken;
    sent_bytes_ += taken;
    if (error == asio::error::would_block) {
      co_await writable();
    } else if (error == asio::error::fault && readable) {
      readable = false;
    } else if (error) {
      end();
    }
  }
  pending_.clear();
  if (ended_) co_return Sent::ended;
  if (!readable) co_return Sent::fault;
  if (!reader.is_still_valid(run)) co_return Sent::lapped;
  pending_.assign(kFinalFragment);
  co_return Sent::complete;
}

asio::awaitable<void> StreamOutlet::writable() {
  asio::error_code error;
  blocked_ = true;
  co_await socket_.async_wait(asio::socket_base::wait_write, redirect_error(use_awaitable, error));
  blocked_ = false;
  if (error) end();
}

}  // namespace ringside::dashboard
