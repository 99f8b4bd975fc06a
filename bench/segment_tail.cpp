#include "bench/segment_tail.hpp"

#include <stdexcept>
#include <string>

namespace ringside::bench {

void check_tail(const Reader& reader, std::uint64_t next, std::uint64_t count,
                const std::function<bool(std::uint64_t, Bytes)>& is_right) {
  if (reader.window().to.value != next)
    throw std::runtime_error(std::string("the segment ends at ")
                                 .append(std::to_string(reader.window().to.value))
                                 .append(" where ")
                                 .append(std::to_string(next))
                                 .append(" events were published"));
  RecordCopier records(reader, Sequence{next - count});
  for (std::uint64_t i = next - count; i < next; ++i)
    if (records.next() != RunOutcome::run || records.record().sequence.value != i ||
        !is_right(i, records.record().payload))
      throw std::runtime_error(
          std::string("event ").append(std::to_string(i)).append(" is not what was published"));
}

}  // namespace ringside::bench
