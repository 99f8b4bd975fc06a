#include "schemas/json_words.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "schemas/schema_values.hpp"

namespace ringside {

using reflection::BaseType;

namespace {

/// More names than these help nobody.
constexpr std::size_t kMostNames = 12;

template <class Whole>
Range range_of() {
  using Limits = std::numeric_limits<Whole>;
  return {.below = ~static_cast<std::uint64_t>(Limits::min()) + 1,
          .above = static_cast<std::uint64_t>(Limits::max())};
}

bool has_field(const reflection::Object& object, const std::string& name) {
  return object.fields()->LookupByKey(name.c_str()) != nullptr;
}

std::string short_name(const reflection::Object& object) {
  const std::string name = object.name()->str();
  return name.substr(name.rfind('.') + 1);
}

}  // namespace

std::string Range::text() const {
  return std::string(below == 0 ? "" : "-")
      .append(std::to_string(below))
      .append(" to ")
      .append(std::to_string(above));
}

Range range_of(BaseType type) {
  switch (type) {
    case BaseType::Byte:
      return range_of<std::int8_t>();
    case BaseType::Short:
      return range_of<std::int16_t>();
    case BaseType::UShort:
      return range_of<std::uint16_t>();
    case BaseType::Int:
      return range_of<std::int32_t>();
    case BaseType::UInt:
      return range_of<std::uint32_t>();
    case BaseType::Long:
      return range_of<std::int64_t>();
    case BaseType::ULong:
      return range_of<std::uint64_t>();
    default:
      return range_of<std::uint8_t>();
  }
}

template <class Real>
std::optional<Real> real_of_word(std::string_view word) {
  using Limits = std::numeric_limits<Real>;
  if (word == "NaN") return Limits::quiet_NaN();
  if (word == "Infinity") return Limits::infinity();
  if (word == "-Infinity") return -Limits::infinity();
  return {};
}
template std::optional<float> real_of_word(std::string_view word);
template std::optional<double> real_of_word(std::string_view word);

const reflection::EnumVal* value_of(const reflection::Enum& one, std::string_view name) {
  const auto& values = *one.values();
  const auto found = std::find_if(values.begin(), values.end(), [&](const auto* value) {
    return value->name()->string_view() == name;
  });
  return found == values.end() ? nullptr : *found;
}

const reflection::EnumVal* value_of(const reflection::Enum& one, std::uint64_t number) {
  const auto& values = *one.values();
  const auto found = std::find_if(values.begin(), values.end(), [&](const auto* value) {
    return static_cast<std::uint64_t>(value->value()) == number;
  });
  return found == values.end() ? nullptr : *found;
}

bool are_flags(const reflection::Enum& one, bool has_attributes) {
  if (one.attributes() != nullptr && one.attributes()->LookupByKey("bit_flags") != nullptr)
    return true;
  if (has_attributes || one.is_union()) return false;
  const bool is_unsigned = range_of(one.underlying_type()->base_type()).below == 0;
  return is_unsigned &&
         std::all_of(one.values()->begin(), one.values()->end(), [](const auto* value) {
           return std::has_single_bit(static_cast<std::uint64_t>(value->value()));
         });
}

bool null_is_absent(const reflection::Field& field, bool of_point) {
  const BaseType base = field.type()->base_type();
  if (field.optional() || !is_scalar(base) || base == BaseType::UType) return true;
  return of_point && base == BaseType::Int;
}

std::string words_for_value(const JsonText& text, std::size_t at) {
  switch (text[at].kind) {
    case JsonText::Kind::null:
      return "null";
    case JsonText::Kind::boolean:
      return text[at].size == 1 ? "true" : "false";
    case JsonText::Kind::number:
      return "a number (" + std::string(text.text(at).substr(0, 40)) + ")";
    case JsonText::Kind::text:
      return "a text (" + in_quotes(text.text(at)) + ")";
    case JsonText::Kind::list:
      return "a list";
    case JsonText::Kind::object:
      return "an object";
  }
  return "";
}

std::string is_none_of(const reflection::Enum& one) {
  std::string names;
  std::size_t count = 0;
  for (const reflection::EnumVal* const value : *one.values()) {
    if (count++ == kMostNames) return " is none of " + names + " and more";
    names += (names.empty() ? "" : ", ") + value->name()->str();
  }
  return " is none of " + names;
}

std::string names_of(const reflection::Object& object) {
  std::string names;
  std::size_t count = 0;
  for (const reflection::Field* const field : *object.fields()) {
    if (field->deprecated()) continue;
    if (count++ == kMostNames) return names + " and more";
    names += (names.empty() ? "" : ", ") + field->name()->str();
  }
  return names.empty() ? "none" : names;
}

std::string hint_for(const reflection::Schema& schema, const reflection::Object& object,
                     std::string_view name) {
  const std::string wanted(name);
  const auto object_at = [&](const reflection::Type& type) {
    return schema.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
  };
  for (const reflection::Field* const field : *object.fields()) {
    const reflection::Type& type = *field->type();
    const std::string outer = field->name()->str();
    if (type.base_type() == BaseType::Obj && has_field(*object_at(type), wanted))
      return "; perhaps {\"" + outer + "\": {\"" + wanted + "\": ...}}";
    if (type.base_type() != BaseType::Union) continue;
    for (const auto* const kind :
         *schema.enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()))->values()) {
      const reflection::Type* const chosen = kind->union_type();
      if (chosen == nullptr || chosen->base_type() != BaseType::Obj) continue;
      if (has_field(*object_at(*chosen), wanted))
        return "; perhaps {\"" + outer + "_type\": \"" + kind->name()->str() + "\", \"" + outer +
               "\": {\"" + wanted + "\": ...}}, which makes it one of " +
               short_name(*object_at(*chosen));
    }
  }
  return "";
}

}  // namespace ringside
