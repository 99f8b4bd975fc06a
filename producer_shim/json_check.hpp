// Whether JSON is what a schema says, value by value. FlatBuffers' own parser takes numbers in
// quotes, numbers for booleans and the like; whoever prints such lines wants to be told.
#pragma once

#include <string>

#include "bus/result.hpp"

namespace reflection {
struct Schema;
}

namespace ringside {

/// Fails with bad_event, naming the field, unless `json` is one object (RFC 8259, UTF-8) whose
/// fields are those of the schema's root table, each with a value of its type. `schema` is one that
/// check_schema() took. Ranges of numbers are not judged here.
Result<void> check_json(const reflection::Schema& schema, const std::string& json);

}  // namespace ringside
