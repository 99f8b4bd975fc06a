#include "schemas/schema_values.hpp"

#include <limits>

#include "schemas/type_table.hpp"

namespace ringside {

using reflection::BaseType;

namespace {

BaseType base_type(const reflection::Type& type, flatbuffers::voffset_t field) {
  const auto& bare = reinterpret_cast<const flatbuffers::Table&>(type);
  const auto number = bare.GetField<std::int8_t>(field, 0);
  constexpr auto kEnd = static_cast<std::int8_t>(BaseType::MaxBaseType);
  return number < 0 || number > kEnd ? BaseType::MaxBaseType : static_cast<BaseType>(number);
}

}  // namespace

bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || name.size() > kLongestSchemaName || !is_letter(name.front())) return false;
  for (const char c : name)
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  return true;
}

bool is_qualified_name(std::string_view name) {
  if (name.size() > kLongestSchemaName) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_identifier(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

BaseType base_of(const reflection::Type& type) {
  return base_type(type, reflection::Type::VT_BASE_TYPE);
}
BaseType element_of(const reflection::Type& type) {
  return base_type(type, reflection::Type::VT_ELEMENT);
}

bool is_integer(BaseType type) {
  return type >= BaseType::UType && type <= BaseType::ULong;
}
bool is_scalar(BaseType type) {
  return type >= BaseType::UType && type <= BaseType::Double;
}

std::size_t size_of_scalar(BaseType type) {
  switch (type) {
    case BaseType::Short:
    case BaseType::UShort:
      return 2;
    case BaseType::Int:
    case BaseType::UInt:
    case BaseType::Float:
      return 4;
    case BaseType::Long:
    case BaseType::ULong:
    case BaseType::Double:
      return 8;
    default:
      return 1;
  }
}

bool is_default(BaseType type, std::int64_t value) {
  const auto fits = [value](auto limit) {
    using Limits = std::numeric_limits<decltype(limit)>;
    return value >= static_cast<std::int64_t>(Limits::min()) &&
           value <= static_cast<std::int64_t>(Limits::max());
  };
  switch (type) {
    case BaseType::Bool:
      return value == 0 || value == 1;
    case BaseType::UType:
    case BaseType::UByte:
      return fits(std::uint8_t{});
    case BaseType::Byte:
      return fits(std::int8_t{});
    case BaseType::Short:
      return fits(std::int16_t{});
    case BaseType::UShort:
      return fits(std::uint16_t{});
    case BaseType::Int:
      return fits(std::int32_t{});
    case BaseType::UInt:
      return fits(std::uint32_t{});
    case BaseType::ULong:
      return value >= 0;
    default:
      return true;
  }
}

}  // namespace ringside
