#include "tests/producer/random_event.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include <flatbuffers/reflection.h>

namespace ringside::test {
namespace {

using flatbuffers::Offset;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;
using reflection::BaseType;
using reflection::Field;
using reflection::Object;
using reflection::Type;

class Maker {
 public:
  Maker(Dice& dice, const reflection::Schema& schema) : dice_(dice), schema_(schema) {}

  std::vector<std::byte> event(std::size_t depth) {
    const uoffset_t root = table(*schema_.root_table(), depth, 0);
    const bool has_id = schema_.file_ident() != nullptr && schema_.file_ident()->size() == 4;
    builder_.Finish(Offset<void>(root), has_id ? schema_.file_ident()->c_str() : nullptr);
    const auto bytes = std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
    return {bytes.begin(), bytes.end()};
  }

 private:
  const Object& object_of(const Type& type) const {
    return *schema_.objects()->Get(static_cast<uoffset_t>(type.index()));
  }
  const reflection::Enum& enum_of(const Type& type) const {
    return *schema_.enums()->Get(static_cast<uoffset_t>(type.index()));
  }

  std::uint64_t scalar(const Type& type, BaseType base) {
    if (type.index() >= 0 && base != BaseType::Obj && dice_.one_in(2)) {
      const auto& values = *enum_of(type).values();
      return static_cast<std::uint64_t>(
          values.Get(static_cast<uoffset_t>(dice_.roll(values.size())))->value());
    }
    if (base == BaseType::Bool) return dice_.roll(2);
    if (base == BaseType::Float) {
      const std::array<float, 8> special = {-0.0F,
                                            std::numeric_limits<float>::quiet_NaN(),
                                            std::numeric_limits<float>::infinity(),
                                            -std::numeric_limits<float>::infinity(),
                                            std::numeric_limits<float>::denorm_min(),
                                            std::numeric_limits<float>::max(),
                                            0.1F,
                                            0.0F};
      return dice_.one_in(2) ? std::bit_cast<std::uint32_t>(dice_.pick(special)) : dice_.bits();
    }
    if (base == BaseType::Double) {
      const std::array<double, 8> special = {-0.0,
                                             std::numeric_limits<double>::quiet_NaN(),
                                             std::numeric_limits<double>::infinity(),
                                             -std::numeric_limits<double>::infinity(),
                                             std::numeric_limits<double>::denorm_min(),
                                             std::numeric_limits<double>::max(),
                                             0.1,
                                             1e22};
      return dice_.one_in(2) ? std::bit_cast<std::uint64_t>(dice_.pick(special)) : dice_.bits();
    }
    const std::array<std::uint64_t, 5> special = {0, 1, std::numeric_limits<std::uint64_t>::max(),
                                                  std::uint64_t{1} << 63, 127};
    return dice_.one_in(2) ? dice_.pick(special) : dice_.bits();
  }

  std::string text() {
    static const std::array<std::string, 14> pieces = {"a",
                                                       "\"",
                                                       "\\",
                                                       "/",
                                                       "\n\t\r",
                                                       "\x01\x1F\x7F",
                                                       std::string(1, '\0'),
                                                       "\xC3\xA9",
                                                       "\xE2\x80\xA8",
                                                       "\xF0\x9F\xA5\x8A",
                                                       "\xEF\xBF\xBF",
                                                       "\xF4\x8F\xBF\xBF",
                                                       "NaN",
                                                       "null"};
    std::string made;
    for (std::size_t i = dice_.roll(5); i > 0; --i) made += dice_.pick(pieces);
    return made;
  }

  /// `number` is that of the element in its vector, by which its key is in order.
  void structure(const Object& object, std::uint8_t* to, std::size_t number) {
    for (const Field* const field : *object.fields()) {
      const Type& type = *field->type();
      std::uint8_t* const at = to + field->offset();
      const bool is_array = type.base_type() == BaseType::Array;
      const BaseType base = is_array ? type.element() : type.base_type();
      const std::size_t each = base == BaseType::Obj
                                   ? static_cast<std::size_t>(object_of(type).bytesize())
                                   : flatbuffers::GetTypeSize(base);
      for (std::size_t i = 0; i < (is_array ? type.fixed_length() : 1U); ++i) {
        const std::uint64_t bits = field->key() ? number : scalar(type, base);
        if (base == BaseType::Obj)
          structure(object_of(type), at + i * each, 0);
        else
          std::memcpy(at + i * each, &bits, each);
      }
    }
  }

  std::vector<std::uint8_t> structure(const Object& object, std::size_t number) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(object.bytesize()));
    structure(object, bytes.data(), number);
    return bytes;
  }

  struct Made {
    const Field* field = nullptr;
    std::uint64_t bits = 0;
    uoffset_t offset = 0;
    std::vector<std::uint8_t> bytes{};
  };

  uoffset_t union_value(const Type& type, std::uint64_t kind, std::size_t depth) {
    const auto& chosen = *enum_of(type).values()->Get(static_cast<uoffset_t>(kind))->union_type();
    if (chosen.base_type() == BaseType::String) return builder_.CreateString(text()).o;
    const Object& object = object_of(chosen);
    if (!object.is_struct()) return table(object, depth - 1, 0);
    const auto bytes = structure(object, 0);
    builder_.StartStruct(static_cast<std::size_t>(object.minalign()));
    builder_.PushBytes(bytes.data(), bytes.size());
    return builder_.EndStruct();
  }

  /// Of a union's kinds one that ends soon enough.
  std::uint64_t kind(std::size_t depth) {
    return depth > 1 ? 1 + dice_.roll(4) : 2 + dice_.roll(2);
  }

  uoffset_t vector(const Type& type, std::size_t depth, const std::vector<std::uint64_t>& kinds) {
    const BaseType element = type.element();
    const bool is_union = element == BaseType::Union;
    const std::size_t count = is_union ? kinds.size() : dice_.roll(4);
    const bool is_struct = element == BaseType::Obj && object_of(type).is_struct();
    if (element == BaseType::String || is_union || (element == BaseType::Obj && !is_struct)) {
      std::vector<Offset<void>> all;
      for (std::size_t i = 0; i < count; ++i)
        all.emplace_back(element == BaseType::String ? builder_.CreateString(text()).o
                         : is_union                  ? union_value(type, kinds[i], depth)
                                                     : table(object_of(type), depth - 1, i));
      return builder_.CreateVector(all).o;
    }
    std::vector<std::uint8_t> bytes{};
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t bits = scalar(type, is_struct ? BaseType::ULong : element);
      std::vector<std::uint8_t> one(
          flatbuffers::GetTypeSize(is_struct ? BaseType::ULong : element));
      std::memcpy(one.data(), &bits, one.size());
      if (is_struct) one = structure(object_of(type), i);
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    const auto alignment = is_struct ? static_cast<std::size_t>(object_of(type).minalign())
                                     : flatbuffers::GetTypeSize(element);
    builder_.StartVector(bytes.size() / alignment, alignment);
    builder_.PushBytes(bytes.data(), bytes.size());
    return builder_.EndVector(count);
  }

  bool is_table(const Type& type) const {
    return type.base_type() == BaseType::Obj && !object_of(type).is_struct();
  }

  uoffset_t table(const Object& object, std::size_t depth, std::size_t number) {
    std::vector<const Field*> by_id(object.fields()->size());
    for (const Field* const field : *object.fields()) by_id[field->id()] = field;
    std::vector<Made> all;
    std::vector<std::uint64_t> kinds;
    for (const Field* const field : by_id) {
      const Type& type = *field->type();
      const bool leads_on = is_table(type) || (type.base_type() == BaseType::Vector &&
                                               type.element() == BaseType::Obj && depth <= 1);
      if (leads_on && depth <= 1) continue;
      if (!field->required() && !field->key() && dice_.one_in(3)) {
        if (type.base_type() == BaseType::UType || type.element() == BaseType::UType) kinds.clear();
        continue;
      }
      Made made{.field = field};
      switch (type.base_type()) {
        case BaseType::String:
          made.offset =
              builder_
                  .CreateString(field->key() ? std::string("k").append(1 + number, 'x') : text())
                  .o;
          break;
        case BaseType::Obj:
          if (is_table(type))
            made.offset = table(object_of(type), depth - 1, 0);
          else
            made.bytes = structure(object_of(type), 0);
          break;
        case BaseType::UType:
          kinds = {kind(depth)};
          made.bits = kinds.front();
          break;
        case BaseType::Union:
          if (kinds.empty()) continue;
          made.offset = union_value(type, kinds.front(), depth);
          break;
        case BaseType::Vector:
          if (type.element() == BaseType::UType) {
            kinds.clear();
            for (std::size_t i = dice_.roll(4); i > 0; --i) kinds.push_back(kind(depth));
            const std::vector<std::uint8_t> bytes(kinds.begin(), kinds.end());
            made.offset = builder_.CreateVector(bytes).o;
          } else {
            if (type.element() == BaseType::Union && !types_of(all, *field)) continue;
            made.offset = vector(type, depth, kinds);
          }
          break;
        default:
          made.bits = field->key() ? number : scalar(type, type.base_type());
      }
      all.push_back(std::move(made));
    }
    return finish(all);
  }

  static bool types_of(const std::vector<Made>& all, const Field& field) {
    return !all.empty() && all.back().field->id() + 1 == field.id();
  }

  uoffset_t finish(const std::vector<Made>& all) {
    const uoffset_t start = builder_.StartTable();
    for (const Made& made : all) {
      const voffset_t at = made.field->offset();
      const BaseType base = made.field->type()->base_type();
      if (!made.bytes.empty()) {
        builder_.Align(static_cast<std::size_t>(object_of(*made.field->type()).minalign()));
        builder_.PushBytes(made.bytes.data(), made.bytes.size());
        builder_.AddStructOffset(at, builder_.GetSize());
      } else if (base > BaseType::Double) {
        builder_.AddOffset(at, Offset<void>(made.offset));
      } else if (flatbuffers::GetTypeSize(base) == 8) {
        builder_.AddElement(at, made.bits);
      } else if (flatbuffers::GetTypeSize(base) == 4) {
        builder_.AddElement(at, static_cast<std::uint32_t>(made.bits));
      } else if (flatbuffers::GetTypeSize(base) == 2) {
        builder_.AddElement(at, static_cast<std::uint16_t>(made.bits));
      } else {
        builder_.AddElement(at, static_cast<std::uint8_t>(made.bits));
      }
    }
    return builder_.EndTable(start);
  }

  Dice& dice_;
  const reflection::Schema& schema_;
  flatbuffers::FlatBufferBuilder builder_;
};

}  // namespace

std::vector<std::byte> random_event(Dice& dice, const reflection::Schema& schema,
                                    std::size_t depth) {
  return Maker(dice, schema).event(depth);
}

}  // namespace ringside::test
