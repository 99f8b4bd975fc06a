#include "schemas/key_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "schemas/schema_values.hpp"

namespace ringside {
namespace {

using flatbuffers::ReadScalar;
using flatbuffers::uoffset_t;
using reflection::BaseType;

const reflection::Field* key_of(const reflection::Object& object) {
  for (const reflection::Field* const field : *object.fields())
    if (field->key()) return field;
  return nullptr;
}

template <class Value>
bool is_less(const std::uint8_t* a, const std::uint8_t* b) {
  return ReadScalar<Value>(a) < ReadScalar<Value>(b);
}

bool is_before(BaseType base, const std::uint8_t* a, const std::uint8_t* b) {
  switch (base) {
    case BaseType::Byte:
      return is_less<std::int8_t>(a, b);
    case BaseType::Short:
      return is_less<std::int16_t>(a, b);
    case BaseType::UShort:
      return is_less<std::uint16_t>(a, b);
    case BaseType::Int:
      return is_less<std::int32_t>(a, b);
    case BaseType::UInt:
      return is_less<std::uint32_t>(a, b);
    case BaseType::Long:
      return is_less<std::int64_t>(a, b);
    case BaseType::ULong:
      return is_less<std::uint64_t>(a, b);
    case BaseType::Float:
      return is_less<float>(a, b);
    case BaseType::Double:
      return is_less<double>(a, b);
    default:
      return *a < *b;
  }
}

}  // namespace

void sort_by_key(const reflection::Object& object, std::vector<std::uint8_t>& bytes) {
  const reflection::Field* const key = key_of(object);
  if (key == nullptr || !is_scalar(key->type()->base_type())) return;
  const auto each = static_cast<std::size_t>(object.bytesize());
  std::vector<const std::uint8_t*> order(bytes.size() / each);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = bytes.data() + i * each;
  std::stable_sort(order.begin(), order.end(), [&](const std::uint8_t* a, const std::uint8_t* b) {
    return is_before(key->type()->base_type(), a + key->offset(), b + key->offset());
  });
  std::vector<std::uint8_t> sorted;
  sorted.reserve(bytes.size());
  for (const std::uint8_t* const one : order) sorted.insert(sorted.end(), one, one + each);
  bytes = std::move(sorted);
}

void sort_by_key(const reflection::Object& object, const flatbuffers::FlatBufferBuilder& builder,
                 std::vector<uoffset_t>& tables) {
  const reflection::Field* const key = key_of(object);
  if (key == nullptr) return;
  const BaseType base = key->type()->base_type();
  const std::uint64_t unset = default_bits(*key);  // little-endian
  const auto table_at = [&](uoffset_t offset) {
    return reinterpret_cast<const flatbuffers::Table*>(builder.GetCurrentBufferPointer() +
                                                       builder.GetSize() - offset);
  };
  const auto value_at = [&](uoffset_t offset) {
    const std::uint8_t* const value = table_at(offset)->GetAddressOf(key->offset());
    return value == nullptr ? reinterpret_cast<const std::uint8_t*>(&unset) : value;
  };
  const auto text_at = [&](uoffset_t offset) {
    return table_at(offset)->GetPointer<const flatbuffers::String*>(key->offset())->string_view();
  };
  std::stable_sort(tables.begin(), tables.end(), [&](uoffset_t a, uoffset_t b) {
    return base == BaseType::String ? text_at(a) < text_at(b)
                                    : is_before(base, value_at(a), value_at(b));
  });
}

std::uint64_t default_bits(const reflection::Field& field) {
  const BaseType base = field.type()->base_type();
  if (base == BaseType::Float)
    return std::bit_cast<std::uint32_t>(static_cast<float>(field.default_real()));
  if (base == BaseType::Double) return std::bit_cast<std::uint64_t>(field.default_real());
  return static_cast<std::uint64_t>(field.default_integer());
}

}  // namespace ringside
