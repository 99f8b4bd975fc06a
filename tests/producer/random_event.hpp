// An event made at random by a schema, and the value of an event, whoever made it.
#pragma once

#include <string>
#include <vector>

#include <flatbuffers/flatbuffers.h>
#include <flatbuffers/reflection_generated.h>

#include "bus/types.hpp"
#include "tests/producer/random_schema.hpp"

namespace ringside::test {

/// A finished event of the schema, no deeper than `depth` tables, built without a line of what is
/// tested. Vectors of what has a key are in its order.
std::vector<std::byte> random_event(Dice& dice, const reflection::Schema& schema,
                                    std::size_t depth);

/// All that a reader finds in an event: each number by its bits, all NaNs alike, and what is absent
/// where that can be told from a value. Equal for two events of one value.
std::string value_of(const reflection::Schema& schema, Bytes event);

}  // namespace ringside::test
