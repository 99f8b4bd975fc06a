// A saved fit: a file that is exactly one FlatBuffer, an Event (schemas/event.fbs) whose body is an
// EmbeddingBatch of all points, with a slot of {cycle 0, index 0, total = the number of points}.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bus/result.hpp"
#include "event_generated.h"

namespace ringside {

/// FlatBuffers' offsets are 32-bit and signed in places.
inline constexpr std::uint64_t kMaxSavedFitBytes = FLATBUFFERS_MAX_BUFFER_SIZE - 1;

/// A fit that was read and checked, kept as the bytes of its file: every string and every point can
/// be reached without a further check.
class SavedFit {
 public:
  /// Checks `bytes` as a stranger's: structure by FlatBuffers' verifier, then that every point's
  /// strings exist and its coordinates are finite. The error says what is wrong, without a path.
  static Result<SavedFit> from_bytes(std::vector<std::uint8_t> bytes);

  /// Lives as long as this object; moving the object does not move the batch.
  const EmbeddingBatch& batch() const;

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  explicit SavedFit(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  std::vector<std::uint8_t> bytes_;
};

}  // namespace ringside
