#include "tests/producer/event_value.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include <flatbuffers/flatbuffers.h>
#include <flatbuffers/reflection.h>

namespace ringside::test {
namespace {

using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;
using reflection::BaseType;
using reflection::Field;
using reflection::Object;
using reflection::Type;

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
    std::memcpy(&bits, at, flatbuffers::GetTypeSize(base));
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
    const std::size_t each = structs ? static_cast<std::size_t>(object_of(type).bytesize())
                                     : flatbuffers::GetTypeSize(type.element());
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
    return flatbuffers::GetTypeSize(base) == 8
               ? bits
               : bits & ((std::uint64_t{1} << (8 * flatbuffers::GetTypeSize(base))) - 1);
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

std::string value_of(const reflection::Schema& schema, Bytes event) {
  return Value(schema).of(event);
}

}  // namespace ringside::test
