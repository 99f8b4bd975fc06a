#include "tests/producer/random_event.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace ringside::test {
namespace {

using flatbuffers::Offset;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;
using reflection::BaseType;
using reflection::Field;
using reflection::Object;
using reflection::Type;

std::size_t size_of(BaseType base) {
  constexpr std::array<std::size_t, 13> kSizes = {0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return kSizes.at(static_cast<std::size_t>(base));
}

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
                                   : size_of(base);
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
      std::vector<std::uint8_t> one(size_of(is_struct ? BaseType::ULong : element));
      std::memcpy(one.data(), &bits, one.size());
      if (is_struct) one = structure(object_of(type), i);
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    const auto alignment =
        is_struct ? static_cast<std::size_t>(object_of(type).minalign()) : size_of(element);
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
      } else if (size_of(base) == 8) {
        builder_.AddElement(at, made.bits);
      } else if (size_of(base) == 4) {
        builder_.AddElement(at, static_cast<std::uint32_t>(made.bits));
      } else if (size_of(base) == 2) {
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

class Value {
 public:
  explicit Value(const reflection::Schema& schema) : schema_(schema) {}

  std::string of(Bytes event) {
    table(*schema_.root_table(), *flatbuffers::GetRoot<flatbuffers::Table>(event.data()));
    return std::move(text_);
  }

 private:
  const Object& object_of(const Type& type) const {
    return *schema_.objects()->Get(static_cast<uoffset_t>(type.index()));
  }

  void put(std::uint64_t bits, BaseType base) {
    if (base == BaseType::Float &&
        std::isnan(std::bit_cast<float>(static_cast<std::uint32_t>(bits))))
      text_ += "nan ";
    else if (base == BaseType::Double && std::isnan(std::bit_cast<double>(bits)))
      text_ += "nan ";
    else
      text_ += std::to_string(bits) + " ";
  }

  void scalar(const std::uint8_t* at, BaseType base) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, at, size_of(base));
    put(bits, base);
  }

  void string(const std::uint8_t* at) {
    const auto* const text = reinterpret_cast<const flatbuffers::String*>(at);
    text_.append(std::to_string(text->size())).append(text->str()).push_back(' ');
  }

  void structure(const Object& object, const std::uint8_t* at) {
    for (const Field* const field : *object.fields()) {
      const Type& type = *field->type();
      if (type.base_type() == BaseType::Array)
        elements(type, at + field->offset(), type.fixed_length());
      else if (type.base_type() == BaseType::Obj)
        structure(object_of(type), at + field->offset());
      else
        scalar(at + field->offset(), type.base_type());
    }
  }

  void elements(const Type& type, const std::uint8_t* at, std::size_t count) {
    const bool structs = type.element() == BaseType::Obj;
    const std::size_t each =
        structs ? static_cast<std::size_t>(object_of(type).bytesize()) : size_of(type.element());
    text_ += "[";
    for (std::size_t i = 0; i < count; ++i) {
      if (structs)
        structure(object_of(type), at + i * each);
      else
        scalar(at + i * each, type.element());
    }
    text_ += "] ";
  }

  void object(const Type& type, const std::uint8_t* at) {
    if (object_of(type).is_struct()) return structure(object_of(type), at);
    table(object_of(type), *reinterpret_cast<const flatbuffers::Table*>(at));
  }

  void union_value(const Type& type, std::uint8_t kind, const std::uint8_t* at) {
    const auto& one = *schema_.enums()->Get(static_cast<uoffset_t>(type.index()));
    const Type& chosen = *one.values()->Get(kind)->union_type();  // these count from 0
    if (chosen.base_type() == BaseType::String) return string(at);
    object(chosen, at);
  }

  void vector(const Type& type, const flatbuffers::Table& here, voffset_t offset) {
    const auto* at = here.GetPointer<const std::uint8_t*>(offset);
    const auto count = flatbuffers::ReadScalar<uoffset_t>(at);
    at += sizeof(uoffset_t);
    const BaseType element = type.element();
    if (element != BaseType::String && element != BaseType::Union &&
        !(element == BaseType::Obj && !object_of(type).is_struct()))
      return elements(type, at, count);
    text_ += "[";
    for (uoffset_t i = 0; i < count; ++i, at += sizeof(uoffset_t)) {
      const std::uint8_t* const target = at + flatbuffers::ReadScalar<uoffset_t>(at);
      if (element == BaseType::String)
        string(target);
      else if (element == BaseType::Union)
        union_value(type, kinds_of(here, offset)->Get(i), target);
      else
        object(type, target);
    }
    text_ += "] ";
  }

  static const flatbuffers::Vector<std::uint8_t>* kinds_of(const flatbuffers::Table& here,
                                                           voffset_t offset) {
    return here.GetPointer<const flatbuffers::Vector<std::uint8_t>*>(
        static_cast<voffset_t>(offset - sizeof(voffset_t)));
  }

  static std::uint64_t default_of(const Field& field) {
    const BaseType base = field.type()->base_type();
    if (base == BaseType::Float)
      return std::bit_cast<std::uint32_t>(static_cast<float>(field.default_real()));
    if (base == BaseType::Double) return std::bit_cast<std::uint64_t>(field.default_real());
    const auto bits = static_cast<std::uint64_t>(field.default_integer());
    return size_of(base) == 8 ? bits : bits & ((std::uint64_t{1} << (8 * size_of(base))) - 1);
  }

  void table(const Object& object, const flatbuffers::Table& here) {
    text_ += "{";
    for (const Field* const field : *object.fields()) {
      if (field->deprecated()) continue;
      const Type& type = *field->type();
      const voffset_t offset = field->offset();
      const bool is_scalar = type.base_type() <= BaseType::Double;
      text_ += field->name()->str() + ":";
      if (!here.CheckField(offset)) {
        if (is_scalar && !field->optional())
          put(default_of(*field), type.base_type());
        else
          text_ += "absent ";
      } else if (is_scalar) {
        scalar(here.GetAddressOf(offset), type.base_type());
      } else if (type.base_type() == BaseType::String) {
        string(here.GetPointer<const std::uint8_t*>(offset));
      } else if (type.base_type() == BaseType::Vector) {
        vector(type, here, offset);
      } else if (type.base_type() == BaseType::Union) {
        union_value(
            type,
            here.GetField<std::uint8_t>(static_cast<voffset_t>(offset - sizeof(voffset_t)), 0),
            here.GetPointer<const std::uint8_t*>(offset));
      } else if (object_of(type).is_struct()) {
        structure(object_of(type), here.GetAddressOf(offset));
      } else {
        table(object_of(type), *here.GetPointer<const flatbuffers::Table*>(offset));
      }
    }
    text_ += "} ";
  }

  const reflection::Schema& schema_;
  std::string text_;
};

}  // namespace

std::vector<std::byte> random_event(Dice& dice, const reflection::Schema& schema,
                                    std::size_t depth) {
  return Maker(dice, schema).event(depth);
}

std::string value_of(const reflection::Schema& schema, Bytes event) {
  return Value(schema).of(event);
}

}  // namespace ringside::test
