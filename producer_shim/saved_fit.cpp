#include "producer_shim/saved_fit.hpp"

#include <cmath>
#include <string>

namespace ringside {
namespace {

// An Event and its EmbeddingBatch; a file of ours nests no deeper.
constexpr flatbuffers::uoffset_t kMaxTables = 2;
constexpr flatbuffers::uoffset_t kMaxDepth = 4;

const EmbeddingBatch* find_batch(const std::vector<std::uint8_t>& bytes) {
  return GetEvent(bytes.data())->body_as_EmbeddingBatch();
}

std::string point_fault(std::size_t index, const char* what) {
  return "point " + std::to_string(index) + " " + what;
}

/// What is wrong with a batch whose structure is sound; empty if nothing is.
std::string find_fault(const EmbeddingBatch& batch) {
  const std::size_t count = batch.points()->size();
  const CycleSlot* slot = batch.slot();
  if (count == 0) return "it has no points";
  if (slot == nullptr || slot->index() != 0 || slot->total() != count) {
    return "its slot does not span its " + std::to_string(count) + " points";
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Point& point = *batch.points()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (point.episode() >= batch.episodes()->size()) return point_fault(i, "has no episode");
    if (point.host() >= batch.hosts()->size()) return point_fault(i, "has no host");
    if (point.profile() >= batch.profiles()->size()) return point_fault(i, "has no profile");
    if (!std::isfinite(point.x()) || !std::isfinite(point.y()) || !std::isfinite(point.z())) {
      return point_fault(i, "is not at a finite place");
    }
  }
  return {};
}

}  // namespace

Result<SavedFit> SavedFit::from_bytes(std::vector<std::uint8_t> bytes) {
  if (bytes.size() > kMaxSavedFitBytes) return fail(Errc::too_large, "it is larger than 2 GiB");
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kMaxDepth, kMaxTables);
  if (!VerifyEventBuffer(verifier)) {
    return fail(Errc::corrupt, "its structure is damaged, or it is another kind of file");
  }
  const EmbeddingBatch* batch = find_batch(bytes);
  if (batch == nullptr) return fail(Errc::corrupt, "it holds another kind of event");
  const std::string fault = find_fault(*batch);
  if (!fault.empty()) return fail(Errc::corrupt, fault);
  return SavedFit(std::move(bytes));
}

const EmbeddingBatch& SavedFit::batch() const {
  return *find_batch(bytes_);
}

}  // namespace ringside
