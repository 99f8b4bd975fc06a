#include "schemas/event_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <type_traits>

#include <flatbuffers/reflection_generated.h>
#include <rapidjson/writer.h>

#include "schemas/event_check.hpp"
#include "schemas/schema_check.hpp"

namespace ringside {
namespace {

using flatbuffers::Table;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;
using reflection::BaseType;

std::size_t index_of(const reflection::Type& type) {
  return static_cast<std::size_t>(type.index());
}

std::size_t size_of(BaseType scalar) {
  switch (scalar) {
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

/// Prints one event that check_event() took, by a schema that check_schema() took: every offset
/// leads to what the schema says, no deeper than the check goes.
class Printer {
 public:
  Printer(const reflection::Schema& schema, const JsonFields& fields, std::size_t longest)
      : schema_(schema), fields_(fields), text_(longest), writer_(text_) {}

  Result<std::string> run(Bytes event) {
    table(fields_.root, *flatbuffers::GetRoot<Table>(event.data()));
    if (text_.is_full()) return fail(Errc::too_large, "the event is too long as JSON");
    if (!is_utf8_) return fail(Errc::bad_event, "the event holds text that is not UTF-8");
    return text_.take();
  }

 private:
  // ASCII, so that nothing in it means anything to a terminal; it refuses what is not UTF-8.
  using Writer = rapidjson::Writer<LimitedText, rapidjson::UTF8<>, rapidjson::ASCII<>>;

  const reflection::Object& object_at(std::size_t index) const {
    return *schema_.objects()->Get(static_cast<uoffset_t>(index));
  }
  const reflection::Enum& enum_of(const reflection::Type& type) const {
    return *schema_.enums()->Get(static_cast<uoffset_t>(type.index()));
  }

  void string(const flatbuffers::String& text) {
    if (text_.is_full()) return;
    is_utf8_ = writer_.String(text.c_str(), text.size()) && is_utf8_;
  }

  void key(const reflection::Field& field) {
    writer_.Key(field.name()->c_str(), field.name()->size());
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

  /// Null if it is none. Sorted by value, as check_schema() has found.
  template <class Integer>
  static const reflection::EnumVal* value_of(const reflection::Enum& one, Integer value) {
    const auto at = std::lower_bound(
        one.values()->begin(), one.values()->end(), value,
        [](const auto* known, Integer wanted) { return integer_of<Integer>(*known) < wanted; });
    return at != one.values()->end() && integer_of<Integer>(**at) == value ? *at : nullptr;
  }

  template <class Integer>
  static Integer integer_of(const reflection::EnumVal& value) {
    return static_cast<Integer>(value.value());
  }

  /// By its name where it is a value of an enum.
  template <class Integer>
  void integer(const reflection::Type& type, Integer value) {
    if (type.index() >= 0) {
      if (const reflection::EnumVal* known = value_of(enum_of(type), value)) {
        string(*known->name());
        return;
      }
    }
    if constexpr (std::is_signed_v<Integer>)
      writer_.Int64(value);
    else
      writer_.Uint64(value);
  }

  void scalar(const reflection::Type& type, BaseType base, const std::uint8_t* at) {
    using flatbuffers::ReadScalar;
    switch (base) {
      case BaseType::Bool:
        writer_.Bool(ReadScalar<std::uint8_t>(at) != 0);
        break;
      case BaseType::Byte:
        integer(type, ReadScalar<std::int8_t>(at));
        break;
      case BaseType::Short:
        integer(type, ReadScalar<std::int16_t>(at));
        break;
      case BaseType::UShort:
        integer(type, ReadScalar<std::uint16_t>(at));
        break;
      case BaseType::Int:
        integer(type, ReadScalar<std::int32_t>(at));
        break;
      case BaseType::UInt:
        integer(type, ReadScalar<std::uint32_t>(at));
        break;
      case BaseType::Long:
        integer(type, ReadScalar<std::int64_t>(at));
        break;
      case BaseType::ULong:
        integer(type, ReadScalar<std::uint64_t>(at));
        break;
      case BaseType::Float:
        real(ReadScalar<float>(at));
        break;
      case BaseType::Double:
        real(ReadScalar<double>(at));
        break;
      default:
        integer(type, ReadScalar<std::uint8_t>(at));
    }
  }

  void default_of(const reflection::Field& field) {
    const BaseType base = field.type()->base_type();
    if (field.optional()) {
      writer_.Null();
    } else if (base == BaseType::Float) {
      real(static_cast<float>(field.default_real()));
    } else if (base == BaseType::Double) {
      real(field.default_real());
    } else {
      std::array<std::uint8_t, 8> bytes;
      flatbuffers::WriteScalar(bytes.data(), field.default_integer());
      scalar(*field.type(), base, bytes.data());
    }
  }

  void structure(std::size_t object, const std::uint8_t* at) {
    writer_.StartObject();
    for (const reflection::Field* field : fields_.of_objects[object]) {
      key(*field);
      const reflection::Type& type = *field->type();
      const std::uint8_t* value = at + field->offset();
      if (type.base_type() == BaseType::Array)
        values(type, value, type.fixed_length());
      else if (type.base_type() == BaseType::Obj)
        structure(index_of(type), value);
      else
        scalar(type, type.base_type(), value);
    }
    writer_.EndObject();
  }

  /// Structs or scalars, one after the other.
  void values(const reflection::Type& type, const std::uint8_t* at, std::size_t count) {
    const bool structs = type.element() == BaseType::Obj;
    const std::size_t each = structs
                                 ? static_cast<std::size_t>(object_at(index_of(type)).bytesize())
                                 : size_of(type.element());
    writer_.StartArray();
    for (std::size_t i = 0; i < count && !text_.is_full(); ++i, at += each) {
      if (structs)
        structure(index_of(type), at);
      else
        scalar(type, type.element(), at);
    }
    writer_.EndArray();
  }

  void object(const reflection::Type& type, const std::uint8_t* at) {
    if (object_at(index_of(type)).is_struct())
      structure(index_of(type), at);
    else
      table(index_of(type), *reinterpret_cast<const Table*>(at));
  }

  void union_value(const reflection::Type& type, std::uint8_t kind, const std::uint8_t* at) {
    const reflection::Type& chosen = *value_of(enum_of(type), kind)->union_type();
    if (chosen.base_type() == BaseType::String)
      string(*reinterpret_cast<const flatbuffers::String*>(at));
    else
      object(chosen, at);
  }

  void vector(const reflection::Type& type, const Table& here, voffset_t offset) {
    const auto* at = here.GetPointer<const std::uint8_t*>(offset);
    const auto count = flatbuffers::ReadScalar<uoffset_t>(at);
    at += sizeof(uoffset_t);
    const BaseType element = type.element();
    const bool is_in_place = element != BaseType::String && element != BaseType::Union &&
                             (element != BaseType::Obj || object_at(index_of(type)).is_struct());
    if (is_in_place) return values(type, at, count);
    // Beside a vector of unions is one of their types.
    const std::uint8_t* kinds =
        element == BaseType::Union
            ? here.GetPointer<const std::uint8_t*>(type_before(offset)) + sizeof(uoffset_t)
            : nullptr;
    writer_.StartArray();
    for (uoffset_t i = 0; i < count && !text_.is_full(); ++i, at += sizeof(uoffset_t)) {
      const std::uint8_t* target = at + flatbuffers::ReadScalar<uoffset_t>(at);
      if (element == BaseType::String)
        string(*reinterpret_cast<const flatbuffers::String*>(target));
      else if (element == BaseType::Union)
        union_value(type, kinds[i], target);
      else
        object(type, target);
    }
    writer_.EndArray();
  }

  static voffset_t type_before(voffset_t offset) {
    return static_cast<voffset_t>(offset - sizeof(voffset_t));
  }

  void present(const reflection::Field& field, const Table& here) {
    const reflection::Type& type = *field.type();
    const voffset_t offset = field.offset();
    switch (type.base_type()) {
      case BaseType::String:
        return string(*here.GetPointer<const flatbuffers::String*>(offset));
      case BaseType::Vector:
        return vector(type, here, offset);
      case BaseType::Union:
        return union_value(type, here.GetField<std::uint8_t>(type_before(offset), 0),
                           here.GetPointer<const std::uint8_t*>(offset));
      case BaseType::Obj:
        // A struct lies in the table, and a table elsewhere.
        if (object_at(index_of(type)).is_struct())
          return structure(index_of(type), here.GetAddressOf(offset));
        return table(index_of(type), *here.GetPointer<const Table*>(offset));
      default:
        return scalar(type, type.base_type(), here.GetAddressOf(offset));
    }
  }

  void table(std::size_t object, const Table& here) {
    writer_.StartObject();
    for (const reflection::Field* field : fields_.of_objects[object]) {
      if (text_.is_full()) break;
      if (field->deprecated()) continue;  // nobody reads it any more, and nobody may write it
      const BaseType base = field->type()->base_type();
      if (here.CheckField(field->offset())) {
        key(*field);
        present(*field, here);
      } else if (base <= BaseType::Double) {
        key(*field);
        default_of(*field);
      }
    }
    writer_.EndObject();
  }

  const reflection::Schema& schema_;
  const JsonFields& fields_;
  LimitedText text_;
  Writer writer_;
  bool is_utf8_ = true;
};

}  // namespace

EventJson::EventJson(std::vector<std::byte> schema) : schema_(std::move(schema)) {
  const reflection::Schema& types = *reflection::GetSchema(schema_.data());
  for (const reflection::Object* object : *types.objects()) {
    if (object == types.root_table()) fields_.root = fields_.of_objects.size();
    auto& fields =
        fields_.of_objects.emplace_back(object->fields()->begin(), object->fields()->end());
    std::sort(fields.begin(), fields.end(),
              [](const auto* a, const auto* b) { return a->id() < b->id(); });
  }
}

Result<EventJson> EventJson::from_schema(Bytes schema) {
  // A copy is aligned, and stays as it was checked.
  std::vector<std::byte> copy(schema.begin(), schema.end());
  if (auto checked = check_schema(copy); !checked)
    return tl::unexpected<Error>(std::move(checked.error()));
  return EventJson(std::move(copy));
}

Result<std::string> EventJson::print(Bytes event) const {
  const reflection::Schema& types = *reflection::GetSchema(schema_.data());
  if (!check_event(types, event))
    return fail(Errc::bad_event, "the event does not verify against the segment's schema");
  return Printer(types, fields_, std::string::npos).run(event);
}

Result<std::string> EventJson::print(Bytes event, std::size_t longest) const {
  // The check counts each value as long as any can be: a number of one digit as 32 bytes.
  constexpr std::size_t kTimes = 16;
  const reflection::Schema& types = *reflection::GetSchema(schema_.data());
  switch (judge_event(types, event, kTimes * longest)) {
    case EventVerdict::wrong:
      return fail(Errc::bad_event, "the event does not verify against the segment's schema");
    case EventVerdict::too_long:
      return fail(Errc::too_large, "the event is too long as JSON");
    case EventVerdict::good:
      break;
  }
  return Printer(types, fields_, longest).run(event);
}

}  // namespace ringside
