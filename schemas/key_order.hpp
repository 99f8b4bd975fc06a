// The order of a vector whose elements have a key, in which readers search it.
#pragma once

#include <cstdint>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "schemas/type_table.hpp"

namespace ringside {

/// Sorts structs, one after the other in `bytes`, by their key if they have one; equal ones stay in
/// order.
void sort_by_key(const schema::Object& object, std::vector<std::uint8_t>& bytes);

/// Likewise the offsets of tables that are in the builder.
void sort_by_key(const schema::Object& object, const flatbuffers::FlatBufferBuilder& builder,
                 std::vector<flatbuffers::uoffset_t>& tables);

}  // namespace ringside
