#include "producer_shim/json_event.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include <flatbuffers/flatbuffers.h>
#include <flatbuffers/reflection_generated.h>

#include "schemas/event_check.hpp"
#include "schemas/json_number.hpp"
#include "schemas/json_text.hpp"
#include "schemas/json_words.hpp"
#include "schemas/key_order.hpp"
#include "schemas/schema_values.hpp"

namespace ringside {

using flatbuffers::uoffset_t;
using Kind = JsonText::Kind;
using reflection::BaseType;
using reflection::Field;
using reflection::Object;
using reflection::Type;

/// Builds an event from its leaves to its root, as FlatBuffers has to. False, or nothing, means
/// that it was refused.
class JsonEvent::Builder {
 public:
  explicit Builder(const EventType& type)
      : type_(type),
        schema_(*reflection::GetSchema(type_.schema().data())),
        point_(type_.is_embedding() ? schema_.objects()->LookupByKey("ringside.Embedding")
                                    : nullptr) {}

  Result<Bytes> run(const std::string& json) {
    if (auto parsed = text_.parse(json); !parsed) return tl::unexpected(std::move(parsed.error()));
    fault_.clear();
    path_.clear();
    members_.clear();
    structs_.clear();
    depth_ = 0;
    builder_.Clear();
    uoffset_t root = 0;
    if (text_[0].kind != Kind::object)
      return fail(Errc::bad_event, "an event is an object in braces");
    if (!table(*schema_.root_table(), 0, root)) return fail(Errc::bad_event, fault_);
    const char* const id = type_.id()[0] == '\0' ? nullptr : schema_.file_ident()->c_str();
    builder_.Finish(flatbuffers::Offset<flatbuffers::Table>(root), id);
    return Bytes{reinterpret_cast<const std::byte*>(builder_.GetBufferPointer()),
                 builder_.GetSize()};
  }

 private:
  /// A field that an object of the text has.
  struct Member {
    const Field* field = nullptr;
    std::size_t at = 0;         // of its value in the text
    std::uint64_t bits = 0;     // of a scalar
    uoffset_t offset = 0;       // of what lies outside its table
    std::size_t structure = 0;  // where its bytes are, of a struct
  };

  /// One step of the way to a value, for messages.
  struct Step {
    const Field* field = nullptr;
    std::size_t element = kNone;
  };
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  /// No segment takes a larger event, and FlatBuffers' offsets are not far from their end.
  static constexpr std::size_t kLargestEvent = std::size_t{1} << 30;

  // ---- refusals

  bool refuse(std::string_view why) {
    fault_.clear();
    for (const Step& step : path_) {
      if (step.field != nullptr && !fault_.empty()) fault_.push_back('.');
      if (step.field != nullptr) fault_.append(step.field->name()->string_view());
      if (step.element != kNone)
        fault_.append("[").append(std::to_string(step.element)).append("]");
    }
    if (!fault_.empty()) fault_.append(": ");
    fault_.append(why);
    return false;
  }

  /// That `wanted` is wanted, and not what is there.
  bool refuse_value(std::size_t at, std::string_view wanted) {
    return refuse(std::string(wanted) + " is wanted, not " + words_for_value(text_, at));
  }

  bool unknown(const Object& object, std::string_view name) {
    return refuse(in_quotes(name) + ": no such field; there are " + names_of(object) +
                  hint_for(schema_, object, name));
  }

  bool has_room(std::size_t bytes) {
    return builder_.GetSize() + bytes < kLargestEvent || refuse("an event of more than 1 GiB");
  }

  // ---- what the schema says

  const Object& object_of(const Type& type) const {
    return *schema_.objects()->Get(static_cast<uoffset_t>(type.index()));
  }
  const reflection::Enum& enum_of(const Type& type) const {
    return *schema_.enums()->Get(static_cast<uoffset_t>(type.index()));
  }

  // ---- scalars

  /// The bits of a scalar: little-endian, as many bytes of them as its type has.
  bool scalar(const Type& type, BaseType base, std::size_t at, std::uint64_t& bits) {
    switch (base) {
      case BaseType::Bool:
        if (text_[at].kind != Kind::boolean) return refuse_value(at, "true or false");
        bits = text_[at].size;
        return true;
      case BaseType::Float:
        return real<float, std::uint32_t>(at, bits);
      case BaseType::Double:
        return real<double, std::uint64_t>(at, bits);
      default:
        bits = 0;
        if (text_[at].kind == Kind::text && type.index() >= 0)
          return named(enum_of(type), at, bits);
        if (!whole(base, at, bits)) return false;
        return base != BaseType::UType || value_of(enum_of(type), bits) != nullptr ||
               refuse(std::to_string(bits) + is_none_of(enum_of(type)));
    }
  }

  template <class Real, class Bits>
  bool real(std::size_t at, std::uint64_t& bits) {
    std::optional<Real> value;
    if (text_[at].kind == Kind::number) {
      value = read_real<Real>(text_.text(at));
      if (!value)
        return refuse_value(at, std::is_same_v<Real, float> ? "a number that a float can hold"
                                                            : "a number that a double can hold");
    } else if (text_[at].kind == Kind::text) {
      value = real_of_word<Real>(text_.text(at));
    }
    if (!value) return refuse_value(at, "a number");
    bits = std::bit_cast<Bits>(*value);
    return true;
  }

  bool whole(BaseType base, std::size_t at, std::uint64_t& bits) {
    if (text_[at].kind != Kind::number) return refuse_value(at, "a whole number");
    WholeNumber number;
    const Wholeness is_still_valid = read_whole(text_.text(at), number);
    if (is_still_valid == Wholeness::fraction) return refuse_value(at, "a whole number");
    const Range range = range_of(base);
    const std::uint64_t most = number.is_negative ? range.below : range.above;
    if (is_still_valid == Wholeness::too_large || number.magnitude > most)
      return refuse_value(at, "a whole number from " + range.text());
    bits = number.is_negative ? ~number.magnitude + 1 : number.magnitude;
    return true;
  }

  /// The value of an enum by its name, or that of flags by theirs.
  bool named(const reflection::Enum& one, std::size_t at, std::uint64_t& bits) {
    const bool several = are_flags(one, type_.has_attributes());
    std::string_view left = text_.text(at);
    for (std::size_t end = 0; end != std::string_view::npos;) {
      end = several ? left.find(' ') : std::string_view::npos;
      const reflection::EnumVal* const value = value_of(one, left.substr(0, end));
      if (value == nullptr) return refuse(in_quotes(text_.text(at)) + is_none_of(one));
      bits |= static_cast<std::uint64_t>(value->value());
      if (end != std::string_view::npos) left.remove_prefix(end + 1);
    }
    return true;
  }

  // ---- structs

  bool structure(const Object& object, std::size_t at, std::uint8_t* to) {
    if (text_[at].kind != Kind::object) return refuse_value(at, "an object");
    const std::size_t first = members_.size();
    if (!collect(object, at)) return false;
    if (members_.size() - first != object.fields()->size()) {
      for (const Field* const field : *object.fields())
        if (!is_there(first, *field)) return missing(*field, "a struct has all of its fields");
    }
    for (std::size_t i = first; i < members_.size(); ++i) {
      const Member member = members_[i];
      path_.push_back({member.field});
      if (!in_struct(*member.field->type(), member.at, to + member.field->offset())) return false;
      path_.pop_back();
    }
    members_.resize(first);
    return true;
  }

  bool in_struct(const Type& type, std::size_t at, std::uint8_t* to) {
    if (type.base_type() != BaseType::Array) return in_place(type, type.base_type(), at, to);
    if (text_[at].kind != Kind::list) return refuse_value(at, "a list");
    if (text_[at].size != type.fixed_length())
      return refuse("a list of " + std::to_string(type.fixed_length()) + " is wanted, not one of " +
                    std::to_string(text_[at].size));
    return elements(type, at, to);
  }

  /// A scalar or struct, at its place.
  bool in_place(const Type& type, BaseType base, std::size_t at, std::uint8_t* to) {
    if (base == BaseType::Obj) return structure(object_of(type), at, to);
    std::uint64_t bits = 0;
    if (!scalar(type, base, at, bits)) return false;
    std::memcpy(to, &bits, size_of_scalar(base));  // little-endian, as segments are
    return true;
  }

  std::size_t size_of_element(const Type& type) const {
    return type.element() == BaseType::Obj ? static_cast<std::size_t>(object_of(type).bytesize())
                                           : size_of_scalar(type.element());
  }

  /// The elements of a list, one after the other.
  bool elements(const Type& type, std::size_t at, std::uint8_t* to) {
    const std::size_t each = size_of_element(type);
    path_.emplace_back();
    std::size_t value = at + 1;
    for (std::size_t i = 0; i < text_[at].size; ++i, value = text_[value].end, to += each) {
      path_.back().element = i;
      if (!in_place(type, type.element(), value, to)) return false;
    }
    path_.pop_back();
    return true;
  }

  // ---- tables

  bool is_there(std::size_t first, const Field& field) const {
    return std::any_of(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
                       [&](const Member& member) { return member.field == &field; });
  }

  bool missing(const Field& field, std::string_view why) {
    path_.push_back({&field});
    return refuse("missing: " + std::string(why));
  }

  /// The members of an object of the text, without those that are as if they were left out.
  bool collect(const Object& object, std::size_t at) {
    const std::size_t first = members_.size();
    for (std::size_t key = at + 1; key < text_[at].end; key = text_[key + 1].end) {
      const std::string_view name = text_.text(key);
      // A name with a NUL in it is none of them.
      const Field* const field = name.find('\0') == std::string_view::npos
                                     ? object.fields()->LookupByKey(name.data())
                                     : nullptr;
      if (field == nullptr || field->deprecated()) return unknown(object, name);
      if (is_there(first, *field)) return refuse(field->name()->str() + ": given twice");
      members_.push_back({.field = field, .at = key + 1});
    }
    if (object.is_struct()) return true;
    const auto is_absent = [&](const Member& member) {
      return text_[member.at].kind == Kind::null &&
             null_is_absent(*member.field, &object == point_);
    };
    members_.erase(std::remove_if(members_.begin() + static_cast<std::ptrdiff_t>(first),
                                  members_.end(), is_absent),
                   members_.end());
    return true;
  }

  bool table(const Object& object, std::size_t at, uoffset_t& made) {
    if (text_[at].kind != Kind::object) return refuse_value(at, "an object");
    if (++depth_ > kDeepestEvent)
      return refuse("nested deeper than " + std::to_string(kDeepestEvent) + " tables");
    const std::size_t first = members_.size();
    const std::size_t first_struct = structs_.size();
    if (!collect(object, at)) return false;
    for (const Field* const field : *object.fields())
      if (field->required() && !is_there(first, *field)) return missing(*field, "it must be there");
    for (std::size_t i = first; i < members_.size(); ++i) {
      Member member = members_[i];
      path_.push_back({member.field});
      const bool good = &object == point_ ? point_member(member) : table_member(first, member);
      if (!good) return false;
      path_.pop_back();
      members_[i] = member;
    }
    made = finish_table(first);
    members_.resize(first);
    structs_.resize(first_struct);
    --depth_;
    return true;
  }

  /// That a point has something else than `wanted`, in the words of a fit's columns.
  bool refuse_column(std::size_t at, std::string_view wanted) {
    return refuse(words_for_value(text_, at) + ", and " + std::string(wanted));
  }

  /// What a column of a saved fit takes, a point does (tests/feed/rules.json): whole numbers for
  /// texts, NaN for labels, 1 and 0 for true and false.
  bool point_member(Member& member) {
    const std::size_t at = member.at;
    const bool is_number = text_[at].kind == Kind::number;
    WholeNumber number;
    const bool is_still_valid = is_number && read_whole(text_.text(at), number) == Wholeness::whole;
    if (text_[at].kind == Kind::null) return refuse_column(at, "it must be there");
    switch (member.field->type()->base_type()) {
      case BaseType::String:
        if (!is_still_valid)
          return text_[at].kind == Kind::text ? string(at, member.offset)
                                              : refuse_column(at, "should be text");
        member.offset = builder_.CreateString(number.text()).o;
        return true;
      case BaseType::Float:
        if (!is_number && !is_real_word(at)) return refuse_column(at, "should be numbers");
        return (is_number && real<float, std::uint32_t>(at, member.bits)) ||
               refuse_column(at, "it must be finite and fit a float");
      case BaseType::Int:
        member.bits = std::numeric_limits<std::uint64_t>::max();  // -1, as for NaN
        if (text_[at].kind == Kind::text && text_.text(at) == "NaN") return true;
        if (!is_number && !is_real_word(at)) return refuse_column(at, "should be whole numbers");
        return (is_still_valid && whole(BaseType::Int, at, member.bits)) ||
               refuse_column(at, "it must be a whole number of 32 bits");
      case BaseType::Bool:
        if (text_[at].kind == Kind::boolean) break;
        if (!is_number && !is_real_word(at)) return refuse_column(at, "should be true or false");
        member.bits = number.magnitude;
        return (is_still_valid && (number.text() == "0" || number.text() == "1")) ||
               refuse_column(at, "it must be true or false, or 1 or 0");
      default:
        break;
    }
    return table_member(0, member);
  }

  bool is_real_word(std::size_t at) const {
    return text_[at].kind == Kind::text && real_of_word<float>(text_.text(at)).has_value();
  }

  bool table_member(std::size_t first, Member& member) {
    const Type& type = *member.field->type();
    switch (type.base_type()) {
      case BaseType::String:
        return string(member.at, member.offset);
      case BaseType::Vector:
        return type.element() == BaseType::Union ? unions(first, member) : vector(type, member);
      case BaseType::Union:
        return single_union(first, member);
      case BaseType::Obj: {
        const Object& object = object_of(type);
        if (!object.is_struct()) return table(object, member.at, member.offset);
        // A struct lies in the table itself.
        member.structure = structs_.size();
        structs_.resize(structs_.size() + static_cast<std::size_t>(object.bytesize()));
        return structure(object, member.at, structs_.data() + member.structure);
      }
      default:
        return scalar(type, type.base_type(), member.at, member.bits);
    }
  }

  /// The largest first, as flatc does, so that little is lost to their alignment.
  uoffset_t finish_table(std::size_t first) {
    const uoffset_t start = builder_.StartTable();
    constexpr std::array<std::size_t, 4> kSizes = {8, 4, 2, 1};
    for (const std::size_t size : kSizes)
      for (std::size_t i = first; i < members_.size(); ++i) add(members_[i], size);
    return builder_.EndTable(start);
  }

  void add(const Member& member, std::size_t size) {
    const Type& type = *member.field->type();
    const flatbuffers::voffset_t field = member.field->offset();
    if (!is_scalar(type.base_type())) {
      const bool is_struct = type.base_type() == BaseType::Obj && object_of(type).is_struct();
      if (!is_struct && size == sizeof(uoffset_t))
        builder_.AddOffset(field, flatbuffers::Offset<void>(member.offset));
      if (!is_struct || size != kLargestScalar) return;
      const Object& object = object_of(type);
      builder_.Align(static_cast<std::size_t>(object.minalign()));
      builder_.PushBytes(structs_.data() + member.structure,
                         static_cast<std::size_t>(object.bytesize()));
      builder_.AddStructOffset(field, builder_.GetSize());
      return;
    }
    if (size_of_scalar(type.base_type()) != size) return;
    // Bit by bit: -0.0 is not the default 0.0.
    if (!member.field->optional() && member.bits == default_bits(*member.field)) return;
    if (size == sizeof(std::uint64_t)) return builder_.AddElement(field, member.bits);
    if (size == sizeof(std::uint32_t))
      return builder_.AddElement(field, static_cast<std::uint32_t>(member.bits));
    if (size == sizeof(std::uint16_t))
      return builder_.AddElement(field, static_cast<std::uint16_t>(member.bits));
    builder_.AddElement(field, static_cast<std::uint8_t>(member.bits));
  }

  // ---- what lies outside its table

  bool string(std::size_t at, uoffset_t& made) {
    if (text_[at].kind != Kind::text) return refuse_value(at, "a text");
    const std::string_view text = text_.text(at);
    if (!has_room(text.size())) return false;
    made = builder_.CreateString(text.data(), text.size()).o;
    return true;
  }

  bool vector(const Type& type, Member& member) {
    if (text_[member.at].kind != Kind::list) return refuse_value(member.at, "a list");
    const bool of_objects = type.element() == BaseType::Obj;
    if (type.element() == BaseType::String || (of_objects && !object_of(type).is_struct()))
      return offsets(type, member);
    const std::size_t count = text_[member.at].size;
    const std::size_t each = size_of_element(type);
    if (!has_room(count * each)) return false;
    std::vector<std::uint8_t> bytes(count * each);
    if (!elements(type, member.at, bytes.data())) return false;
    if (of_objects) sort_by_key(object_of(type), bytes);
    const auto alignment = of_objects ? static_cast<std::size_t>(object_of(type).minalign()) : each;
    // Bytes may be a buffer of their own, which their reader takes for aligned.
    if (each == 1) builder_.ForceVectorAlignment(count, 1, kLargestScalar);
    builder_.StartVector(count * each / alignment, alignment);
    builder_.PushBytes(bytes.data(), bytes.size());
    member.offset = builder_.EndVector(count);
    return true;
  }

  bool offsets(const Type& type, Member& member) {
    std::vector<uoffset_t> made(text_[member.at].size);
    path_.emplace_back();
    std::size_t value = member.at + 1;
    for (std::size_t i = 0; i < made.size(); ++i, value = text_[value].end) {
      path_.back().element = i;
      const bool good = type.element() == BaseType::String ? string(value, made[i])
                                                           : table(object_of(type), value, made[i]);
      if (!good) return false;
    }
    path_.pop_back();
    if (type.element() == BaseType::Obj) sort_by_key(object_of(type), builder_, made);
    return finish_offsets(made, member);
  }

  bool finish_offsets(const std::vector<uoffset_t>& made, Member& member) {
    if (!has_room(made.size() * sizeof(uoffset_t))) return false;
    builder_.StartVector(made.size(), sizeof(uoffset_t));
    for (std::size_t i = made.size(); i > 0;)
      builder_.PushElement(flatbuffers::Offset<void>(made[--i]));
    member.offset = builder_.EndVector(made.size());
    return true;
  }

  // ---- unions

  /// The member of the same table that is the type of a union, which the schema has right before
  /// it.
  const Member* type_of(std::size_t first, const Field& field) const {
    const auto found =
        std::find_if(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
                     [&](const Member& one) { return one.field->id() + 1 == field.id(); });
    return found == members_.end() ? nullptr : &*found;
  }

  bool untyped(const Field& field) {
    const std::string name = field.name()->str();
    return refuse("its type, " + name + "_type, is missing");
  }

  /// One value of a union whose type stands at `type_at`.
  bool union_value(const Field& field, std::size_t type_at, std::size_t at, uoffset_t& made) {
    std::uint64_t kind = 0;
    const reflection::Enum& one = enum_of(*field.type());
    if (!scalar(*field.type(), BaseType::UType, type_at, kind)) return false;
    const reflection::EnumVal* const chosen = value_of(one, kind);
    const Type* const type = chosen->union_type();
    if (type == nullptr || type->base_type() == BaseType::None)
      return refuse("its type is NONE, so that nothing can be here");
    if (type->base_type() == BaseType::String) return string(at, made);
    const Object& object = object_of(*type);
    if (!object.is_struct()) return table(object, at, made);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(object.bytesize()));
    if (!structure(object, at, bytes.data())) return false;
    builder_.StartStruct(static_cast<std::size_t>(object.minalign()));
    builder_.PushBytes(bytes.data(), bytes.size());
    made = builder_.EndStruct();
    return true;
  }

  bool single_union(std::size_t first, Member& member) {
    const Member* const type = type_of(first, *member.field);
    return type == nullptr ? untyped(*member.field)
                           : union_value(*member.field, type->at, member.at, member.offset);
  }

  bool unions(std::size_t first, Member& member) {
    if (text_[member.at].kind != Kind::list) return refuse_value(member.at, "a list");
    const Member* const types = type_of(first, *member.field);
    if (types == nullptr) return untyped(*member.field);
    const std::size_t count = text_[member.at].size;
    if (text_[types->at].kind != Kind::list || text_[types->at].size != count)
      return refuse("a list of " + std::to_string(count) + " types is wanted beside it, in " +
                    types->field->name()->str());
    std::vector<uoffset_t> made(count);
    path_.emplace_back();
    std::size_t type_at = types->at + 1;
    std::size_t value = member.at + 1;
    for (std::size_t i = 0; i < count; ++i, ++type_at, value = text_[value].end) {
      path_.back().element = i;
      if (!union_value(*member.field, type_at, value, made[i])) return false;
    }
    path_.pop_back();
    return finish_offsets(made, member);
  }

  static constexpr std::size_t kLargestScalar = 8;

  const EventType type_;
  const reflection::Schema& schema_;  // in type_
  const Object* const point_;         // of the built-in type, a point as it is said to be
  JsonText text_;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<Member> members_;  // of all objects that are open
  std::vector<std::uint8_t> structs_;
  std::vector<Step> path_;
  std::size_t depth_ = 0;
  std::string fault_;
};

JsonEvent::JsonEvent(const EventType& type) : builder_(std::make_unique<Builder>(type)) {}
JsonEvent::JsonEvent(JsonEvent&&) noexcept = default;
JsonEvent& JsonEvent::operator=(JsonEvent&&) noexcept = default;
JsonEvent::~JsonEvent() = default;

Result<Bytes> JsonEvent::build(const std::string& json) {
  return builder_->run(json);
}

}  // namespace ringside
