#include "dashboard_reader/stream/beats.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "bus/inspect/liveness.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {
namespace {

/// How often segments are looked at, at most: beats of a tenth of a second share a look.
constexpr std::chrono::milliseconds kLook{100};
/// Texts that are kept for others, at most: clients of many kinds make their own.
constexpr std::size_t kMostTexts = 32;

std::string_view text_of(Liveness live) {
  switch (live) {
    case Liveness::live:
      return "true";
    case Liveness::gone:
      return "false";
    case Liveness::unknown:
      break;
  }
  return "null";
}

}  // namespace

std::uint64_t Beats::moment() {
  const auto time = std::chrono::steady_clock::now();
  if (moment_ > 0 && time - looked_at_ < kLook) return moment_;
  looked_at_ = time;
  texts_.clear();
  std::erase_if(states_, [](const auto& one) { return one.second.segment.expired(); });
  return ++moment_;
}

const Beats::State& Beats::state_of(const AttachedSegment& segment) {
  State& state = states_[segment->reader.epoch()];
  if (state.looked == moment_) return state;
  const SequenceRange window = view_.window_of(*segment);
  const Liveness live = liveness_of(segment->reader);
  if (state.looked == 0 || state.window != window || state.live != live) state.changed = moment_;
  state.segment = segment;
  state.window = window;
  state.live = live;
  state.looked = moment_;
  return state;
}

const std::string& Beats::message(const std::vector<AttachedSegment>& segments,
                                  std::uint64_t since) {
  std::vector<Epoch> epochs;
  epochs.reserve(segments.size());
  for (const AttachedSegment& segment : segments) epochs.push_back(segment->reader.epoch());
  const auto known = std::find_if(texts_.begin(), texts_.end(), [&](const Text& text) {
    return text.since == since && text.epochs == epochs;
  });
  if (known != texts_.end()) return known->frame;
  if (texts_.size() == kMostTexts) texts_.erase(texts_.begin());
  texts_.push_back({std::move(epochs), since, make(segments, since)});
  return texts_.back().frame;
}

std::string Beats::make(const std::vector<AttachedSegment>& segments, std::uint64_t since) {
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  std::string text = R"({"type":"beat","now_ns":")" + std::to_string(now.count());
  text.append(R"(","full":)").append(since == 0 ? "true" : "false").append(R"(,"segments":[)");
  bool first = true;
  for (const AttachedSegment& segment : segments) {
    const State& state = state_of(segment);
    if (state.changed <= since) continue;
    if (!std::exchange(first, false)) text.push_back(',');
    text.append(R"({"epoch":")").append(to_hex(segment->reader.epoch()));
    text.append(R"(","oldest":)").append(std::to_string(state.window.from.value));
    text.append(R"(,"next":)").append(std::to_string(state.window.to.value));
    text.append(R"(,"live":)").append(text_of(state.live)).append("}");
  }
  return encode_frame(Opcode::text, text.append("]}"));
}

}  // namespace ringside::dashboard
