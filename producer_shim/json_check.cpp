#include "producer_shim/json_check.hpp"

#include <algorithm>
#include <cmath>
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
  const reflection::Enum* names{};     // of a number that may be given by name, or of a union
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

/// From here on a number is rounded to a float's infinity: half a step above the largest.
constexpr double kBeyondFloat = 0x1.FFFFFFp127;

/// FlatBuffers' parser goes no deeper.
constexpr std::size_t kDeepest = FLATBUFFERS_MAX_PARSING_DEPTH;

}  // namespace

/// Follows the text as it is parsed, with the place in the schema where it is.
class JsonCheck::Follower {
 public:
  explicit Follower(const reflection::Schema& schema) : schema_(schema) {}

  Result<void> check(const std::string& json) {
    early_.clear();
    // Members of an object may come in any order, so the type of a union after its value. What it
    // says is known the next time; each time more is, for at most as often as unions are nested.
    for (std::size_t known = 0;; known = early_.size()) {
      if (auto good = follow(json); !good || early_.size() == known) return good;
    }
  }

  // What the parser calls; false ends it.

  bool Null() {
    const Expected& here = look();
    // As if it were not there, which a value of a list or a number cannot be.
    const bool is_absent = here.type == BaseType::String || here.type == BaseType::Obj ||
                           here.type == BaseType::Union || is_list(here.type);
    return take(kNull, is_absent && !levels_.empty() && !is_list(levels_.back().place.type));
  }
  bool Bool(bool) { return take("true or false", look().type == BaseType::Bool); }
  bool Int(int value) { return number(value); }
  bool Uint(unsigned value) { return number(value); }
  bool Int64(std::int64_t value) { return number(value); }
  bool Uint64(std::uint64_t) { return number(-1); }  // beyond what numbers the types of a union
  bool Double(double value) {
    const BaseType type = look().type;
    if (type == BaseType::Float && std::abs(value) >= kBeyondFloat)
      return take("one that no float can hold", false);
    const bool is_huge = std::abs(value) >= 0x1p63;
    return take(is_huge ? "one of that size" : "a fraction",
                type == BaseType::Float || type == BaseType::Double);
  }
  static bool RawNumber(const char*, rapidjson::SizeType, bool) {
    return false;
  }  // was not asked for
  bool String(const char* text, rapidjson::SizeType size, bool) {
    const Expected& here = look();
    if (here.type == BaseType::UType)
      return set_member(
          [&](const reflection::EnumVal& member) {
            return member.name()->string_view() == std::string_view(text, size);
          },
          [&] {
            return in_quotes({text, size});
          });
    return take("a text",
                here.type == BaseType::String || (is_integer(here.type) && here.names != nullptr));
  }

  bool StartObject() {
    const BaseType type = look().type;
    return take("an object", type == BaseType::Obj) && begin();
  }
  bool EndObject(rapidjson::SizeType) {
    for (; !untyped_.empty() && untyped_.back().object == levels_.back().object;
         untyped_.pop_back()) {
      const reflection::Field& field = *untyped_.back().field;
      if (member_of(levels_.back(), field, 0) == nullptr)
        return refuse(type_of(field) + " is missing");
    }
    return end();
  }
  bool StartArray() { return take("a list", is_list(look().type)) && begin(); }
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
      return refuse(in_quotes({name, size}) + ": no such field; there are " +
                    names_of(*level.place.object));
    const auto begin = seen_.begin() + static_cast<std::ptrdiff_t>(level.first_seen);
    if (std::find(begin, seen_.end(), field) != seen_.end())
      return refuse(field->name()->str() + ": given twice");
    seen_.push_back(field);
    next_ = place_of(*field->type());
    return !is_union(*field) || may_come(*field);
  }

 private:
  struct Level {
    Expected place;
    std::size_t first_seen;    // in seen_
    std::uint64_t object;      // its number in the text
    std::size_t elements = 0;  // of a list, up to now
  };

  static constexpr std::string_view kNull = "null";

  struct Untyped {
    std::uint64_t object;
    const reflection::Field* field;
  };

  /// What the type of a union, or an element of a list of types, has said.
  struct Member {
    std::uint64_t object;
    const reflection::Field* type_field;
    std::size_t element;
    const reflection::EnumVal* value;
    bool operator==(const Member&) const = default;
  };

  Result<void> follow(const std::string& json) {
    levels_.clear();
    seen_.clear();
    members_.clear();
    untyped_.clear();
    objects_ = 0;
    next_ = {BaseType::Obj, schema_.root_table(), BaseType::None, nullptr};
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

  /// A few of the fields of a table, for whoever has mistaken one.
  static std::string names_of(const reflection::Object& object) {
    constexpr std::size_t kMost = 12;
    std::string names;
    std::size_t count = 0;
    for (const reflection::Field* const field : *object.fields()) {
      if (field->deprecated()) continue;
      if (count++ == kMost) return names + " and more";
      names += (names.empty() ? "" : ", ") + field->name()->str();
    }
    return names.empty() ? "none" : names;
  }

  Expected place_of(const reflection::Type& type) const {
    Expected place{type.base_type(), nullptr, type.element(), nullptr};
    if (type.index() < 0) return place;
    const auto index = static_cast<flatbuffers::uoffset_t>(type.index());
    const BaseType inner = is_list(place.type) ? place.element : place.type;
    if (inner == BaseType::Obj)
      place.object = schema_.objects()->Get(index);
    else
      place.names = schema_.enums()->Get(index);
    return place;
  }

  /// The value that comes now: the field's, or one more of the list.
  Expected expected() const {
    if (levels_.empty()) return next_;
    const Level& level = levels_.back();
    const bool is_element = is_list(level.place.type);
    const Expected& place = level.place;
    const Expected value =
        is_element ? Expected{place.element, place.object, BaseType::None, place.names} : next_;
    return value.type == BaseType::Union ? member_place(level, is_element) : value;
  }

  /// What a union, or element of a list of unions, holds by its type; anything while that is not
  /// known.
  Expected member_place(const Level& level, bool is_element) const {
    const reflection::EnumVal* const member =
        member_of(table_of(level), *seen_.back(), is_element ? level.elements : 0);
    const bool is_known = member != nullptr && member->union_type() != nullptr;
    return is_known ? place_of(*member->union_type()) : Expected{};
  }

  /// The table whose field is being followed at `level`, which may be a list in it.
  const Level& table_of(const Level& level) const {
    return is_list(level.place.type) ? levels_[levels_.size() - 2] : level;
  }

  /// Whether `type_field` is where the type of the union `field` stands.
  static bool is_type_of(const reflection::Field& type_field, const reflection::Field& field) {
    constexpr std::string_view kEnd = "_type";
    const std::string_view name = type_field.name()->string_view();
    const std::string_view of = field.name()->string_view();
    return name.size() == of.size() + kEnd.size() && name.starts_with(of) && name.ends_with(kEnd);
  }

  static BaseType inner_type(const reflection::Field& field) {
    const reflection::Type& type = *field.type();
    return is_list(type.base_type()) ? type.element() : type.base_type();
  }
  static bool is_union(const reflection::Field& field) {
    return inner_type(field) == BaseType::Union;
  }
  /// Whether it is a union of that kind, or the type of one.
  static bool is_of_union(const reflection::Field& field, std::int32_t kind) {
    return field.type()->index() == kind &&
           (is_union(field) || inner_type(field) == BaseType::UType);
  }

  /// To begin a sentence about it.
  static std::string type_of(const reflection::Field& field) {
    const std::string name = field.name()->str();
    return name + ": its type, " + name + "_type,";
  }

  /// Whether FlatBuffers' parser finds the type of this union. Of the fields before it that belong
  /// to the same kind of union, it takes the one that the schema has last.
  bool may_come(const reflection::Field& field) {
    const reflection::Field* last = nullptr;
    for (std::size_t i = levels_.back().first_seen; i + 1 < seen_.size(); ++i)
      if (is_of_union(*seen_[i], field.type()->index()) &&
          (last == nullptr || seen_[i]->id() > last->id()))
        last = seen_[i];
    if (last == nullptr || is_type_of(*last, field)) return true;
    return refuse(type_of(field) + " has to come right before it, and unions of one kind in the " +
                  "schema's order; " + last->name()->str() + " was before");
  }

  const reflection::EnumVal* member_of(const Level& table, const reflection::Field& field,
                                       std::size_t element) const {
    for (const std::vector<Member>* const members : {&members_, &early_})
      for (const Member& member : *members)
        if (member.object == table.object && member.element == element &&
            is_type_of(*member.type_field, field))
          return member.value;
    return nullptr;
  }

  /// Keeps which member of its union the type that comes now names.
  template <class IsIt, class Given>
  bool set_member(IsIt&& is_it, Given&& given) {
    const Level& level = levels_.back();
    const bool is_element = is_list(level.place.type);
    const reflection::Field& type_field = *seen_.back();
    const auto& members = *(is_element ? level.place.names : next_.names)->values();
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const reflection::EnumVal* one) { return is_it(*one); });
    if (found == members.end()) {
      std::string names;
      for (const reflection::EnumVal* const one : members)
        names += (names.empty() ? "" : ", ") + one->name()->str();
      return refuse(type_field.name()->str() + ": " + given() + " is none of " + names);
    }
    const Level& table = table_of(level);
    const Member member{table.object, &type_field, is_element ? level.elements : 0, *found};
    members_.push_back(member);
    // Of the table's fields, this one is the last.
    for (std::size_t i = table.first_seen; i + 1 < seen_.size(); ++i) {
      if (!is_type_of(type_field, *seen_[i])) continue;
      if (is_element) return refuse(type_of(*seen_[i]) + " has to come before it");
      if (i + 2 < seen_.size())
        return refuse(type_of(*seen_[i]) + " has to come before it, or right after it");
      if (std::find(early_.begin(), early_.end(), member) == early_.end()) early_.push_back(member);
    }
    return take("a type", true);
  }

  /// What may come now; remembered, for what comes is next.
  const Expected& look() {
    taken_ = expected();
    return taken_;
  }

  bool number(std::int64_t value) {
    const BaseType type = look().type;
    if (type == BaseType::UType)
      return set_member(
          [value](const reflection::EnumVal& member) { return member.value() == value; },
          [value] { return std::to_string(value); });
    return take("a number",
                is_integer(type) || type == BaseType::Float || type == BaseType::Double);
  }

  /// Takes the value that look() was for, or says what is wanted in its place.
  bool take(std::string_view found, bool good) {
    if (!good && taken_.type != BaseType::None) {
      if (levels_.empty()) return refuse("an event is an object in braces");
      return refuse(seen_.back()->name()->str() + ": " + std::string(words_for(taken_.type)) +
                    " is wanted, not " + std::string(found));
    }
    if (levels_.empty()) return true;
    Level& level = levels_.back();
    ++level.elements;
    // A union whose type has not come yet.
    if (!is_list(level.place.type) && next_.type == BaseType::Union && found != kNull &&
        taken_.type == BaseType::None && member_of(level, *seen_.back(), 0) == nullptr)
      untyped_.push_back({level.object, seen_.back()});
    return true;
  }

  bool begin() {
    if (levels_.size() == kDeepest)
      return refuse("nested deeper than " + std::to_string(kDeepest) + " levels");
    levels_.push_back({taken_, seen_.size(), ++objects_});
    return true;
  }

  bool end() {
    const Level& level = levels_.back();
    seen_.resize(level.first_seen);
    while (!members_.empty() && members_.back().object == level.object) members_.pop_back();
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
  Expected taken_;                              // the value that was taken last
  std::vector<const reflection::Field*> seen_;  // of all objects that are open
  std::vector<Member> members_;                 // likewise, up to here
  std::vector<Untyped> untyped_;                // unions whose type has not come yet
  std::vector<Member> early_;                   // of those whose type comes after the value
  std::uint64_t objects_ = 0;
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
