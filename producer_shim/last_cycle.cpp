#include "producer_shim/last_cycle.hpp"

#include "bus/reader.hpp"
#include "event_generated.h"

namespace ringside {

std::optional<std::uint64_t> last_cycle(const Bus& bus, const SegmentName& name) {
  const Result<Reader> reader = Reader::open(bus, name);
  if (!reader) return {};
  RecordCopier copier(*reader, reader->seek({Start::Kind::last, 1}));
  if (copier.next() != RecordCopier::Next::record) return {};
  const Bytes payload = copier.record().payload;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(bytes, payload.size());
  if (!VerifyEventBuffer(verifier)) return {};
  const Event& event = *GetEvent(bytes);
  const Place* place = nullptr;
  if (event.body_type() == Body::Embedding) place = event.body_as_Embedding()->place();
  if (event.body_type() == Body::EmbeddingBatch) place = event.body_as_EmbeddingBatch()->place();
  if (place == nullptr) return {};
  return place->cycle();
}

}  // namespace ringside
