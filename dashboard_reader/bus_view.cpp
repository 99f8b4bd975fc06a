#include "dashboard_reader/bus_view.hpp"

#include <asio/post.hpp>
#include <spdlog/spdlog.h>

namespace ringside::dashboard {
namespace {

/// How often the directory is read again although nobody announced a change: files can be removed
/// by hand, and a producer can die between linking a segment and announcing it.
constexpr std::chrono::milliseconds kRefresh{500};

}  // namespace

BusView::BusView(asio::io_context& loop, Bus bus)
    : loop_(loop), discovery_(std::move(bus)), poll_(loop) {}

BusView::~BusView() {
  close_doorbell();
}

void BusView::start() {
  refresh();
  arm();
  poll_later();
}

void BusView::poll_later() {
  poll_.expires_after(kRefresh);
  poll_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    look();
    poll_later();
  });
}

void BusView::open_doorbell() {
  Result<Doorbell> opened = Doorbell::open(discovery_.bus());
  if (!opened) return;  // the bus is not there yet
  doorbell_ = std::make_shared<Doorbell>(std::move(*opened));
  seen_changes_ = doorbell_->segment_changes();
  sleeper_ = std::jthread([this, doorbell = doorbell_](const std::stop_token& stop) {
    std::uint32_t seen = doorbell->rings();
    while (!stop.stop_requested()) {
      doorbell->wait(seen, kRefresh);
      const std::uint32_t rings = doorbell->rings();
      // Without the right to say that it waits, a reader looks after every short sleep.
      if (rings != seen || !doorbell->is_writable()) asio::post(loop_, [this] { look(); });
      seen = rings;
    }
  });
}

void BusView::close_doorbell() {
  if (!doorbell_) return;
  sleeper_.request_stop();
  doorbell_->wake();
  sleeper_.join();
  doorbell_.reset();
}

void BusView::look() {
  const bool due = std::chrono::steady_clock::now() - refreshed_ >= kRefresh;
  if (due || (doorbell_ && doorbell_->segment_changes() != seen_changes_)) refresh();
  arm();
}

void BusView::arm() {
  // First say that we wait, then look: what is published in between rings (bus/doorbell.hpp).
  if (doorbell_) doorbell_->prepare();
  if (anything_published()) notify();
}

bool BusView::anything_published() {
  bool news = false;
  for (auto& [segment, seen] : seen_next_) {
    const Sequence next = segment->reader.window().to;
    news = news || next != seen;
    seen = next;
  }
  return news;
}

void BusView::notify() {
  ++version_;
  for (asio::steady_timer* sleeper : sleepers_) sleeper->cancel();
}

void BusView::refresh() {
  refreshed_ = std::chrono::steady_clock::now();
  if (doorbell_ && !doorbell_->is_at(discovery_.bus())) close_doorbell();
  if (!doorbell_) open_doorbell();
  if (doorbell_) seen_changes_ = doorbell_->segment_changes();
  const Result<Changes> changes = discovery_.refresh();
  if (!changes) {
    spdlog::error("{}", changes.error().message);
    return;
  }
  for (const AttachedSegment& segment : changes->appeared) {
    spdlog::info("segment {} of epoch {} attached", segment->name.text(),
                 to_hex(segment->reader.epoch()));
    seen_next_[segment.get()] = Sequence{0};
  }
  for (const AttachedSegment& segment : changes->vanished) {
    spdlog::info("segment {} of epoch {} is gone", segment->name.text(),
                 to_hex(segment->reader.epoch()));
    seen_next_.erase(segment.get());
  }
  for (const Changes::Aside& aside : changes->put_aside)
    spdlog::warn("segment put aside: {}", aside.reason.message);
  if (changes->appeared.empty() && changes->vanished.empty()) return;
  ++roster_;
  notify();
}

void BusView::put_aside(const AttachedSegment& segment) {
  const Error reason{Errc::corrupt, 0,
                     discovery_.bus().segment_path(segment->name).string() +
                         ": header and index contradict each other; restart its producer"};
  if (seen_next_.erase(segment.get()) > 0) spdlog::warn("segment put aside: {}", reason.message);
  discovery_.put_aside(segment, reason);
  ++roster_;
  notify();
}

}  // namespace ringside::dashboard
