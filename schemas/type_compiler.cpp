// TypeTable::compile() of type_table.hpp: a binary schema, which may be a stranger's, into structs
// that need no further check.
#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include <flatbuffers/reflection_generated.h>

#include "schemas/type_table.hpp"

namespace ringside {

using schema::Base;
using schema::Enum;
using schema::EnumValue;
using schema::Field;
using schema::Object;
using schema::Shape;
using schema::Type;

namespace {

// The numbers of FlatBuffers are ours up to the scalars.
static_assert(static_cast<int>(Base::union_type) == reflection::UType &&
              static_cast<int>(Base::boolean) == reflection::Bool &&
              static_cast<int>(Base::u64) == reflection::ULong &&
              static_cast<int>(Base::f64) == reflection::Double);

constexpr bool is_integer(Base base) {
  return base >= Base::union_type && base <= Base::u64;
}
/// An identifier: a letter or _, then letters, digits and _. A qualified name has dots between
/// several.
bool is_name(std::string_view name, bool is_qualified) {
  bool is_start = true;
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool is_dot = c == '.' && is_qualified;
    if (!is_letter && (is_start || (!is_dot && (c < '0' || c > '9')))) return false;
    is_start = is_dot;
  }
  return !is_start && name.size() <= kLongestSchemaName;
}

/// The schema's own accessors make an enum of any number.
int base_of(const reflection::Type& type) {
  return reinterpret_cast<const flatbuffers::Table&>(type).GetField<std::int8_t>(
      reflection::Type::VT_BASE_TYPE, 0);
}
int element_of(const reflection::Type& type) {
  return reinterpret_cast<const flatbuffers::Table&>(type).GetField<std::int8_t>(
      reflection::Type::VT_ELEMENT, 0);
}

tl::unexpected<Error> refuse(std::string_view where, std::string_view what) {
  return fail(Errc::corrupt,
              "the segment's embedded schema is not one that flatc writes: ", in_quotes(where),
              ": ", what);
}

/// Fails if one is there twice.
Result<void> check_names(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return refuse(*twice, "the name is there twice");
  return {};
}

}  // namespace

class TypeTable::Compiler {
 public:
  Compiler(const reflection::Schema& from, Attributes attributes, TypeTable& to)
      : from_(from), attributes_(attributes), to_(to) {}

  Result<void> run(std::size_t size) {
    RINGSIDE_CHECK(count(size));
    // Types point into these, which no longer move.
    to_.objects_.resize(from_.objects()->size());
    to_.enums_.resize(from_.enums()->size());
    std::vector<std::string_view> names;
    RINGSIDE_CHECK(each(*from_.objects(), to_.objects_, [&](const auto& from, Object& to) {
      names.push_back(from.name()->string_view());
      return object(from, to);
    }));
    RINGSIDE_CHECK(each(*from_.enums(), to_.enums_, [&](const auto& from, Enum& to) {
      names.push_back(from.name()->string_view());
      return enumeration(from, to);
    }));
    for (const std::string_view name : names)
      if (!is_name(name, true)) return refuse(name, "not a name");
    RINGSIDE_CHECK(check_names(std::move(names)));
    RINGSIDE_CHECK(each(*from_.objects(), to_.objects_,
                        [this](const auto& from, Object& to) { return fields(from, to); }));
    RINGSIDE_CHECK(nesting());
    return root_and_identifier();
  }

 private:
  template <class From, class To, class Visit>
  static Result<void> each(const From& from, std::vector<To>& to, const Visit& visit) {
    for (std::size_t i = 0; i < to.size(); ++i)
      RINGSIDE_CHECK(visit(*from.Get(static_cast<flatbuffers::uoffset_t>(i)), to[i]));
    return {};
  }

  /// flatc writes each definition once; a hostile schema may name one from many places.
  Result<void> count(std::size_t size) const {
    constexpr std::size_t kSmallestDefinition = 16;
    std::size_t all = from_.objects()->size() + from_.enums()->size();
    for (const reflection::Object* const one : *from_.objects()) all += one->fields()->size();
    for (const reflection::Enum* const one : *from_.enums()) all += one->values()->size();
    if (all > size / kSmallestDefinition) return refuse("schema", "too many definitions");
    return {};
  }

  Result<void> root_and_identifier() {
    if (to_.root_ == nullptr) return refuse("root type", "it is none of the schema's tables");
    if (to_.root_->is_struct) return refuse("root type", "it is a struct");
    // Whoever builds an event asserts on it.
    if (from_.file_ident() != nullptr) to_.file_identifier_ = from_.file_ident()->str();
    const std::string& id = to_.file_identifier_;
    if (id.empty() || (id.size() == 4 && id.find('\0') == std::string::npos)) return {};
    return refuse("file_identifier", "it has four characters, none of them NUL");
  }

  // ---- types

  /// `owners` is what has such types: tables, or structs.
  Result<Type> type_of(const reflection::Type& from, std::string_view name,
                       std::string_view owners) const {
    int base = base_of(from);
    Type type;
    if (base == reflection::Vector || base == reflection::Array) {
      type.shape = base == reflection::Vector ? Shape::vector : Shape::array;
      type.length = from.fixed_length();
      base = element_of(from);
    } else if (element_of(from) != reflection::None) {
      return refuse(name, "a field with elements that is no vector");
    }
    const auto index = static_cast<std::uint32_t>(from.index());
    const bool has_index = from.index() >= 0;
    type.size = type.alignment = sizeof(flatbuffers::uoffset_t);
    if (base == reflection::String) {
      type.base = Base::string;
    } else if (base == reflection::Obj) {
      if (index >= to_.objects_.size()) return refuse(name, "a field's object is out of range");
      type.object = &to_.objects_[index];
      type.base = type.object->is_struct ? Base::structure : Base::table;
      if (type.object->is_struct) type.size = type.object->size;
      if (type.object->is_struct) type.alignment = type.object->alignment;
    } else {
      if (index < to_.enums_.size()) type.names = &to_.enums_[index];
      if (base == reflection::Union) {
        type.base = Base::union_value;
        if (type.names == nullptr || !type.names->is_union)
          return refuse(name, "a union out of range");
        return type;
      }
      if (base < reflection::UType || base > reflection::Double)
        return refuse(name, std::string("a field of a type that ").append(owners) + " do not have");
      type.base = static_cast<Base>(base);
      type.size = type.alignment = schema::size_of(type.base);
      if (!has_index && type.base == Base::union_type)
        return refuse(name, "the type of a union that is none");
      if (has_index && (type.names == nullptr || type.names->base != type.base))
        return refuse(name, "a field's enum is out of range, or of another type");
    }
    return type;
  }

  // ---- enums

  Result<void> enumeration(const reflection::Enum& from, Enum& to) {
    const std::string_view name = from.name()->string_view();
    to.is_union = from.is_union();
    to.base = static_cast<Base>(base_of(*from.underlying_type()));
    if (to.is_union ? to.base != Base::union_type : !is_integer(to.base))
      return refuse(name, "its underlying type is no integer");
    if (from.values()->size() == 0) return refuse(name, "no values");
    std::vector<std::string_view> names;
    for (const reflection::EnumVal* const value : *from.values()) {
      const std::string_view value_name = value->name()->string_view();
      if (!is_name(value_name, false)) return refuse(name, "a value without a sane name");
      const auto number = static_cast<std::uint64_t>(value->value());
      if (!to.values.empty() && !to.is_below(to.values.back().value, number))
        return refuse(name, "a value twice, or out of order");
      if (to.base != Base::u64 && !schema::range_of(to.base).holds(value->value()))
        return refuse(name, "a value out of range");
      RINGSIDE_TRY(const Type type, type_of_value(*value, name, to));
      names.push_back(value_name);
      to.longest_name = std::max(to.longest_name, value_name.size());
      to.values.push_back({.name = std::string(value_name), .value = number, .type = type});
    }
    if (!check_names(std::move(names))) return refuse(name, "a value twice, or out of order");
    to.is_flags = are_flags(from, to);
    return {};
  }

  /// Of what a union holds; the first of its values, NONE, is nothing.
  Result<Type> type_of_value(const reflection::EnumVal& value, std::string_view name,
                             const Enum& to) const {
    if (!to.is_union) return Type{};
    if (to.values.empty()) {
      if (value.value() != 0) return refuse(name, "its first value is not 0");
      return Type{};
    }
    const reflection::Type* const type = value.union_type();
    const Result<Type> made = type == nullptr ? Type{} : type_of(*type, name, "unions");
    if (made && made->shape == Shape::single &&
        (made->base == Base::string || made->object != nullptr))
      return made;
    return refuse(name, "a kind of union that is neither table, struct nor string");
  }

  bool are_flags(const reflection::Enum& from, const Enum& to) const {
    if (to.is_union) return false;
    if (from.attributes() != nullptr && from.attributes()->LookupByKey("bit_flags") != nullptr)
      return true;
    return attributes_ == Attributes::left_out && schema::range_of(to.base).below == 0 &&
           std::all_of(to.values.begin(), to.values.end(),
                       [](const EnumValue& value) { return std::has_single_bit(value.value); });
  }

  // ---- objects

  /// What the types of fields need to know of it.
  Result<void> object(const reflection::Object& from, Object& to) {
    constexpr int kLargestStruct = std::numeric_limits<std::uint16_t>::max();
    constexpr int kMostAlignment = 256;
    to.name = from.name()->str();
    to.is_struct = from.is_struct();
    if (&from == from_.root_table()) to_.root_ = &to;
    if (!to.is_struct) {
      if (from.bytesize() != 0) return refuse(to.name, "a table with the size of a struct");
      return {};
    }
    if (from.bytesize() <= 0 || from.bytesize() > kLargestStruct || from.minalign() <= 0 ||
        from.minalign() > kMostAlignment)
      return refuse(to.name, "a struct's size or alignment is out of range");
    to.size = static_cast<std::uint16_t>(from.bytesize());
    to.alignment = static_cast<std::uint16_t>(from.minalign());
    if (!std::has_single_bit(to.alignment))
      return refuse(to.name, "an alignment that is no power of 2");
    return {};
  }

  Result<void> fields(const reflection::Object& from, Object& to) {
    const std::string_view owners = to.is_struct ? "structs" : "tables";
    to.fields.resize(from.fields()->size());
    std::vector<std::string_view> names;
    for (const reflection::Field* const one : *from.fields()) {
      const std::string_view name = one->name()->string_view();
      if (!is_name(name, false)) return refuse(to.name, "a field without a sane name");
      if (one->id() >= to.fields.size() || !to.fields[one->id()].name.empty())
        return refuse(to.name, "its fields are not numbered from 0, each once");
      Field& field = to.fields[one->id()];
      field.name = name;
      field.offset = one->offset();
      field.is_required = one->required();
      field.is_optional = one->optional();
      field.is_deprecated = one->deprecated();
      RINGSIDE_TRY(field.type, type_of(*one->type(), to.name, owners));
      RINGSIDE_CHECK(set_default(*one, field, to));
      if (one->key()) to.key = &field;
      names.push_back(name);
      to.by_name.push_back(&field);
    }
    std::sort(to.by_name.begin(), to.by_name.end(),
              [](const Field* a, const Field* b) { return a->name < b->name; });
    RINGSIDE_CHECK(check_names(std::move(names)));
    return to.is_struct ? struct_fields(to) : table_fields(to);
  }

  /// The 64 bits of a default have a sign, also those of a ulong.
  static Result<void> set_default(const reflection::Field& from, Field& to, const Object& object) {
    if (!to.type.is_scalar()) return {};
    if (to.type.base == Base::f32) {
      to.default_bits = std::bit_cast<std::uint32_t>(static_cast<float>(from.default_real()));
    } else if (to.type.base == Base::f64) {
      to.default_bits = std::bit_cast<std::uint64_t>(from.default_real());
    } else {
      if (!object.is_struct && !schema::range_of(to.type.base).holds(from.default_integer()))
        return refuse(object.name, "a field's default is out of range");
      to.default_bits = static_cast<std::uint64_t>(from.default_integer());
    }
    return {};
  }

  static Result<void> table_fields(const Object& table) {
    const Type* before = nullptr;
    std::size_t offset = 4;
    for (const Field& field : table.fields) {
      const Type& type = field.type;
      if (field.offset != offset) return refuse(table.name, "a field's offset is not its number");
      if (type.shape == Shape::array)
        return refuse(table.name, "a field of a type that tables do not have");
      // Before a union is its type, beside a vector of them one of their types.
      if (type.base == Base::union_value &&
          (before == nullptr || before->base != Base::union_type || before->shape != type.shape ||
           before->names != type.names))
        return refuse(table.name, "a union without its type before it");
      before = &type;
      offset += sizeof(flatbuffers::voffset_t);
    }
    return {};
  }

  static Result<void> struct_fields(const Object& object) {
    std::size_t end = 0;
    for (const Field& field : object.fields) {
      const Type& type = field.type;
      const std::size_t count = type.shape == Shape::array ? type.length : 1;
      if (!type.is_in_place() || type.base == Base::union_type || type.shape == Shape::vector ||
          count == 0)
        return refuse(object.name, "a field of a type that structs do not have");
      if (type.alignment > object.alignment || field.offset % type.alignment != 0 ||
          field.offset < end || (end == 0 && field.offset != 0))
        return refuse(object.name, "a field of a struct is not where it should be");
      end = field.offset + type.size * count;
    }
    end = (end + object.alignment - 1) / object.alignment * object.alignment;
    if (end != object.size) return refuse(object.name, "a struct is not as long as its fields");
    return {};
  }

  /// Measures structs, in each round those whose inner ones were measured before it.
  Result<void> nesting() {
    for (std::size_t depth = 0; depth < kDeepestStruct; ++depth) {
      std::vector<std::pair<Object*, std::size_t>> measured;
      for (Object& object : to_.objects_)
        if (object.is_struct && object.longest_json == 0)
          measured.emplace_back(&object, measure(object));
      for (const auto& [object, longest] : measured) object->longest_json = longest;
    }
    for (const Object& object : to_.objects_)
      if (object.is_struct && object.longest_json == 0)
        return refuse(object.name, "a struct inside itself, or nested too deep");
    return {};
  }

  /// The most that a struct takes as JSON; 0 if one inside it is not measured yet.
  static std::size_t measure(const Object& object) {
    std::size_t all = schema::kMarksJson;
    for (const Field& field : object.fields) {
      const std::size_t each = field.type.longest_json();
      if (each == 0) return 0;
      const std::size_t count = field.type.shape == Shape::array ? field.type.length : 1;
      all += field.name.size() + schema::kMarksJson + each * count;
    }
    return all;
  }

  const reflection::Schema& from_;
  const Attributes attributes_;
  TypeTable& to_;
};

Result<std::shared_ptr<const TypeTable>> TypeTable::compile(Bytes schema, Attributes attributes) {
  constexpr std::size_t kSmallestSchema = 8;
  if (schema.size() > kLargestSchema)
    return fail(Errc::corrupt, "the segment's embedded schema has ", std::to_string(schema.size()),
                " bytes, more than the ", std::to_string(kLargestSchema), " that are read");
  // A copy is aligned, and stays as it was checked.
  const std::vector<std::byte> copy(schema.begin(), schema.end());
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(copy.data());
  flatbuffers::Verifier buffer(bytes, copy.size());
  if (copy.size() < kSmallestSchema || !reflection::VerifySchemaBuffer(buffer))
    return fail(Errc::corrupt, "the segment's embedded schema is not a binary FlatBuffers schema");
  const std::shared_ptr<TypeTable> made(new TypeTable);
  RINGSIDE_CHECK(Compiler(*reflection::GetSchema(bytes), attributes, *made).run(copy.size()));
  return made;
}

}  // namespace ringside
