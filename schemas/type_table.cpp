#include "schemas/type_table.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ringside {

const schema::Object* TypeTable::find(std::string_view object) const {
  const auto found = std::find_if(objects_.begin(), objects_.end(),
                                  [&](const schema::Object& one) { return one.name == object; });
  return found == objects_.end() ? nullptr : &*found;
}

namespace schema {

std::size_t Type::longest_json() const {
  if (base == Base::structure) return object->longest_json;
  return kMarksJson + std::max(kNumberJson, names == nullptr ? 0 : names->longest_name);
}

const Field* Object::find(std::string_view field) const {
  const auto found = std::lower_bound(
      by_name.begin(), by_name.end(), field,
      [](const Field* one, std::string_view wanted) { return one->name < wanted; });
  return found != by_name.end() && (*found)->name == field ? *found : nullptr;
}

bool Enum::is_below(std::uint64_t a, std::uint64_t b) const {
  if (base == Base::u64) return a < b;
  return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
}

const EnumValue* Enum::find(std::uint64_t value) const {
  const auto found = std::lower_bound(
      values.begin(), values.end(), value,
      [this](const EnumValue& one, std::uint64_t wanted) { return is_below(one.value, wanted); });
  return found != values.end() && found->value == value ? &*found : nullptr;
}

const EnumValue* Enum::find(std::string_view name) const {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const EnumValue& one) { return one.name == name; });
  return found == values.end() ? nullptr : &*found;
}

std::uint16_t size_of(Base scalar) {
  constexpr std::array<std::uint16_t, 13> kSizes = {0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return kSizes[static_cast<std::size_t>(scalar)];
}

Range range_of(Base base) {
  if (base == Base::boolean) return {.below = 0, .above = 1};
  const std::uint64_t all = std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * size_of(base));
  const bool is_signed =
      base == Base::i8 || base == Base::i16 || base == Base::i32 || base == Base::i64;
  return is_signed ? Range{.below = all / 2 + 1, .above = all / 2}
                   : Range{.below = 0, .above = all};
}

std::string Range::text() const {
  return std::string(below == 0 ? "" : "-")
      .append(std::to_string(below))
      .append(" to ")
      .append(std::to_string(above));
}

}  // namespace schema
}  // namespace ringside
