#include "bus/record.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "bus/crc32c.hpp"

namespace ringside {
namespace {

constexpr std::size_t kPieceWords = 512;

using HeaderWords = std::array<std::uint64_t, 3>;

std::uint64_t load_word(const std::byte* at) noexcept {
  // Relaxed: pairs with the writer's word stores; is_still_valid() has the fence.
  return std::atomic_ref<const std::uint64_t>(*reinterpret_cast<const std::uint64_t*>(at))
      .load(std::memory_order_relaxed);
}

}  // namespace

FrameWords load_frame(const std::byte* at) noexcept {
  const std::uint64_t first = load_word(at);
  return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first >> 32),
          Sequence{load_word(at + 8)}, Timestamp{load_word(at + 16)}};
}

RecordChecksum::RecordChecksum(Epoch epoch) noexcept
    : register_(crc32c_update(kCrcStart, std::as_bytes(std::span(&epoch.value, 1)))) {}

std::uint32_t RecordChecksum::copy(std::uint32_t size, Sequence sequence, Timestamp timestamp,
                                   std::byte* to, const std::byte* payload) const noexcept {
  return ~crc32c_copy(register_, HeaderWords{size, sequence.value, timestamp.ns}, to, payload,
                      size);
}

RecordChecksum& RecordChecksum::add_header(std::uint32_t size, Sequence sequence,
                                           Timestamp timestamp) noexcept {
  const HeaderWords words{size, sequence.value, timestamp.ns};
  return add(std::as_bytes(std::span(words)));
}

RecordChecksum& RecordChecksum::add(Bytes padded) noexcept {
  register_ = crc32c_update(register_, padded);
  return *this;
}

RecordCheck::RecordCheck(const Geometry& geometry, Sequence sequence, Bytes bytes) noexcept
    : checksum_(geometry.epoch) {
  if (bytes.size() < kMinRecordBytes) return;
  const FrameWords frame = load_frame(bytes.data());
  if (frame.size == 0 || frame.size > geometry.max_payload() || frame.sequence != sequence ||
      record_bytes(frame.size) != bytes.size())
    return;
  wanted_ = frame.crc32c;
  padding_ = static_cast<std::uint32_t>(bytes.size() - sizeof(RecordHeader) - frame.size);
  checksum_.add_header(frame.size, sequence, frame.timestamp);
  rest_ = bytes.subspan(sizeof(RecordHeader));
}

bool RecordCheck::advance(std::uint64_t most) noexcept {
  std::array<std::uint64_t, kPieceWords> piece;
  while (!rest_.empty() && most > 0) {
    const std::size_t bytes = std::min(rest_.size(), kPieceWords * 8);
    for (std::size_t at = 0; at < bytes; at += 8) piece.at(at / 8) = load_word(rest_.data() + at);
    const Bytes copied = std::as_bytes(std::span(piece)).first(bytes);
    checksum_.add(copied);
    rest_ = rest_.subspan(bytes);
    most -= std::min<std::uint64_t>(most, bytes);
    if (!rest_.empty()) continue;
    const Bytes padding = copied.last(padding_);
    is_intact_ = checksum_.value() == wanted_ &&
                 std::ranges::all_of(padding, [](std::byte pad) { return pad == std::byte{0}; });
  }
  return rest_.empty();
}

bool is_intact(const Geometry& geometry, Sequence sequence, Bytes bytes) noexcept {
  RecordCheck check(geometry, sequence, bytes);
  check.advance(~std::uint64_t{0});
  return check.is_intact();
}

std::optional<Record> decode_record(const Geometry& geometry, Sequence sequence, Bytes bytes) {
  if (bytes.size() < kMinRecordBytes) return std::nullopt;
  const FrameWords frame = load_frame(bytes.data());
  const std::uint64_t length = record_bytes(frame.size);
  if (length > bytes.size() || !is_intact(geometry, sequence, bytes.first(length)))
    return std::nullopt;
  return Record{sequence, frame.timestamp, bytes.subspan(sizeof(RecordHeader), frame.size)};
}

}  // namespace ringside
