#include "producer_shim/cycle.hpp"

#include <algorithm>
#include <optional>

#include "bus/clock.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "event_generated.h"

namespace ringside {
namespace {

/// The cycle of the last event of the producer's segment, if that has one.
std::optional<std::uint64_t> last_cycle(const Bus& bus, const SegmentName& name) {
  const Result<Reader> reader = open_reader(bus, name);
  if (!reader) return {};
  RecordCopier copier(*reader, reader->seek({Start::Kind::last, 1}));
  if (copier.next() != RunOutcome::run) return {};
  const Bytes payload = copier.record().payload;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(bytes, payload.size());
  if (!VerifyEventBuffer(verifier)) return {};
  const Event& event = *GetEvent(bytes);
  const CycleSlot* slot = nullptr;
  if (event.body_type() == Body::Embedding) slot = event.body_as_Embedding()->slot();
  if (event.body_type() == Body::EmbeddingBatch) slot = event.body_as_EmbeddingBatch()->slot();
  if (slot == nullptr) return {};
  return slot->cycle();
}

}  // namespace

CycleNumbers::CycleNumbers(const Bus& bus, const SegmentName& name)
    : last_(last_cycle(bus, name).value_or(0)) {}

std::uint64_t CycleNumbers::next() {
  // The clock alone would do, were it never set back.
  last_ = std::max(read_clocks().wall_ns, last_ + 1);
  return last_;
}

void CycleNumbers::note(std::uint64_t cycle) {
  last_ = std::max(last_, cycle);
}

}  // namespace ringside
