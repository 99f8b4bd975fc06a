#include "dashboard_reader/stream/long_texts.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

/// Of all texts together, and how long one is kept for whoever comes next.
constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds kUnused{1};

LongText print_checked(const Attached& segment, const EventJson* printer, Sequence sequence) {
  Sequence cursor = sequence;
  Run run;
  SequenceRange gap;
  const Take taken = segment.reader.take_checked(cursor, {.bytes = 0, .records = 1}, run, gap);
  if (taken != Take::run) return {};
  if (run.bytes.size() > kLongestEvent) return {nullptr, "too_large"};
  RecordCopier copier(segment.reader, sequence);
  const RecordCopier::Next next = copier.next();
  if (next == RecordCopier::Next::invalid && copier.gap().from == sequence)
    return {nullptr, "invalid", true};
  if (next != RecordCopier::Next::record || copier.record().sequence != sequence) return {};
  Result<std::string> text = event_text(segment, printer, copier.record(), kLongestEvent);
  if (!text) return {nullptr, text.error().code == Errc::too_large ? "too_large" : "invalid"};
  text->shrink_to_fit();
  return {std::make_shared<const std::string>(std::move(*text))};
}

/// On the thread that prints.
LongText print(const Attached& segment, const EventJson* printer, Sequence sequence) {
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

asio::awaitable<LongText> LongTexts::of(AttachedSegment segment,
                                        std::shared_ptr<const EventJson> printer,
                                        Sequence sequence) {
  const Epoch epoch = segment->reader.epoch();
  for (;; co_await wait()) {
    if (LongText kept = find(epoch, sequence); kept.text) co_return kept;
    if (!is_printing_) break;
  }
  is_printing_ = true;
  const auto made = std::make_shared<std::optional<LongText>>();
  asio::post(printing_, [this, segment, printer, sequence, made] {
    LongText text = print(*segment, printer.get(), sequence);
    asio::post(loop_, [this, epoch = segment->reader.epoch(), sequence, made,
                       text = std::move(text)]() mutable {
      if (text.text) keep(epoch, sequence, text.text);
      *made = std::move(text);
      is_printing_ = false;
      for (asio::steady_timer* const timer : waiting_) timer->cancel();
    });
  });
  while (!*made) co_await wait();
  co_return **made;
}

asio::awaitable<void> LongTexts::wait() {
  asio::steady_timer turn(loop_);
  turn.expires_at(Clock::time_point::max());
  const auto place = waiting_.insert(waiting_.end(), &turn);
  asio::error_code cancelled;
  co_await turn.async_wait(redirect_error(use_awaitable, cancelled));
  waiting_.erase(place);
}

LongText LongTexts::find(Epoch epoch, Sequence sequence) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& one) {
    return one.epoch == epoch && one.sequence == sequence;
  });
  if (found == kept_.end()) return {};
  found->used = Clock::now();
  std::rotate(found, found + 1, kept_.end());
  return {kept_.back().text};
}

void LongTexts::keep(Epoch epoch, Sequence sequence, std::shared_ptr<const std::string> text) {
  bytes_ += text->size();
  kept_.push_back({epoch, sequence, std::move(text), Clock::now()});
  for (; bytes_ > kMostBytes; kept_.pop_front()) bytes_ -= kept_.front().text->size();
  forget_unused();
}

void LongTexts::forget_unused() {
  const Clock::time_point time = Clock::now();
  for (; !kept_.empty() && time - kept_.front().used >= kUnused; kept_.pop_front())
    bytes_ -= kept_.front().text->size();
  if (kept_.empty() || std::exchange(is_cleaning_, true)) return;
  cleaning_.expires_at(kept_.front().used + kUnused);
  cleaning_.async_wait([this](const asio::error_code& cancelled) {
    if (cancelled) return;
    is_cleaning_ = false;
    forget_unused();
  });
}

}  // namespace ringside::dashboard
