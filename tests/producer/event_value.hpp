// The value of an event, whoever made it: what two events of one value have in common.
#pragma once

#include <string>

#include <flatbuffers/reflection_generated.h>

#include "bus/types.hpp"

namespace ringside::test {

/// All that a reader finds in an event: each number by its bits, all NaNs alike, and what is absent
/// where that can be told from a value. Equal for two events of one value.
std::string value_of(const reflection::Schema& schema, Bytes event);

}  // namespace ringside::test
