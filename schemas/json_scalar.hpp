// The scalars of an event from JSON: exactly, or as the nearest that a type has.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/json_text.hpp"
#include "schemas/type_table.hpp"

namespace ringside {

/// Sets `bits` to those of the value at `at`: little-endian, as many bytes of them as `type` has.
/// Or returns why the value is refused; else "".
std::string read_scalar(const JsonText& text, std::size_t at, const schema::Type& type,
                        std::uint64_t& bits);

/// The same for what a row of a saved fit has (tests/feed/rules.json), also for a string: `number`
/// is set where a whole number stands for it.
std::string read_column(const JsonText& text, std::size_t at, const schema::Type& type,
                        std::uint64_t& bits, std::string& number);

}  // namespace ringside
