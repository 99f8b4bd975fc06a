// Whether an event can be walked by the schema of its segment. FlatBuffers' own check by reflection
// reads the offsets of tables and unions before it knows that they are inside the buffer, and lets
// a union pass whose type is missing.
#pragma once

#include "bus/types.hpp"
#include "schemas/type_table.hpp"

namespace ringside {

/// An event may name one part of itself from many places, and is then printed many times its size.
/// One whose JSON may be longer than this, and than so many times itself, is refused.
inline constexpr std::size_t kLongestJson = std::size_t{64} << 20;
inline constexpr std::size_t kLongestJsonTimes = 64;

/// Tables of an event may be nested this deep.
inline constexpr std::size_t kDeepestEvent = 64;

/// `event` is a private copy, from anyone. True if every offset that the schema knows leads to a
/// value that lies inside `event`, every required field is there, and every union's type is one of
/// its kinds.
bool check_event(const TypeTable& types, Bytes event);

/// The same, and how it went: `too_long` if the JSON may be longer than `longest` bytes, which is
/// found out without looking at more of the event.
enum class EventVerdict { good, wrong, too_long };
EventVerdict judge_event(const TypeTable& types, Bytes event, std::size_t longest);

}  // namespace ringside
