#include "schemas/event_check.hpp"

#include <flatbuffers/flatbuffers.h>

namespace ringside {
namespace {

using flatbuffers::Table;
using flatbuffers::uoffset_t;
using schema::Base;
using schema::EnumValue;
using schema::Field;
using schema::kMarksJson;
using schema::Object;
using schema::Shape;
using schema::Type;

constexpr uoffset_t kMostTables = 1'000'000;
/// A byte of text may become \u00xx.
constexpr std::size_t kByteJson = 6;

class Check {
 public:
  Check(Bytes event, std::size_t longest)
      : bytes_(reinterpret_cast<const std::uint8_t*>(event.data())),
        buffer_(bytes_, event.size(), kDeepestEvent, kMostTables),
        json_left_(longest) {}

  EventVerdict run(const TypeTable& types) {
    const std::uint8_t* const root = target(bytes_);
    if (root != nullptr && table(types.root(), root)) return EventVerdict::good;
    return is_too_long_ ? EventVerdict::too_long : EventVerdict::wrong;
  }

 private:
  /// Whether `count` values of `each` bytes of JSON fit. The product cannot overflow: a count has
  /// 32 bits, and a value less: a struct has 65,535 bytes, in 32 levels of names of 256 characters.
  bool fits(std::uint64_t count, std::uint64_t each) {
    is_too_long_ = is_too_long_ || count * each > json_left_;
    if (!is_too_long_) json_left_ -= count * each;
    return !is_too_long_;
  }

  std::size_t offset_of(const std::uint8_t* at) const {
    return static_cast<std::size_t>(at - bytes_);
  }

  /// What the offset at `at` leads to; null if that is outside.
  const std::uint8_t* target(const std::uint8_t* at) const {
    const uoffset_t offset = buffer_.VerifyOffset(offset_of(at));
    return offset == 0 ? nullptr : at + offset;
  }

  bool string(const std::uint8_t* at) {
    const auto* const text = reinterpret_cast<const flatbuffers::String*>(at);
    return buffer_.VerifyString(text) && fits(text->size(), kByteJson) && fits(1, kMarksJson);
  }

  bool in_place(const Type& type, const std::uint8_t* at) {
    return buffer_.Verify(offset_of(at), type.size) &&
           buffer_.VerifyAlignment(offset_of(at), type.alignment) && fits(1, type.longest_json());
  }

  /// What an offset has led to; of a union also one of its structs.
  bool value(const Type& type, const std::uint8_t* at) {
    if (type.base == Base::string) return string(at);
    return type.base == Base::table ? table(*type.object, at) : in_place(type, at);
  }

  bool union_value(const Type& type, std::uint8_t kind, const std::uint8_t* at) {
    const EnumValue* const chosen = kind == 0 ? nullptr : type.names->find(kind);
    return chosen != nullptr && value(chosen->type, at);
  }

  /// Not deeper than kDeepestEvent, which the verifier counts.
  bool table(const Object& object, const std::uint8_t* at) {
    const auto& here = *reinterpret_cast<const Table*>(at);
    if (!here.VerifyTableStart(buffer_)) return false;
    for (const Field& one : object.fields) {
      const std::uint8_t* const there = here.GetAddressOf(one.offset);
      if (there == nullptr && one.is_required) return false;
      if (!fits(1, one.name.size() + kMarksJson)) return false;
      // Scalars are printed also where they are not there.
      const bool is_good = there != nullptr
                               ? field(one, here, there)
                               : !one.type.is_scalar() || fits(1, one.type.longest_json());
      if (!is_good) return false;
    }
    return buffer_.EndTable();
  }

  bool field(const Field& one, const Table& here, const std::uint8_t* at) {
    if (one.type.shape == Shape::single && one.type.is_in_place()) return in_place(one.type, at);
    const std::uint8_t* const to = target(at);
    if (to == nullptr) return false;
    if (one.type.shape == Shape::vector) return vector(one, here, to);
    if (one.type.base != Base::union_value) return value(one.type, to);
    const std::uint8_t* const kind = here.GetAddressOf(one.type_offset());
    return kind != nullptr && buffer_.Verify(offset_of(kind), 1) &&
           union_value(one.type, *kind, to);
  }

  /// Its elements, aligned as FlatBuffers aligns them; where they are offsets, also what those lead
  /// to. Beside a vector of unions is one of as many types.
  bool vector(const Field& one, const Table& here, const std::uint8_t* at) {
    const Type& type = one.type;
    if (!buffer_.VerifyVectorOrString(at, type.size)) return false;
    const auto count = flatbuffers::ReadScalar<uoffset_t>(at);
    at += sizeof(uoffset_t);
    if (count != 0 && !buffer_.VerifyAlignment(offset_of(at), type.alignment)) return false;
    if (!fits(1, kMarksJson) || !fits(count, type.is_in_place() ? type.longest_json() : kMarksJson))
      return false;
    if (type.is_in_place()) return true;
    const std::uint8_t* kinds = nullptr;
    if (type.base == Base::union_value) {
      const std::uint8_t* const beside = here.GetAddressOf(one.type_offset());
      kinds = beside == nullptr ? nullptr : target(beside);
      if (kinds == nullptr || !buffer_.VerifyVectorOrString(kinds, 1) ||
          flatbuffers::ReadScalar<uoffset_t>(kinds) != count)
        return false;
      kinds += sizeof(uoffset_t);
    }
    for (uoffset_t i = 0; i < count; ++i, at += sizeof(uoffset_t)) {
      const std::uint8_t* const to = target(at);
      if (to == nullptr || !(kinds == nullptr ? value(type, to) : union_value(type, kinds[i], to)))
        return false;
    }
    return true;
  }

  const std::uint8_t* bytes_;
  flatbuffers::Verifier buffer_;
  std::size_t json_left_;
  bool is_too_long_ = false;
};

}  // namespace

EventVerdict judge_event(const TypeTable& types, Bytes event, std::size_t longest) {
  constexpr std::size_t kSmallestEvent = 8;
  if (event.size() < kSmallestEvent) return EventVerdict::wrong;
  return Check(event, longest).run(types);
}

bool check_event(const TypeTable& types, Bytes event) {
  const std::size_t longest = kLongestJson + kLongestJsonTimes * event.size();
  return judge_event(types, event, longest) == EventVerdict::good;
}

}  // namespace ringside
