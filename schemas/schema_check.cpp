#include "schemas/schema_check.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/schema_values.hpp"

namespace ringside {
namespace {

using reflection::BaseType;
using Attributes = flatbuffers::Vector<flatbuffers::Offset<reflection::KeyValue>>;
using Lines = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

std::uint64_t unsigned_of(const reflection::EnumVal& value) {
  return static_cast<std::uint64_t>(value.value());
}

class Check {
 public:
  /// Text is copied when the schema is read. flatc writes most texts once; a hostile schema may
  /// point to a long one from everywhere.
  Check(const reflection::Schema& schema, std::size_t size)
      : schema_(schema), text_left_(4 * size) {}

  Result<void> run() {
    if (all() || fault_.empty()) return {};
    return fail(Errc::corrupt,
                "the segment's embedded schema is not one that flatc writes: ", fault_);
  }

 private:
  bool refuse(std::string_view where, std::string_view what) {
    fault_ = in_quotes(where) + ": " + std::string(what);
    return false;
  }

  bool all() {
    const std::size_t objects = schema_.objects()->size();
    const std::size_t enums = schema_.enums()->size();
    if (objects + enums > kMostDefinitions) return refuse("schema", "too many definitions");
    std::set<std::string_view> names;
    for (const reflection::Object* object : *schema_.objects())
      if (!definition(*object, names)) return false;
    for (const reflection::Enum* one : *schema_.enums())
      if (!definition(*one, names) || !enumeration(*one)) return false;
    for (const reflection::Object* object : *schema_.objects())
      if (!fields(*object)) return false;
    depths_.assign(objects, 0);
    for (std::size_t i = 0; i < objects; ++i)
      if (object_at(i).is_struct() && !struct_depth(i, 1)) return false;
    return root() && identifier() && services() && files();
  }

  /// Whoever builds an event asserts on it.
  bool identifier() {
    const std::string_view id = view(schema_.file_ident());
    const bool is_good = id.empty() || (id.size() == 4 && id.find('\0') == std::string_view::npos);
    return is_good || refuse("file_identifier", "it has four characters, none of them NUL");
  }

  bool root() {
    for (const reflection::Object* object : *schema_.objects())
      if (object == schema_.root_table())
        return !object->is_struct() || refuse("root type", "it is a struct");
    return refuse("root type", "it is none of the schema's tables");
  }

  /// The services of a schema are never used here, but they are read.
  bool services() {
    if (schema_.services() == nullptr) return true;
    std::set<std::string_view> names;
    for (const reflection::Service* service : *schema_.services()) {
      if (!definition(*service, names)) return false;
      if (service->calls() == nullptr) continue;
      std::set<std::string_view> calls;
      for (const reflection::RPCCall* call : *service->calls())
        if (!is_identifier(view(call->name())) || !definition(*call, calls)) return false;
    }
    return true;
  }

  bool files() {
    if (schema_.fbs_files() == nullptr) return true;
    for (const reflection::SchemaFile* file : *schema_.fbs_files()) {
      if (file->included_filenames() == nullptr)
        return refuse(view(file->filename()), "a file without its list of includes");
      for (const flatbuffers::String* name : *file->included_filenames())
        if (!spend(file->filename()->size() + name->size())) return false;
    }
    return true;
  }

  bool spend(std::size_t bytes) {
    if (bytes + 1 > text_left_) return refuse("schema", "the same text over and over");
    text_left_ -= bytes + 1;
    return true;
  }

  bool documentation(const Lines* lines) {
    return lines == nullptr ||
           std::all_of(lines->begin(), lines->end(),
                       [this](const flatbuffers::String* line) { return spend(line->size()); });
  }

  bool attributes(std::string_view where, const Attributes* all) {
    if (all == nullptr) return true;
    std::set<std::string_view> keys;
    for (const reflection::KeyValue* one : *all) {
      if (!spend(one->key()->size() + view(one->value()).size())) return false;
      if (!keys.insert(view(one->key())).second) return refuse(where, "an attribute twice");
    }
    return true;
  }

  /// What every definition has: a name of its own among `names`, attributes and documentation.
  template <class Definition>
  bool definition(const Definition& one, std::set<std::string_view>& names) {
    const std::string_view name = view(one.name());
    if (!is_qualified_name(name)) return refuse(name, "not a name");
    if (!names.insert(name).second) return refuse(name, "the name is there twice");
    return spend(name.size()) && attributes(name, one.attributes()) &&
           documentation(one.documentation());
  }

  const reflection::Object& object_at(std::size_t i) const {
    return *schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(i));
  }
  /// Null where the index is none of an object, or of an enum.
  const reflection::Object* object_of(const reflection::Type& type) const {
    const auto i = static_cast<std::uint32_t>(type.index());
    return i < schema_.objects()->size() ? schema_.objects()->Get(i) : nullptr;
  }
  const reflection::Enum* enum_of(const reflection::Type& type) const {
    const auto i = static_cast<std::uint32_t>(type.index());
    return i < schema_.enums()->size() ? schema_.enums()->Get(i) : nullptr;
  }

  bool enumeration(const reflection::Enum& one) {
    const std::string_view name = view(one.name());
    const BaseType underlying = base_of(*one.underlying_type());
    if (one.is_union() ? underlying != BaseType::UType : !is_integer(underlying))
      return refuse(name, "its underlying type is no integer");
    if (one.underlying_type()->index() >= 0 && enum_of(*one.underlying_type()) != &one)
      return refuse(name, "its underlying type is out of range");
    if (one.values()->size() == 0 || one.values()->size() > kMostDefinitions)
      return refuse(name, "none or too many values");
    std::set<std::string_view> names;
    const bool is_unsigned = underlying == BaseType::ULong;
    const reflection::EnumVal* last = nullptr;
    for (const reflection::EnumVal* value : *one.values()) {
      if (!is_identifier(view(value->name()))) return refuse(name, "a value without a sane name");
      const bool ascends =
          last == nullptr ||
          (is_unsigned ? unsigned_of(*last) < unsigned_of(*value) : last->value() < value->value());
      if (!names.insert(view(value->name())).second || !ascends)
        return refuse(name, "a value twice, or out of order");
      last = value;
      if (!spend(value->name()->size()) || !documentation(value->documentation())) return false;
      if (!enum_value(one, *value)) return false;
    }
    return true;
  }

  bool enum_value(const reflection::Enum& one, const reflection::EnumVal& value) {
    const std::string_view name = view(one.name());
    const reflection::Type* type = value.union_type();
    const BaseType base = type == nullptr ? BaseType::None : base_of(*type);
    const bool first = &value == one.values()->Get(0);
    if (!one.is_union() || first) {
      if (base != BaseType::None || (type != nullptr && type->index() >= 0))
        return refuse(name, "a type where there is none");
      return !one.is_union() || value.value() == 0 || refuse(name, "its first value is not 0");
    }
    if (value.value() < 0 || value.value() > 255) return refuse(name, "a value out of range");
    if (base == BaseType::String && type->index() < 0) return true;
    return (base == BaseType::Obj && object_of(*type) != nullptr) ||
           refuse(name, "a kind of union that is neither table, struct nor string");
  }

  bool fields(const reflection::Object& object) {
    const std::string_view name = view(object.name());
    const std::size_t count = object.fields()->size();
    std::vector<const reflection::Field*> by_id(count);
    std::set<std::string_view> names;
    bool has_key = false;
    for (const reflection::Field* one : *object.fields()) {
      if (!is_identifier(view(one->name()))) return refuse(name, "a field without a sane name");
      if (!definition(*one, names)) return false;
      if (one->id() >= count || by_id[one->id()] != nullptr)
        return refuse(name, "its fields are not numbered from 0, each once");
      by_id[one->id()] = one;
      if (one->required() && one->optional())
        return refuse(name, "a field both required and optional");
      if (one->key() && has_key) return refuse(name, "two keys");
      has_key = has_key || one->key();
    }
    if (object.is_struct()) return struct_fields(object, by_id);
    if (object.bytesize() != 0) return refuse(name, "a table with the size of a struct");
    for (std::size_t i = 0; i < count; ++i) {
      if (by_id[i]->offset() != 4 + 2 * i)
        return refuse(name, "a field's offset is not its number");
      if (!table_field(name, *by_id[i], i == 0 ? nullptr : by_id[i - 1])) return false;
    }
    return true;
  }

  /// Of a scalar type, alone or as an element: an index is that of an enum of the same integers.
  bool scalar(std::string_view name, BaseType base, const reflection::Type& type) {
    if (type.index() < 0)
      return base != BaseType::UType || refuse(name, "the type of a union that is none");
    const reflection::Enum* one = enum_of(type);
    return (one != nullptr && is_integer(base) && base_of(*one->underlying_type()) == base) ||
           refuse(name, "a field's enum is out of range, or of another type");
  }

  /// The type of a union is the field before it, and of the same enum.
  bool union_field(std::string_view name, const reflection::Type& type,
                   const reflection::Field* before) {
    const reflection::Enum* one = enum_of(type);
    if (one == nullptr || !one->is_union()) return refuse(name, "a union out of range");
    if (before == nullptr) return refuse(name, "a union without its type before it");
    const reflection::Type& kind = *before->type();
    const bool vector = base_of(type) == BaseType::Vector;
    const bool same =
        kind.index() == type.index() &&
        (vector ? base_of(kind) == BaseType::Vector && element_of(kind) == BaseType::UType
                : base_of(kind) == BaseType::UType);
    return same || refuse(name, "a union without its type before it");
  }

  bool table_field(std::string_view name, const reflection::Field& field,
                   const reflection::Field* before) {
    const reflection::Type& type = *field.type();
    const bool vector = base_of(type) == BaseType::Vector;
    const BaseType base = vector ? element_of(type) : base_of(type);
    if (!vector && element_of(type) != BaseType::None)
      return refuse(name, "a field with elements that is no vector");
    if (is_scalar(base)) {
      if (!vector && !is_default(base, field.default_integer()))
        return refuse(name, "a field's default is out of range");
      return scalar(name, base, type);
    }
    switch (base) {
      case BaseType::String:
        return type.index() < 0 || refuse(name, "a string with an index");
      case BaseType::Obj:
        return object_of(type) != nullptr || refuse(name, "a field's object is out of range");
      case BaseType::Union:
        return union_field(name, type, before);
      default:
        return refuse(name, "a field of a type that tables do not have");
    }
  }

  struct Place {
    std::size_t size = 0;
    std::size_t alignment = 1;
  };

  /// Inside a struct; size 0 if that type cannot be there.
  Place place_of(const reflection::Type& type) const {
    const bool array = base_of(type) == BaseType::Array;
    const BaseType base = array ? element_of(type) : base_of(type);
    Place place;
    if (is_scalar(base)) {
      place.size = place.alignment = size_of_scalar(base);
    } else if (base == BaseType::Obj) {
      const reflection::Object* object = object_of(type);
      if (object == nullptr || !object->is_struct() || object->bytesize() <= 0 ||
          object->minalign() <= 0)
        return {};
      place.size = static_cast<std::size_t>(object->bytesize());
      place.alignment = static_cast<std::size_t>(object->minalign());
    }
    if (array) place.size *= type.fixed_length();
    return place;
  }

  bool struct_fields(const reflection::Object& object,
                     const std::vector<const reflection::Field*>& by_id) {
    const std::string_view name = view(object.name());
    constexpr int kLargestStruct = std::numeric_limits<std::uint16_t>::max();
    constexpr int kMostAlignment = 256;
    if (object.bytesize() <= 0 || object.bytesize() > kLargestStruct || object.minalign() <= 0 ||
        object.minalign() > kMostAlignment)
      return refuse(name, "a struct's size or alignment is out of range");
    const auto alignment = static_cast<std::size_t>(object.minalign());
    const auto round_up = [](std::size_t at, std::size_t to) { return (at + to - 1) / to * to; };
    if (!std::has_single_bit(alignment)) return refuse(name, "an alignment that is no power of 2");
    std::size_t end = 0;
    for (const reflection::Field* field : by_id) {
      const reflection::Type& type = *field->type();
      const bool array = base_of(type) == BaseType::Array;
      const BaseType base = array ? element_of(type) : base_of(type);
      const Place place = place_of(type);
      if (place.size == 0 || base == BaseType::UType ||
          (!array && element_of(type) != BaseType::None))
        return refuse(name, "a field of a type that structs do not have");
      if (is_scalar(base) && !scalar(name, base, type)) return false;
      if (!std::has_single_bit(place.alignment) || place.alignment > alignment ||
          field->offset() % place.alignment != 0 || field->offset() < end ||
          (end == 0 && field->offset() != 0))
        return refuse(name, "a field of a struct is not where it should be");
      end = field->offset() + place.size;
    }
    return round_up(end, alignment) == static_cast<std::size_t>(object.bytesize()) ||
           refuse(name, "a struct is not as long as its fields");
  }

  /// Sets depths_[i], that of the structs in struct `i`; `level` counts the structs around it.
  bool struct_depth(std::size_t i, std::size_t level) {
    if (level > kDeepestStruct)
      return refuse(view(object_at(i).name()), "a struct inside itself, or nested too deep");
    if (depths_[i] != 0)
      return level + depths_[i] - 1 <= kDeepestStruct ||
             refuse(view(object_at(i).name()), "structs are nested too deep");
    std::size_t depth = 1;
    for (const reflection::Field* field : *object_at(i).fields()) {
      const reflection::Type& type = *field->type();
      const bool array = base_of(type) == BaseType::Array;
      if ((array ? element_of(type) : base_of(type)) != BaseType::Obj) continue;
      const auto inner = static_cast<std::size_t>(type.index());
      if (!struct_depth(inner, level + 1)) return false;
      depth = std::max(depth, depths_[inner] + 1);
    }
    depths_[i] = depth;
    return true;
  }

  const reflection::Schema& schema_;
  std::size_t text_left_;
  std::vector<std::size_t> depths_;
  std::string fault_;
};

}  // namespace

Result<void> check_schema(Bytes schema) {
  constexpr std::size_t kSmallestSchema = 8;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(schema.data());
  if (schema.size() > kLargestSchema)
    return fail(Errc::corrupt, "the segment's embedded schema has ", std::to_string(schema.size()),
                " bytes, more than the ", std::to_string(kLargestSchema), " that are read");
  flatbuffers::Verifier buffer(bytes, schema.size());
  if (schema.size() < kSmallestSchema || !reflection::VerifySchemaBuffer(buffer))
    return fail(Errc::corrupt, "the segment's embedded schema is not a binary FlatBuffers schema");
  return Check(*reflection::GetSchema(bytes), schema.size()).run();
}

}  // namespace ringside
