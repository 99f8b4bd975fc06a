// A saved fit: a file that is exactly one FlatBuffer, an Event (schemas/event.fbs) whose body is an
// EmbeddingBatch of all points, with a place of {cycle 0, index 0, total = the number of points}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "bus/result.hpp"
#include "event_generated.h"
#include "producer_shim/knn/fit.hpp"

namespace ringside::knn {

/// The bytes of the file. The same fit always gives the same bytes.
std::vector<std::uint8_t> encode_fit(const Fit& fit);

/// Saves the fit, replacing `path` as a whole (atomic_file.hpp).
Result<void> write_fit(const std::filesystem::path& path, const Fit& fit);

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

/// Reads and checks a saved fit.
Result<SavedFit> read_fit(const std::filesystem::path& path);

}  // namespace ringside::knn
