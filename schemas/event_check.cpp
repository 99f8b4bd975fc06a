#include "schemas/event_check.hpp"

#include <algorithm>
#include <vector>

#include <flatbuffers/reflection_generated.h>

namespace ringside {
namespace {

using flatbuffers::Table;
using flatbuffers::voffset_t;
using reflection::BaseType;

constexpr flatbuffers::uoffset_t kMostTables = 1'000'000;
/// What a number, and what comes around any value, may take in JSON.
constexpr std::size_t kNumberText = 26;
constexpr std::size_t kMarksText = 6;
/// A byte of text may become \u00xx.
constexpr std::size_t kByteText = 6;

class Check {
 public:
  Check(const reflection::Schema& schema, Bytes event, std::size_t longest)
      : schema_(schema),
        bytes_(reinterpret_cast<const std::uint8_t*>(event.data())),
        buffer_(bytes_, event.size(), kDeepestEvent, kMostTables),
        text_left_(longest),
        enum_texts_(schema.enums()->size()),
        struct_texts_(schema.objects()->size()) {}

  EventVerdict run() {
    const flatbuffers::uoffset_t root = buffer_.VerifyOffset(0);
    if (root != 0 && table(*schema_.root_table(), bytes_ + root)) return EventVerdict::good;
    return is_too_long_ ? EventVerdict::too_long : EventVerdict::wrong;
  }

 private:
  bool print(std::size_t bytes) {
    is_too_long_ = is_too_long_ || bytes > text_left_;
    if (is_too_long_) return false;
    text_left_ -= bytes;
    return true;
  }

  /// `count` values of `each` bytes of text; neither product nor sum can overflow.
  bool print(std::size_t count, std::size_t each) {
    is_too_long_ = is_too_long_ || count > text_left_ / each;
    return !is_too_long_ && print(count * each);
  }

  const reflection::Object& object_of(const reflection::Type& type) const {
    return *schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
  }

  const reflection::Enum& enum_of(const reflection::Type& type) const {
    return *schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
  }

  /// The most that a scalar of this type takes: a number, or a name of its enum.
  std::size_t scalar_text(const reflection::Type& type) {
    if (type.index() < 0) return kNumberText + kMarksText;
    std::size_t& text = enum_texts_[static_cast<std::size_t>(type.index())];
    if (text != 0) return text;
    std::size_t longest = kNumberText;
    for (const reflection::EnumVal* value : *enum_of(type).values())
      longest = std::max<std::size_t>(longest, value->name()->size());
    return text = kMarksText + longest;
  }

  /// Not recursive without end, since check_schema allows no struct inside itself.
  std::size_t struct_text(const reflection::Type& type) {
    std::size_t& text = struct_texts_[static_cast<std::size_t>(type.index())];
    if (text != 0) return text;
    std::size_t all = kMarksText;
    for (const reflection::Field* field : *object_of(type).fields()) {
      const reflection::Type& inner = *field->type();
      const bool array = inner.base_type() == BaseType::Array;
      const BaseType base = array ? inner.element() : inner.base_type();
      const std::size_t one = base == BaseType::Obj ? struct_text(inner) : scalar_text(inner);
      all += field->name()->size() + kMarksText + one * (array ? inner.fixed_length() : 1U);
    }
    return text = all;
  }

  bool string(const std::uint8_t* at) {
    const auto* text = reinterpret_cast<const flatbuffers::String*>(at);
    return buffer_.VerifyString(text) && print(text->size(), kByteText) && print(kMarksText);
  }

  /// The table, or the struct, that an offset of a union leads to.
  bool object(const reflection::Type& type, const std::uint8_t* at) {
    const reflection::Object& one = object_of(type);
    if (!one.is_struct()) return table(one, at);
    return whole_struct(one, at) && print(struct_text(type));
  }

  bool whole_struct(const reflection::Object& one, const std::uint8_t* at) const {
    const auto place = static_cast<std::size_t>(at - bytes_);
    return buffer_.Verify(place, static_cast<std::size_t>(one.bytesize())) &&
           buffer_.VerifyAlignment(place, static_cast<std::size_t>(one.minalign()));
  }

  bool table(const reflection::Object& object, const std::uint8_t* at) {
    const auto& here = *reinterpret_cast<const Table*>(at);
    if (!here.VerifyTableStart(buffer_)) return false;
    for (const reflection::Field* one : *object.fields()) {
      const bool there = here.CheckField(one->offset());
      if (!there && one->required()) return false;
      // Scalars are printed also where they are not there.
      if (!print(one->name()->size() + kMarksText) || !field(*one, here, there)) return false;
    }
    return buffer_.EndTable();
  }

  bool field(const reflection::Field& one, const Table& here, bool there) {
    const reflection::Type& type = *one.type();
    const voffset_t offset = one.offset();
    switch (type.base_type()) {
      case BaseType::String:
      case BaseType::Vector:
      case BaseType::Union:
        break;
      case BaseType::Obj: {
        const reflection::Object& inner = object_of(type);
        if (!there) return true;
        if (!inner.is_struct()) break;
        return whole_struct(inner, here.GetAddressOf(offset)) && print(struct_text(type));
      }
      default:
        return print(scalar_text(type)) && scalar(type.base_type(), here, offset);
    }
    if (!there) return true;
    if (!here.VerifyOffset(buffer_, offset)) return false;
    const auto* target = here.GetPointer<const std::uint8_t*>(offset);
    switch (type.base_type()) {
      case BaseType::String:
        return string(target);
      case BaseType::Vector:
        return vector(type, here, offset, target);
      case BaseType::Union:
        return union_value(type, union_kind(here, offset), target);
      default:
        return table(object_of(type), target);
    }
  }

  bool scalar(BaseType base, const Table& here, voffset_t offset) const {
    switch (base) {
      case BaseType::Short:
      case BaseType::UShort:
        return here.VerifyField<std::uint16_t>(buffer_, offset, sizeof(std::uint16_t));
      case BaseType::Int:
      case BaseType::UInt:
      case BaseType::Float:
        return here.VerifyField<std::uint32_t>(buffer_, offset, sizeof(std::uint32_t));
      case BaseType::Long:
      case BaseType::ULong:
      case BaseType::Double:
        return here.VerifyField<std::uint64_t>(buffer_, offset, sizeof(std::uint64_t));
      default:
        return here.VerifyField<std::uint8_t>(buffer_, offset, sizeof(std::uint8_t));
    }
  }

  /// The type of the union at `offset`, from the field before it; 0 if it is not there.
  std::uint8_t union_kind(const Table& here, voffset_t offset) const {
    const auto before = static_cast<voffset_t>(offset - sizeof(voffset_t));
    if (!here.VerifyField<std::uint8_t>(buffer_, before, sizeof(std::uint8_t))) return 0;
    return here.GetField<std::uint8_t>(before, 0);
  }

  bool union_value(const reflection::Type& type, std::uint8_t kind, const std::uint8_t* at) {
    if (kind == 0) return false;
    for (const reflection::EnumVal* value : *enum_of(type).values()) {
      if (value->value() != kind) continue;
      const reflection::Type& chosen = *value->union_type();
      if (chosen.base_type() == BaseType::String) return string(at);
      return object(chosen, at);
    }
    return false;
  }

  /// A vector of `each` bytes an element, aligned as FlatBuffers aligns them.
  bool elements(const std::uint8_t* at, std::size_t each, std::size_t alignment, std::size_t text) {
    if (!buffer_.VerifyVectorOrString(at, each)) return false;
    const std::size_t count = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(at);
    const auto first = static_cast<std::size_t>(at - bytes_) + sizeof(flatbuffers::uoffset_t);
    return (count == 0 || buffer_.VerifyAlignment(first, alignment)) && print(kMarksText) &&
           print(count, text);
  }

  bool vector(const reflection::Type& type, const Table& here, voffset_t offset,
              const std::uint8_t* at) {
    switch (type.element()) {
      case BaseType::String:
      case BaseType::Union:
        return offsets(type, here, offset, at);
      case BaseType::Obj: {
        const reflection::Object& inner = object_of(type);
        if (!inner.is_struct()) return offsets(type, here, offset, at);
        return elements(at, static_cast<std::size_t>(inner.bytesize()),
                        static_cast<std::size_t>(inner.minalign()), struct_text(type));
      }
      case BaseType::Short:
      case BaseType::UShort:
        return elements(at, 2, 2, scalar_text(type));
      case BaseType::Int:
      case BaseType::UInt:
      case BaseType::Float:
        return elements(at, 4, 4, scalar_text(type));
      case BaseType::Long:
      case BaseType::ULong:
      case BaseType::Double:
        return elements(at, 8, 8, scalar_text(type));
      default:
        return elements(at, 1, 1, scalar_text(type));
    }
  }

  /// A vector of offsets; beside one of unions is one of as many types.
  bool offsets(const reflection::Type& type, const Table& here, voffset_t offset,
               const std::uint8_t* at) {
    constexpr std::size_t kEach = sizeof(flatbuffers::uoffset_t);
    if (!elements(at, kEach, kEach, kMarksText)) return false;
    const auto count = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(at);
    const flatbuffers::Vector<std::uint8_t>* kinds = nullptr;
    if (type.element() == BaseType::Union) {
      const auto before = static_cast<voffset_t>(offset - sizeof(voffset_t));
      if (!here.VerifyOffsetRequired(buffer_, before)) return false;
      kinds = here.GetPointer<const flatbuffers::Vector<std::uint8_t>*>(before);
      if (!buffer_.VerifyVector(kinds) || kinds->size() != count) return false;
    }
    for (flatbuffers::uoffset_t i = 0; i < count; ++i) {
      const auto place = static_cast<std::size_t>(at - bytes_) + kEach * (i + std::size_t{1});
      const flatbuffers::uoffset_t to = buffer_.VerifyOffset(place);
      if (to == 0) return false;
      const std::uint8_t* target = bytes_ + place + to;
      const bool good = kinds != nullptr ? union_value(type, kinds->Get(i), target)
                        : type.element() == BaseType::String ? string(target)
                                                             : table(object_of(type), target);
      if (!good) return false;
    }
    return true;
  }

  const reflection::Schema& schema_;
  const std::uint8_t* bytes_;
  flatbuffers::Verifier buffer_;
  std::size_t text_left_;
  bool is_too_long_ = false;
  /// What is known of their values' text; 0 where it was not yet asked for.
  std::vector<std::size_t> enum_texts_;
  std::vector<std::size_t> struct_texts_;
};

}  // namespace

EventVerdict judge_event(const reflection::Schema& schema, Bytes event, std::size_t longest) {
  constexpr std::size_t kSmallestEvent = 8;
  if (event.size() < kSmallestEvent) return EventVerdict::wrong;
  return Check(schema, event, longest).run();
}

bool check_event(const reflection::Schema& schema, Bytes event) {
  const std::size_t longest = kLongestJson + kLongestJsonTimes * event.size();
  return judge_event(schema, event, longest) == EventVerdict::good;
}

}  // namespace ringside
