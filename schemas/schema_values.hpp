// What single names, types and defaults of a schema from anyone may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <flatbuffers/reflection_generated.h>

namespace ringside {

/// A letter or _, then letters, digits and _.
bool is_identifier(std::string_view name);
/// Identifiers with dots between them: a name and its namespaces.
bool is_qualified_name(std::string_view name);

/// The schema's own accessors return a BaseType whatever the number is, which it may not hold; here
/// such a number is MaxBaseType, which nothing is.
reflection::BaseType base_of(const reflection::Type& type);
reflection::BaseType element_of(const reflection::Type& type);

bool is_integer(reflection::BaseType type);
bool is_scalar(reflection::BaseType type);
std::size_t size_of_scalar(reflection::BaseType type);

/// Whether the default of a field of this type is a value of it. FlatBuffers keeps it in 64 bits
/// with a sign, also that of a ulong.
bool is_default(reflection::BaseType type, std::int64_t value);

}  // namespace ringside
