#include "schemas/event_print.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include <flatbuffers/flatbuffers.h>
#include <rapidjson/writer.h>

#include "schemas/event_check.hpp"
#include "schemas/type_table.hpp"

namespace ringside {
namespace {

using flatbuffers::ReadScalar;
using flatbuffers::Table;
using flatbuffers::uoffset_t;
using schema::Base;
using schema::Field;
using schema::Object;
using schema::Shape;
using schema::Type;

/// What the writer writes to: text up to a limit, and then nothing.
class LimitedText {
 public:
  using Ch = char;
  explicit LimitedText(std::size_t longest) : longest_(longest) {}

  void Put(char c) {  // NOLINT(readability-identifier-naming): the writer's name for it
    if (size_ < text_.size() || grow()) text_[size_++] = c;
  }
  void Flush() {}  // NOLINT(readability-identifier-naming)

  bool is_full() const { return is_full_; }
  std::string take() {
    text_.resize(size_);
    return std::move(text_);
  }

 private:
  bool grow() {
    constexpr std::size_t kFirst = 256;
    is_full_ = is_full_ || size_ == longest_;
    if (!is_full_) text_.resize(std::min(longest_, std::max(kFirst, size_ + size_ / 2)));
    return !is_full_;
  }

  std::string text_;
  std::size_t size_ = 0;
  std::size_t longest_;
  bool is_full_ = false;
};

// NOLINTNEXTLINE(readability-identifier-naming): the writer looks for it by this name
inline void PutUnsafe(LimitedText& text, char c) {
  text.Put(c);
}

/// Prints one event that check_event() took: every offset leads to what the schema says, no deeper
/// than the check goes.
class Printer {
 public:
  explicit Printer(std::size_t longest) : text_(longest), writer_(text_) {}

  Result<std::string> run(const Object& root, Bytes event) {
    table(root, *flatbuffers::GetRoot<Table>(event.data()));
    if (text_.is_full()) return fail(Errc::too_large, "the event is too long as JSON");
    if (!is_utf8_) return fail(Errc::bad_event, "the event holds text that is not UTF-8");
    return text_.take();
  }

 private:
  void string(std::string_view text) {
    if (text_.is_full()) return void(writer_.Null());  // whatever it is, a value is due
    const auto size = static_cast<rapidjson::SizeType>(text.size());
    is_utf8_ = writer_.String(text.data(), size) && is_utf8_;
  }

  void key(const Field& field) {
    writer_.Key(field.name.data(), static_cast<rapidjson::SizeType>(field.name.size()));
  }

  /// The shortest text that is read as the same bits, with a fraction or an exponent.
  template <class Real>
  void real(Real value) {
    if (!std::isfinite(value)) {
      writer_.String(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
      return;
    }
    std::array<char, 32> text;
    char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    if (std::find_if(text.data(), end, [](char c) { return c == '.' || c == 'e'; }) == end) {
      *end++ = '.';
      *end++ = '0';
    }
    writer_.RawValue(text.data(), static_cast<std::size_t>(end - text.data()),
                     rapidjson::kNumberType);
  }

  /// A whole number is its name where it is a value of an enum.
  template <class Scalar>
  void scalar(const Type& type, const std::uint8_t* at) {
    if constexpr (std::is_same_v<Scalar, bool>) {
      writer_.Bool(*at != 0);
    } else if constexpr (std::is_floating_point_v<Scalar>) {
      real(ReadScalar<Scalar>(at));
    } else {
      const auto value = ReadScalar<Scalar>(at);
      const schema::EnumValue* const named =
          type.names == nullptr ? nullptr : type.names->find(static_cast<std::uint64_t>(value));
      if (named != nullptr)
        string(named->name);
      else if constexpr (std::is_signed_v<Scalar>)
        writer_.Int64(value);
      else
        writer_.Uint64(value);
    }
  }

  void scalar(const Type& type, const std::uint8_t* at) {
    schema::with_scalar(type.base, [&](auto zero) { scalar<decltype(zero)>(type, at); });
  }

  /// A scalar or structure.
  void in_place(const Type& type, const std::uint8_t* at) {
    if (type.base != Base::structure) return scalar(type, at);
    writer_.StartObject();
    for (const Field& field : type.object->fields) {
      key(field);
      if (field.type.shape == Shape::array)
        list(field.type, at + field.offset, field.type.length);
      else
        in_place(field.type, at + field.offset);
    }
    writer_.EndObject();
  }

  /// Values in place, one after the other.
  void list(const Type& type, const std::uint8_t* at, std::size_t count) {
    writer_.StartArray();
    for (std::size_t i = 0; i < count && !text_.is_full(); ++i, at += type.size) in_place(type, at);
    writer_.EndArray();
  }

  /// What an offset leads to: `type` is not that of a union, but of the one of its kinds.
  void value(const Type& type, const std::uint8_t* at) {
    if (type.base == Base::string)
      string(reinterpret_cast<const flatbuffers::String*>(at)->string_view());
    else if (type.base == Base::table)
      table(*type.object, *reinterpret_cast<const Table*>(at));
    else
      in_place(type, at);
  }

  static const std::uint8_t* target(const std::uint8_t* at) {
    return at + ReadScalar<uoffset_t>(at);
  }

  void vector(const Field& field, const Table& here, const std::uint8_t* at) {
    const Type& type = field.type;
    const auto count = ReadScalar<uoffset_t>(at);
    at += sizeof(uoffset_t);
    if (type.is_in_place()) return list(type, at, count);
    // Beside a vector of unions is one of their types.
    const std::uint8_t* const kinds =
        type.base == Base::union_value
            ? target(here.GetAddressOf(field.type_offset())) + sizeof(uoffset_t)
            : nullptr;
    writer_.StartArray();
    for (uoffset_t i = 0; i < count && !text_.is_full(); ++i, at += sizeof(uoffset_t))
      value(kinds == nullptr ? type : type.names->find(kinds[i])->type, target(at));
    writer_.EndArray();
  }

  void present(const Field& field, const Table& here, const std::uint8_t* at) {
    if (field.type.shape == Shape::vector) return vector(field, here, target(at));
    if (field.type.is_in_place()) return in_place(field.type, at);
    if (field.type.base != Base::union_value) return value(field.type, target(at));
    const std::uint8_t kind = *here.GetAddressOf(field.type_offset());
    value(field.type.names->find(kind)->type, target(at));
  }

  /// Scalars that are not there are printed as their default.
  void table(const Object& object, const Table& here) {
    writer_.StartObject();
    for (const Field& field : object.fields) {
      if (text_.is_full()) break;
      if (field.is_deprecated) continue;  // nobody reads it any more, and nobody may write it
      const std::uint8_t* const at = here.GetAddressOf(field.offset);
      if (at == nullptr && !field.type.is_scalar()) continue;
      key(field);
      if (at != nullptr)
        present(field, here, at);
      else if (field.is_optional)
        writer_.Null();
      else
        scalar(field.type, reinterpret_cast<const std::uint8_t*>(&field.default_bits));
    }
    writer_.EndObject();
  }

  LimitedText text_;
  // ASCII, so that nothing in it means anything to a terminal; it refuses what is not UTF-8.
  rapidjson::Writer<LimitedText, rapidjson::UTF8<>, rapidjson::ASCII<>> writer_;
  bool is_utf8_ = true;
};

}  // namespace

Result<EventPrinter> EventPrinter::from_schema(Bytes schema) {
  RINGSIDE_TRY(auto types, TypeTable::compile(schema));
  return EventPrinter(std::move(types));
}

Result<std::string> EventPrinter::print(Bytes event) const {
  if (!check_event(*types_, event))
    return fail(Errc::bad_event, "the event does not verify against the segment's schema");
  return Printer(std::string::npos).run(types_->root(), event);
}

Result<std::string> EventPrinter::print(Bytes event, std::size_t longest) const {
  // The check counts each value as long as any can be: a number of one digit as 32 bytes.
  constexpr std::size_t kTimes = 16;
  switch (judge_event(*types_, event, kTimes * longest)) {
    case EventVerdict::wrong:
      return fail(Errc::bad_event, "the event does not verify against the segment's schema");
    case EventVerdict::too_long:
      return fail(Errc::too_large, "the event is too long as JSON");
    case EventVerdict::good:
      break;
  }
  return Printer(longest).run(types_->root(), event);
}

}  // namespace ringside
