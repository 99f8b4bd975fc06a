#include "dashboard_reader/stream/event_batch.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "bus/record.hpp"

namespace ringside::dashboard {
namespace {

/// Relaxed word loads pair with the writer's word stores; is_still_valid() has the fence.
void copy_words(Bytes from, std::byte* to) {
  for (std::size_t at = 0; at < from.size(); at += sizeof(std::uint64_t)) {
    const auto& word = *reinterpret_cast<const std::uint64_t*>(from.data() + at);
    const auto value = std::atomic_ref<const std::uint64_t>(word).load(std::memory_order_relaxed);
    std::memcpy(to + at, &value, sizeof value);
  }
}

}  // namespace

std::uint32_t EventBatch::fill(const Geometry& geometry, const Run& run) {
  Bytes left = run.bytes;
  std::uint32_t end = 0;
  for (count_ = 0; count_ < run.count && left.size() >= kMinRecordBytes; ++count_) {
    const std::uint64_t bytes = record_bytes(load_frame(left.data()).size);
    if (bytes > kLongestRecord || bytes > left.size()) break;
    std::byte* const copy = scratch_.data() + (end + sizeof(FrameHead::bytes) + 7) / 8 * 8;
    copy_words(left.first(bytes), copy);
    const std::optional<Record> record =
        decode_record(geometry, run.first + count_, {copy, static_cast<std::size_t>(bytes)});
    if (!record) break;
    const FrameHead head = encode_head(Opcode::binary, true, record->payload.size());
    std::byte* const frame = scratch_.data() + end;
    std::memmove(frame + head.size, record->payload.data(), record->payload.size());
    std::copy_n(head.bytes.begin(), head.size, frame);
    end += static_cast<std::uint32_t>(head.size + record->payload.size());
    ends_.at(count_) = end;
    left = left.subspan(bytes);
  }
  return count_;
}

std::uint32_t EventBatch::send(StreamOutlet& outlet) {
  if (count_ == 0) return 0;
  const std::string_view frames(reinterpret_cast<const char*>(scratch_.data()),
                                ends_.at(count_ - 1));
  const std::size_t taken = outlet.send_now(frames);
  const std::span<const std::uint32_t> ends = std::span(ends_).first(count_);
  const auto open = std::upper_bound(ends.begin(), ends.end(), taken);
  const auto complete = static_cast<std::uint32_t>(open - ends.begin());
  const std::size_t begin = complete == 0 ? 0 : ends[complete - 1];
  if (taken == begin) return complete;
  outlet.append(frames.substr(taken, *open - taken));
  return complete + 1;
}

}  // namespace ringside::dashboard
