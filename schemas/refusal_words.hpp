// In which words a value of an event's JSON is refused.
#pragma once

#include <string>
#include <string_view>

#include "schemas/json_text.hpp"
#include "schemas/type_table.hpp"

namespace ringside {

/// "a text ("abc")"
std::string words_for_value(const JsonText& text, std::size_t at);
/// "a list is wanted, not null"
std::string not_wanted(const JsonText& text, std::size_t at, std::string_view wanted);
/// " is none of A, B"
std::string is_none_of(const schema::Enum& one);
/// A few of the fields of a table, for whoever has mistaken one.
std::string names_of(const schema::Object& object);
/// Where a field of that name is, if it is one level further in; else "".
std::string hint_for(const schema::Object& object, std::string_view name);

}  // namespace ringside
