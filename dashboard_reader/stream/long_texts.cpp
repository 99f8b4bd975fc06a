#include "dashboard_reader/stream/long_texts.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <asio/post.hpp>

namespace ringside::dashboard {
namespace {

/// Of all texts together, and how long one is kept for whoever comes next.
constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds kUnused{1};
/// How long it is believed that an event has no text.
constexpr std::chrono::milliseconds kMissing{20};

LongText print_checked(const Attached& segment, const EventPrinter* printer, Sequence sequence) {
  Sequence cursor = sequence;
  Run run;
  SequenceRange gap;
  const RunOutcome taken = segment.reader.next_run_checked(cursor, kOneRecord, run, gap);
  if (taken != RunOutcome::run) return {};
  if (run.bytes.size() > kLongestEvent) return {nullptr, "too_large"};
  RecordCopier copier(segment.reader, sequence);
  const RunOutcome next = copier.next();
  if (next == RunOutcome::damaged && copier.gap().from == sequence)
    return {nullptr, "invalid", true};
  if (next != RunOutcome::run || copier.record().sequence != sequence) return {};
  Result<std::string> text = event_text(segment, printer, copier.record(), kLongestEvent);
  if (!text) return {nullptr, text.error().code == Errc::too_large ? "too_large" : "invalid"};
  text->shrink_to_fit();
  return {std::make_shared<const std::string>(std::move(*text))};
}

/// On the thread that prints.
LongText print(const Attached& segment, const EventPrinter* printer, Sequence sequence) {
  try {
    return print_checked(segment, printer, sequence);
  } catch (const std::bad_alloc&) {  // then it is too large for this machine
    return {nullptr, "too_large"};
  }
}

}  // namespace

LongTexts::LongTexts(asio::io_context& loop) : loop_(loop), cleaning_(loop) {}

LongTexts::~LongTexts() {
  printing_.join();
}

std::optional<LongText> LongTexts::of(const Event& event, bool has_begun,
                                      asio::steady_timer& waker) {
  if (auto kept = find(event)) return kept;
  const auto is_it = [&event](const Wanted& one) {
    return one.event.segment == event.segment && one.event.sequence == event.sequence;
  };
  if (in_print_ && is_it(*in_print_)) {
    in_print_->waiting.insert(&waker);
    return std::nullopt;
  }
  for (std::list<Wanted>* const queue : {&first_, &again_})
    if (const auto known = std::find_if(queue->begin(), queue->end(), is_it);
        known != queue->end()) {
      known->waiting.insert(&waker);
      return std::nullopt;
    }
  (has_begun ? again_ : first_).push_back({event, {&waker}});
  print_next();
  return std::nullopt;
}

bool LongTexts::is_waiting(asio::steady_timer& waker) const {
  const auto is_its = [&waker](const Wanted& one) { return one.waiting.contains(&waker); };
  return (in_print_ && is_its(*in_print_)) || std::any_of(first_.begin(), first_.end(), is_its) ||
         std::any_of(again_.begin(), again_.end(), is_its);
}

void LongTexts::leave(asio::steady_timer& waker) {
  if (in_print_) in_print_->waiting.erase(&waker);
  for (std::list<Wanted>* const queue : {&first_, &again_})
    queue->remove_if([&waker](Wanted& one) {
      one.waiting.erase(&waker);
      return one.waiting.empty();
    });
}

void LongTexts::print_next() {
  if (in_print_ || (first_.empty() && again_.empty())) return;
  std::list<Wanted>& queue = first_.empty() ? again_ : first_;
  in_print_ = std::move(queue.front());
  queue.pop_front();
  asio::post(printing_, [this, event = in_print_->event] {
    LongText text = print(*event.segment, event.printer.get(), event.sequence);
    asio::post(loop_, [this, text = std::move(text)]() mutable { printed(std::move(text)); });
  });
}

void LongTexts::printed(LongText text) {
  const Wanted done = *std::exchange(in_print_, std::nullopt);
  kept_.push_back({done.event.segment, done.event.sequence, std::move(text), Clock::now()});
  bytes_ += kept_.back().bytes();
  while (bytes_ > kMostBytes) forget_first();
  forget_unused();
  for (asio::steady_timer* const waker : done.waiting) waker->cancel();
  print_next();
}

std::optional<LongText> LongTexts::find(const Event& event) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& one) {
    return one.sequence == event.sequence && one.segment.lock() == event.segment;
  });
  if (found == kept_.end()) return std::nullopt;
  // What is not there is looked for again by whoever comes next.
  if (!found->text.text) {
    const LongText text = found->text;
    if (Clock::now() - found->used < kMissing) return text;
    kept_.erase(found);
    return std::nullopt;
  }
  found->used = Clock::now();
  std::rotate(found, found + 1, kept_.end());
  return kept_.back().text;
}

void LongTexts::forget_first() {
  bytes_ -= kept_.front().bytes();
  kept_.pop_front();
}

void LongTexts::forget_unused() {
  const Clock::time_point time = Clock::now();
  while (!kept_.empty() && time - kept_.front().used >= kUnused) forget_first();
  if (kept_.empty() || std::exchange(is_cleaning_, true)) return;
  cleaning_.expires_at(kept_.front().used + kUnused);
  cleaning_.async_wait([this](const asio::error_code& cancelled) {
    if (cancelled) return;
    is_cleaning_ = false;
    forget_unused();
  });
}

}  // namespace ringside::dashboard
