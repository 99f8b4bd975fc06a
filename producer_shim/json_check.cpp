#include "producer_shim/json_check.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace ringside {
namespace {

using reflection::BaseType;

/// What may stand at a place of the text.
struct Expected {
  BaseType type = BaseType::None;      // None: anything
  const reflection::Object* object{};  // of a table or struct
  BaseType element = BaseType::None;   // of a vector
  bool is_enum = false;                // a number that may be given by its name
};

std::string_view words_for(BaseType type) {
  switch (type) {
    case BaseType::Bool:
      return "true or false";
    case BaseType::Float:
    case BaseType::Double:
      return "a number";
    case BaseType::String:
      return "a text";
    case BaseType::Vector:
    case BaseType::Array:
      return "a list";
    case BaseType::Obj:
    case BaseType::Union:
      return "an object";
    default:
      return "a whole number";
  }
}

bool is_integer(BaseType type) {
  return type == BaseType::UType || (type >= BaseType::Byte && type <= BaseType::ULong);
}

bool is_list(BaseType type) {
  return type == BaseType::Vector || type == BaseType::Array;
}

/// FlatBuffers' parser goes no deeper.
constexpr std::size_t kDeepest = FLATBUFFERS_MAX_PARSING_DEPTH;

}  // namespace

/// Follows the text as it is parsed, with the place in the schema where it is.
class JsonCheck::Follower {
 public:
  explicit Follower(const reflection::Schema& schema) : schema_(schema) {}

  Result<void> check(const std::string& json) {
    levels_.clear();
    seen_.clear();
    union_type_.clear();
    next_ = {BaseType::Obj, schema_.root_table(), BaseType::None, false};
    // A byte order mark may be there (RFC 8259, section 8.1), and FlatBuffers' parser takes it too.
    const std::size_t begin = json.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    rapidjson::StringStream text(json.c_str() + begin);
    const rapidjson::ParseResult parsed =
        parser_.Parse<rapidjson::kParseValidateEncodingFlag>(text, *this);
    if (parsed) return {};
    if (parsed.Code() == rapidjson::kParseErrorTermination) return fail(Errc::bad_event, fault_);
    return fail(Errc::bad_event, "character ", std::to_string(begin + parsed.Offset() + 1), ": ",
                parsed.Code() == rapidjson::kParseErrorStringInvalidEncoding
                    ? "not UTF-8"
                    : rapidjson::GetParseError_En(parsed.Code()));
  }

  // What the parser calls; false ends it.

  bool Null() { return true; }  // as if it were not there
  bool Bool(bool) { return take("true or false", expected().type == BaseType::Bool); }
  bool Int(int) { return number(); }
  bool Uint(unsigned) { return number(); }
  bool Int64(std::int64_t) { return number(); }
  bool Uint64(std::uint64_t) { return number(); }
  bool Double(double) {
    const BaseType type = expected().type;
    return take("a fraction", type == BaseType::Float || type == BaseType::Double);
  }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }  // was not asked for
  bool String(const char* text, rapidjson::SizeType size, bool) {
    const Expected here = expected();
    if (here.type == BaseType::UType) union_type_.assign(text, size);
    return take("a text", here.type == BaseType::String || here.is_enum);
  }

  bool StartObject() {
    const BaseType type = expected().type;
    return take("an object", type == BaseType::Obj || type == BaseType::Union) && begin();
  }
  bool EndObject(rapidjson::SizeType) { return end(); }
  bool StartArray() { return take("a list", is_list(expected().type)) && begin(); }
  bool EndArray(rapidjson::SizeType) { return end(); }

  bool Key(const char* name, rapidjson::SizeType size, bool) {
    const Level& level = levels_.back();
    next_ = {};
    if (level.place.type == BaseType::None) return true;
    if (level.place.object == nullptr) return true;
    // Sorted by name, as check_schema() has found. A name with a NUL in it is none of them.
    const reflection::Field* const field =
        std::strlen(name) == size ? level.place.object->fields()->LookupByKey(name) : nullptr;
    if (field == nullptr || field->deprecated())
      return refuse(in_quotes({name, size}) + ": no such field");
    const auto begin = seen_.begin() + static_cast<std::ptrdiff_t>(level.first_seen);
    if (std::find(begin, seen_.end(), field) != seen_.end())
      return refuse(field->name()->str() + ": given twice");
    seen_.push_back(field);
    next_ = place_of(*field->type());
    return true;
  }

 private:
  struct Level {
    Expected place;
    std::size_t first_seen;  // in seen_
  };

  Expected place_of(const reflection::Type& type) const {
    Expected place{type.base_type(), nullptr, type.element(), false};
    const bool has_object =
        type.index() >= 0 &&
        (place.type == BaseType::Obj || (is_list(place.type) && place.element == BaseType::Obj));
    if (has_object)
      place.object = schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
    else if (place.type == BaseType::Union)
      place.object = member_of(type);
    else
      place.is_enum = type.index() >= 0;
    return place;
  }

  /// The table that a union holds, if its type was given before it; any otherwise.
  const reflection::Object* member_of(const reflection::Type& type) const {
    if (type.index() < 0) return nullptr;
    const auto* const members =
        schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()))->values();
    for (const reflection::EnumVal* const member : *members) {
      if (member->name()->string_view() != union_type_) continue;
      const std::int32_t index = member->union_type() ? member->union_type()->index() : -1;
      return index < 0 ? nullptr
                       : schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(index));
    }
    return nullptr;
  }

  /// The value that comes now: the field's, or one more of the list.
  Expected expected() const {
    if (levels_.empty()) return next_;
    const Expected& place = levels_.back().place;
    if (!is_list(place.type)) return next_;
    return {place.element, place.object, BaseType::None, place.is_enum};
  }

  bool number() {
    const BaseType type = expected().type;
    return take("a number",
                is_integer(type) || type == BaseType::Float || type == BaseType::Double);
  }

  bool take(std::string_view found, bool good) {
    const BaseType wanted = expected().type;
    if (good || wanted == BaseType::None) return true;
    if (levels_.empty()) return refuse("an event is an object in braces");
    return refuse(seen_.back()->name()->str() + ": " + std::string(words_for(wanted)) +
                  " is wanted, not " + std::string(found));
  }

  bool begin() {
    if (levels_.size() == kDeepest)
      return refuse("nested deeper than " + std::to_string(kDeepest) + " levels");
    levels_.push_back({expected(), seen_.size()});
    return true;
  }

  bool end() {
    seen_.resize(levels_.back().first_seen);
    levels_.pop_back();
    return true;
  }

  bool refuse(std::string why) {
    fault_ = std::move(why);
    return false;
  }

  const reflection::Schema& schema_;
  std::vector<Level> levels_;
  Expected next_;
  std::vector<const reflection::Field*> seen_;  // of all objects that are open
  std::string union_type_;                      // as the field of the union's type said
  std::string fault_;
  rapidjson::Reader parser_;
};

JsonCheck::JsonCheck(const reflection::Schema& schema)
    : follower_(std::make_unique<Follower>(schema)) {}
JsonCheck::JsonCheck(JsonCheck&&) noexcept = default;
JsonCheck& JsonCheck::operator=(JsonCheck&&) noexcept = default;
JsonCheck::~JsonCheck() = default;

Result<void> JsonCheck::check(const std::string& json) {
  return follower_->check(json);
}

}  // namespace ringside
