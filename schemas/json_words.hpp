// What JSON says of the values of a schema: by which names, from where to where, and in which words
// one is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <flatbuffers/reflection_generated.h>

#include "schemas/json_text.hpp"

namespace ringside {

/// The whole numbers that a type has: from -below to above.
struct Range {
  std::uint64_t below = 0;
  std::uint64_t above = 0;

  std::string text() const;
};
Range range_of(reflection::BaseType type);

/// NaN or an infinity, by the word that JSON has for it.
template <class Real>
std::optional<Real> real_of_word(std::string_view word);

/// Null if it is none.
const reflection::EnumVal* value_of(const reflection::Enum& one, std::string_view name);
const reflection::EnumVal* value_of(const reflection::Enum& one, std::uint64_t number);

/// Whether several names make a value. A binary schema of flatc leaves out that an enum is
/// bit_flags, unless it `has_attributes`: then each is one whose values could not be anything else.
bool are_flags(const reflection::Enum& one, bool has_attributes);

/// Whether null is as if the field were left out: where it may be, and null cannot be a value.
bool null_is_absent(const reflection::Field& field, bool of_point);

/// "a text ("abc")"
std::string words_for_value(const JsonText& text, std::size_t at);
/// " is none of A, B"
std::string is_none_of(const reflection::Enum& one);
/// A few of the fields of a table, for whoever has mistaken one.
std::string names_of(const reflection::Object& object);
/// Where a field of that name is, if it is one level further in; else "".
std::string hint_for(const reflection::Schema& schema, const reflection::Object& object,
                     std::string_view name);

}  // namespace ringside
