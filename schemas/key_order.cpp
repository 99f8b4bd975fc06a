#include "schemas/key_order.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ringside {

using flatbuffers::uoffset_t;
using schema::Base;
using schema::Field;
using schema::Shape;

namespace {

bool is_before(Base base, const std::uint8_t* a, const std::uint8_t* b) {
  return schema::with_scalar(base, [&](auto zero) {
    using Scalar = decltype(zero);
    return flatbuffers::ReadScalar<Scalar>(a) < flatbuffers::ReadScalar<Scalar>(b);
  });
}

}  // namespace

void sort_by_key(const schema::Object& object, std::vector<std::uint8_t>& bytes) {
  const Field* const key = object.key;
  if (key == nullptr || !key->type.is_scalar()) return;
  std::vector<const std::uint8_t*> order(bytes.size() / object.size);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = bytes.data() + i * object.size;
  std::stable_sort(order.begin(), order.end(), [&](const std::uint8_t* a, const std::uint8_t* b) {
    return is_before(key->type.base, a + key->offset, b + key->offset);
  });
  std::vector<std::uint8_t> sorted;
  sorted.reserve(bytes.size());
  for (const std::uint8_t* const one : order) sorted.insert(sorted.end(), one, one + object.size);
  bytes = std::move(sorted);
}

void sort_by_key(const schema::Object& object, const flatbuffers::FlatBufferBuilder& builder,
                 std::vector<uoffset_t>& tables) {
  const Field* const key = object.key;
  if (key == nullptr) return;
  const auto table_at = [&](uoffset_t offset) {
    return reinterpret_cast<const flatbuffers::Table*>(builder.GetCurrentBufferPointer() +
                                                       builder.GetSize() - offset);
  };
  const auto value_at = [&](uoffset_t offset) {
    const std::uint8_t* const value = table_at(offset)->GetAddressOf(key->offset);
    return value == nullptr ? reinterpret_cast<const std::uint8_t*>(&key->default_bits) : value;
  };
  const auto text_at = [&](uoffset_t offset) {
    const auto* const text = table_at(offset)->GetPointer<const flatbuffers::String*>(key->offset);
    return text == nullptr ? std::string_view() : text->string_view();
  };
  const bool is_text = key->type.base == Base::string && key->type.shape == Shape::single;
  if (!is_text && !key->type.is_scalar()) return;
  std::stable_sort(tables.begin(), tables.end(), [&](uoffset_t a, uoffset_t b) {
    return is_text ? text_at(a) < text_at(b) : is_before(key->type.base, value_at(a), value_at(b));
  });
}

}  // namespace ringside
