#include "dashboard_reader/stream_session.hpp"

#include <algorithm>
#include <chrono>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "wire_generated.h"

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

/// A turn of one client, before the others have theirs; and the stretch of the ring that is at
/// stake if the producer laps it. Measured: 64 KiB costs a fifth more on loopback, 1 MiB gains
/// nothing.
constexpr std::uint64_t kRunBytes = 256 * 1024;
/// Runs shorter than this wait for their FIN in the kernel.
constexpr std::uint64_t kCorkedBytes = 16 * 1024;
/// How long a client may take to answer a Close.
constexpr std::chrono::seconds kCloseLimit{1};

}  // namespace

StreamSession::StreamSession(asio::ip::tcp::socket socket, BusView& view, StreamQuery query,
                             std::string response, std::string leftover)
    : socket_(std::move(socket)),
      view_(view),
      query_(std::move(query)),
      leftover_(std::move(leftover)),
      pending_(std::move(response)),
      wake_(socket_.get_executor()) {}

void StreamSession::start(std::function<void()> ended) {
  on_ended_ = std::move(ended);
  socket_.non_blocking(true);
  coroutines_ = 2;
  const auto self = shared_from_this();
  const auto done = [self](const std::exception_ptr&) { self->coroutine_done(); };
  asio::co_spawn(
      socket_.get_executor(), [self]() { return self->write_all(); }, done);
  asio::co_spawn(
      socket_.get_executor(), [self]() { return self->read_all(); }, done);
}

void StreamSession::coroutine_done() {
  end();
  if (--coroutines_ == 0) on_ended_();
}

void StreamSession::go_away() {
  going_away_ = true;
  wake_.cancel();
}

void StreamSession::end() {
  if (ended_) return;
  ended_ = true;
  asio::error_code ignored;
  socket_.close(ignored);
  wake_.cancel();
}

// --- Writing ----------------------------------------------------------------------------------

asio::awaitable<void> StreamSession::write_all() {
  say({{"type", "hello"}, {"protocol", 1}, {"server", "ringside/" RINGSIDE_VERSION}});
  while (!ended_) {
    const std::uint64_t version = view_.version();
    adopt_segments();
    bool more = false;
    for (Place& place : places_) {
      if (!ended_) co_await send_next(place, more);
    }
    std::erase_if(places_, [this](const Place& place) {
      if (place.finished) left_.insert_or_assign(place.segment->reader.epoch(), place.cursor);
      return place.finished;
    });
    if (ended_) break;
    say_live_once();
    if (failed_protocol_) {
      co_await close(CloseCode::protocol_error, protocol_error_);
      break;
    }
    if (peer_closed_) {
      co_await close(CloseCode::normal, {});
      break;
    }
    if (going_away_) {
      co_await close(CloseCode::going_away, "the dashboard is going away; reconnect");
      break;
    }
    if (more) {
      co_await asio::post(socket_.get_executor(), use_awaitable);  // the others' turn
      continue;
    }
    co_await flush();
    seen_version_ = version;
    co_await sleep();
  }
}

asio::awaitable<void> StreamSession::sleep() {
  // Nothing can have been missed: the loop is one thread, and whatever is new raises the version.
  while (!ended_ && !going_away_ && !failed_protocol_ && !peer_closed_ && pong_.empty() &&
         view_.version() == seen_version_) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    view_.add_sleeper(wake_);
    asio::error_code cancelled;
    co_await wake_.async_wait(redirect_error(use_awaitable, cancelled));
    view_.remove_sleeper(wake_);
  }
}

void StreamSession::adopt_segments() {
  if (seen_roster_ == view_.roster()) return;
  const bool first = seen_roster_ == 0;
  seen_roster_ = view_.roster();
  if (first) tell_lost_epochs();
  const auto& attached = view_.discovery().attached();
  for (const auto& entry : attached) {
    const SegmentName& name = entry.first;
    const AttachedSegment& segment = entry.second;
    if (!query_.wants(name.channel)) continue;
    const Reader& reader = segment->reader;
    // A client knows segments by their epoch: a file that went and came back, under whatever name,
    // is the one it has.
    const auto known = std::find_if(places_.begin(), places_.end(), [&](const Place& place) {
      return place.segment->reader.epoch() == reader.epoch();
    });
    if (known != places_.end()) {
      known->segment = segment;
      continue;
    }
    if (const auto left = left_.find(reader.epoch()); left != left_.end()) {
      places_.push_back({segment, left->second, left->second});
      left_.erase(left);
      continue;
    }
    const SequenceRange window = reader.window();
    // Whoever has been here all along missed nothing of a segment that comes later.
    Sequence from = first ? reader.seek(query_.from) : window.from;
    const auto resumed = query_.resume.find(reader.epoch());
    const bool resumes = resumed != query_.resume.end();
    const bool possible = resumes && resumed->second <= window.to;
    if (resumes) from = possible ? resumed->second : window.from;
    say({{"type", "segment"},
         {"epoch", to_hex(reader.epoch())},
         {"channel", name.channel},
         {"producer", name.producer},
         {"schema", std::string(reader.geometry().schema_id.data(),
                                ::strnlen(reader.geometry().schema_id.data(), 4))},
         {"oldest", window.from.value},
         {"next", window.to.value},
         {"from", from.value}});
    if (resumes && !possible) tell_gap(reader.epoch(), {resumed->second, resumed->second}, "reset");
    query_.resume.erase(reader.epoch());
    places_.push_back({segment, from, window.to});
  }
}

void StreamSession::tell_lost_epochs() {
  const auto& attached = view_.discovery().attached();
  // What is told as lost is forgotten: should it appear after all, it begins at its oldest.
  std::erase_if(query_.resume, [&](const auto& resumed) {
    const Epoch epoch = resumed.first;
    const bool there = std::any_of(attached.begin(), attached.end(), [&](const auto& entry) {
      return entry.second->reader.epoch() == epoch;
    });
    if (!there) tell_gap(epoch, {resumed.second, resumed.second}, "reset");
    return !there;
  });
}

void StreamSession::tell_gap(Epoch epoch, SequenceRange range, std::string_view reason) {
  say({{"type", "gap"},
       {"epoch", to_hex(epoch)},
       {"from", range.from.value},
       {"to", range.to.value},
       {"reason", reason}});
}

void StreamSession::say(const Control& message) {
  pending_.append(encode_frame(
      Opcode::text, message.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace)));
}

void StreamSession::say_live_once() {
  const bool replayed = std::all_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.cursor >= place.replay_end;
  });
  if (live_ || !replayed) return;
  live_ = true;
  say({{"type", "live"}});
}

asio::awaitable<void> StreamSession::send_next(Place& place, bool& sent) {
  const Reader& reader = place.segment->reader;
  const RunLimit limit{.bytes = std::min(kRunBytes, query_.max_message) - sizeof(wire::RunHeader)};
  Run run;
  SequenceRange gap;
  switch (reader.take(place.cursor, limit, run, gap)) {
    case Take::nothing: {
      const auto& attached = view_.discovery().attached();
      const auto now_there = attached.find(place.segment->name);
      place.finished = now_there == attached.end() || now_there->second != place.segment;
      break;
    }
    case Take::gap:
      tell_gap(reader.epoch(), gap, "overwritten");
      sent = true;
      break;
    case Take::fault:
      place.finished = true;
      view_.put_aside(place.segment);
      break;
    case Take::run:
      co_await send_run(run, place);
      place.cursor = run.end();
      sent = true;
      break;
  }
}

asio::awaitable<void> StreamSession::send_run(const Run& run, const Place& place) {
  const Reader& reader = place.segment->reader;
  const wire::RunHeader header(reader.epoch().value, run.first.value, run.count,
                               static_cast<std::uint32_t>(run.bytes.size()), 0);
  // The payload is a fragment without FIN. Only when all of it is in the socket, and the ring says
  // that it was whole until then, does the empty fragment with FIN follow: a client never gets to
  // see a message whose bytes may have changed on the way.
  const FrameHead head = encode_head(Opcode::binary, false, sizeof header + run.bytes.size());
  if (!pong_.empty()) pending_.append(std::exchange(pong_, {}));
  pending_.append(reinterpret_cast<const char*>(head.bytes.data()), head.size);
  pending_.append(reinterpret_cast<const char*>(&header), sizeof header);

  // The FIN of a short run comes at once and shares its packet. A long run is not held back for it:
  // that cost a tenth of the throughput.
  const int flags = run.bytes.size() < kCorkedBytes ? MSG_MORE : 0;
  std::size_t left = pending_.size() + run.bytes.size();
  while (left > 0 && !ended_) {
    const std::size_t of_run = std::min(left, run.bytes.size());
    const std::size_t of_pending = left - of_run;
    const std::array<asio::const_buffer, 2> buffers = {
        asio::buffer(pending_.data() + (pending_.size() - of_pending), of_pending),
        asio::buffer(run.bytes.data() + (run.bytes.size() - of_run), of_run)};
    asio::error_code error;
    left -= socket_.send(buffers, flags, error);
    if (error == asio::error::would_block) {
      co_await writable();
    } else if (error) {
      end();
      co_return;
    }
  }
  pending_.clear();
  if (ended_) co_return;
  if (!reader.is_whole(run)) {
    co_await close(CloseCode::lapped, "the producer overwrote this message; resume");
    end();
    co_return;
  }
  const FrameHead fin = encode_head(Opcode::continuation, true, 0);
  pending_.assign(reinterpret_cast<const char*>(fin.bytes.data()), fin.size);
}

asio::awaitable<void> StreamSession::flush() {
  if (!pong_.empty()) pending_.append(std::exchange(pong_, {}));
  std::size_t sent = 0;
  while (sent < pending_.size() && !ended_) {
    asio::error_code error;
    sent += socket_.send(asio::buffer(pending_.data() + sent, pending_.size() - sent), 0, error);
    if (error == asio::error::would_block) {
      co_await writable();
    } else if (error) {
      end();
    }
  }
  pending_.clear();
}

asio::awaitable<void> StreamSession::writable() {
  asio::error_code error;
  co_await socket_.async_wait(asio::socket_base::wait_write, redirect_error(use_awaitable, error));
  if (error) end();
}

asio::awaitable<void> StreamSession::close(CloseCode code, std::string_view reason) {
  pending_.append(encode_close(code, reason));
  co_await flush();
  if (ended_) co_return;
  asio::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  // The reading side ends the session when the client has closed too.
  wake_.expires_after(kCloseLimit);
  co_await wake_.async_wait(redirect_error(use_awaitable, ignored));
}

// --- Reading ----------------------------------------------------------------------------------

asio::awaitable<void> StreamSession::read_all() {
  FrameDecoder decoder;
  std::array<char, 512> buffer{};
  std::string_view input = leftover_;
  while (!ended_) {
    while (!input.empty() && !failed_protocol_) {
      const Result<std::optional<IncomingControl>> control = decoder.feed(input);
      if (!control) {
        protocol_error_ = control.error().message;
        failed_protocol_ = true;
      } else if (*control && !handle(**control)) {
        co_return;
      }
    }
    if (failed_protocol_) {
      wake_.cancel();
      input = {};
    }
    asio::error_code error;
    co_await socket_.async_wait(asio::socket_base::wait_read, redirect_error(use_awaitable, error));
    if (error) co_return;
    const std::size_t got = socket_.receive(asio::buffer(buffer), 0, error);
    if (error == asio::error::would_block) continue;
    if (error) co_return;
    input = std::string_view(buffer.data(), got);
  }
}

bool StreamSession::handle(const IncomingControl& control) {
  switch (control.opcode) {
    case Opcode::ping:
      // Only the newest ping needs an answer (RFC 6455, 5.5.3), so this cannot grow.
      pong_ = encode_frame(Opcode::pong, control.payload);
      wake_.cancel();
      return true;
    case Opcode::close:
      if (peer_closed_ || going_away_) return false;
      if (control.payload.size() == 1) {
        // A Close holds nothing, or a code of two bytes (RFC 6455, 5.5.1).
        protocol_error_ = "a close frame of one byte";
        failed_protocol_ = true;
        return true;
      }
      peer_closed_ = true;
      wake_.cancel();
      return true;
    default:
      return true;
  }
}

}  // namespace ringside::dashboard
