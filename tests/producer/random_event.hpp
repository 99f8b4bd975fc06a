// An event made at random by a schema.
#pragma once

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

}  // namespace ringside::test
