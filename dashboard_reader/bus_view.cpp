#include "dashboard_reader/bus_view.hpp"

#include <asio/post.hpp>
#include <spdlog/spdlog.h>

namespace ringside::dashboard {
namespace {

/// How often the directory is read again although nobody announced a change: files can be removed
/// by hand, and a producer can die between linking a segment and announcing it.
constexpr std::chrono::milliseconds kRefresh{500};
/// And how soon at most, whoever announces however many.
constexpr std::chrono::milliseconds kRefreshPause{10};
/// Damaged records of one segment that are logged.
constexpr std::size_t kMostDamaged = 256;

/// Whether the index ends at `next`: with the record before it, and behind it what is a lap older.
/// So it does while a record is written that takes all the room, when no record vouches for `next`.
bool is_end_of_index(const Reader& reader, Sequence next) {
  const auto position = [&reader](Sequence sequence) {
    return reader.segment().index(sequence).load(std::memory_order_relaxed);
  };
  const std::uint64_t end = position(next);
  const std::uint64_t bytes = end - position(Sequence{next.value - 1});
  return next.value > 0 && end % 8 == 0 && bytes > 0 && bytes <= reader.geometry().data_capacity &&
         position(next + 1) <= end;
}

}  // namespace

BusView::BusView(asio::io_context& loop, Bus bus, std::size_t descriptors)
    : loop_(loop), discovery_(std::move(bus)), poll_(loop) {
  discovery_.limit_descriptors(descriptors);
}

BusView::~BusView() {
  close_doorbell();
  refresher_.join();
}

void BusView::start() {
  // Waited for, this once: nobody is served yet.
  follow_doorbell();
  const Result<Changes> changes = discovery_.refresh();
  refreshed(discovery_, changes);
  arm();
  poll_after(kRefresh);
}

void BusView::poll_after(std::chrono::milliseconds delay) {
  poll_.expires_after(delay);
  poll_.async_wait([this](const asio::error_code& cancelled) {
    if (cancelled) return;
    poll_after(kRefresh);
    look();
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
      const bool wanted = rings != seen || !doorbell->is_writable();
      // Pairs with the store in look(): what is published after that is seen by the look it posts.
      if (wanted && !look_posted_.exchange(true, std::memory_order_acq_rel))
        asio::post(loop_, [this] { look(); });
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
  look_posted_.store(false, std::memory_order_release);
  const auto since = std::chrono::steady_clock::now() - refreshed_at_;
  const bool changed = doorbell_ && doorbell_->segment_changes() != seen_changes_;
  if (since >= kRefresh || (changed && since >= kRefreshPause))
    refresh();
  else if (changed)
    poll_after(kRefreshPause);
  arm();
}

void BusView::arm() {
  // First say that we wait, then look: what is published in between rings (bus/doorbell.hpp).
  if (doorbell_) doorbell_->prepare();
  if (anything_published()) notify();
}

bool BusView::anything_published() {
  bool news = false;
  std::vector<AttachedSegment> corrupt;
  for (const auto& [name, segment] : discovery_.attached()) {
    const auto entry = seen_next_.find(segment.get());
    if (entry == seen_next_.end()) continue;
    const Reader& reader = segment->reader;
    const Sequence next = reader.window().to;
    // Sequences only rise.
    if (next < entry->second || reader.is_corrupt()) {
      corrupt.push_back(segment);
      continue;
    }
    if (next == entry->second) continue;
    news = true;
    entry->second = next;
    if (const auto sure = reader.sure_next()) ledger_.note_next(reader.epoch(), *sure);
  }
  for (const AttachedSegment& segment : corrupt) quarantine(segment);
  return news;
}

void BusView::notify() {
  ++version_;
  for (asio::steady_timer* sleeper : sleepers_) sleeper->cancel();
}

void BusView::follow_doorbell() {
  if (doorbell_ && !doorbell_->is_at_its_name()) close_doorbell();
  if (!doorbell_) open_doorbell();
  if (doorbell_) seen_changes_ = doorbell_->segment_changes();
}

void BusView::refresh() {
  if (refreshing_) return;
  refreshing_ = true;
  refreshed_at_ = std::chrono::steady_clock::now();
  follow_doorbell();
  asio::post(refresher_, [this, copy = discovery_, quarantines = quarantines_]() mutable {
    Result<Changes> changes = copy.refresh();
    asio::post(loop_,
               [this, quarantines, copy = std::move(copy), changes = std::move(changes)]() mutable {
                 refreshing_ = false;
                 // A segment that was quarantined meanwhile would come back with the copy: read
                 // again instead.
                 if (quarantines == quarantines_)
                   refreshed(std::move(copy), changes);
                 else
                   refreshed_at_ = {};
                 look();
               });
  });
}

void BusView::refreshed(Discovery discovery, const Result<Changes>& changes) {
  discovery_ = std::move(discovery);
  if (!changes) {
    if (changes.error().message != refresh_error_) spdlog::error("{}", changes.error().message);
    refresh_error_ = changes.error().message;
    return;
  }
  refresh_error_.clear();
  for (const AttachedSegment& segment : changes->appeared) {
    spdlog::info("segment {} of epoch {} attached", segment->name.text(),
                 to_hex(segment->reader.epoch()));
    seen_next_[segment.get()] = Sequence{0};
  }
  for (const AttachedSegment& segment : changes->vanished) {
    spdlog::info("segment {} of epoch {} is gone", segment->name.text(),
                 to_hex(segment->reader.epoch()));
    seen_next_.erase(segment.get());
    damaged_.erase(segment.get());
  }
  for (const Changes::Quarantine& segment : changes->quarantined)
    spdlog::warn("segment quarantined: {}", segment.reason.message);
  const bool ended = ledger_.update(discovery_, std::chrono::steady_clock::now());
  if (changes->appeared.empty() && changes->vanished.empty() && !ended) return;
  ++segment_set_version_;
  notify();
}

SequenceRange BusView::window_of(const Attached& segment) const {
  const Reader& reader = segment.reader;
  const EpochLedger::Entry* const known = ledger_.find(reader.epoch());
  const Sequence last = known != nullptr ? known->next : Sequence{};
  SequenceRange window = reader.window();
  for (int tries = 3; tries > 0 && !reader.is_corrupt(); --tries, window = reader.window()) {
    const std::optional<Sequence> sure = reader.sure_next();
    if (sure && *sure >= window.to) return window;
    const bool is_empty = !sure && window.count() == 0 && window.to >= last;
    if (is_empty && is_end_of_index(reader, window.to)) return window;
  }
  return {std::min(window.from, last), last};
}

std::string BusView::quarantine(const AttachedSegment& segment) {
  const Reader& reader = segment->reader;
  const SequenceRange window = reader.window();
  const EpochLedger::Entry* const known = ledger_.find(reader.epoch());
  const Sequence wanted = known != nullptr ? known->next : Sequence{};
  // Never: remove it. What is wrong is a word of the header, and what is left may be good.
  const std::string what =
      reader.is_corrupt()
          ? "its header is corrupt: oldest " + std::to_string(window.from.value) + " and next " +
                std::to_string(window.to.value) + ", and it retains at most " +
                std::to_string(reader.geometry().retain_events)
      : window.to < wanted && !reader.is_truncated()
          ? "its header says that the next sequence is " + std::to_string(window.to.value) +
                ", and it was " + std::to_string(wanted.value) + " before"
          : std::string("its file was shortened or overwritten while it was read");
  const Error reason{Errc::corrupt, 0,
                     discovery_.bus().segment_path(segment->name).string() + ": " + what +
                         "; it is read again as soon as it is consistent; to begin a new one, move "
                         "it away while its producer is stopped"};
  if (seen_next_.erase(segment.get()) == 0) return reason.message;
  damaged_.erase(segment.get());
  ++quarantines_;
  spdlog::warn("segment quarantined: {}", reason.message);
  discovery_.quarantine(segment, reason, wanted);
  ledger_.update(discovery_, std::chrono::steady_clock::now());
  ++segment_set_version_;
  notify();
  return reason.message;
}

bool BusView::is_quarantined(const AttachedSegment& segment) const {
  const auto found = discovery_.awaiting_repair().find(segment->name);
  return found != discovery_.awaiting_repair().end() && found->second.segment == segment;
}

void BusView::note_damaged(const AttachedSegment& segment, const SequenceRange& records) {
  if (!seen_next_.contains(segment.get())) return;
  std::set<Sequence>& logged = damaged_[segment.get()];
  if (logged.size() >= kMostDamaged || !logged.insert(records.from).second) return;
  const std::string which =
      records.count() == 1 ? "the record of sequence " + std::to_string(records.from.value) + " is"
                           : "the records of sequences " + std::to_string(records.from.value) +
                                 " to " + std::to_string(records.to.value - 1) + " are";
  spdlog::warn("segment {} of epoch {}: {} damaged; clients get a gap for it, and all others{}",
               segment->name.text(), to_hex(segment->reader.epoch()), which,
               logged.size() == kMostDamaged ? "; further ones are not logged" : "");
}

}  // namespace ringside::dashboard
