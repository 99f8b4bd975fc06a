#include "producer_shim/json_check.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <flatbuffers/reflection.h>
#include <nlohmann/json.hpp>

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

/// Follows the text as it is parsed, with the place in the schema where it is.
class Checker : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Checker(const reflection::Schema& schema) : schema_(schema) {
    next_ = {BaseType::Obj, schema.root_table(), BaseType::None, false};
  }

  const std::string& fault() const { return fault_; }

  bool null() override { return true; }  // as if it were not there
  bool boolean(bool) override { return take("true or false", expected().type == BaseType::Bool); }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_unsigned(number_unsigned_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override {
    const BaseType type = expected().type;
    return take("a fraction", type == BaseType::Float || type == BaseType::Double);
  }
  bool string(string_t& text) override {
    const Expected here = expected();
    if (here.type == BaseType::UType) union_type_ = text;
    return take("a text", here.type == BaseType::String || here.is_enum);
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    const Expected here = expected();
    if (!take("an object", here.type == BaseType::Obj || here.type == BaseType::Union))
      return false;
    levels_.push_back({here, seen_.size()});
    return true;
  }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override {
    const Expected here = expected();
    if (!take("a list", is_list(here.type))) return false;
    levels_.push_back({here, seen_.size()});
    return true;
  }
  bool end_array() override { return end(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    next_ = {};
    if (level.place.type == BaseType::None) return true;
    if (level.place.object == nullptr) return true;
    // Sorted by name, as check_schema() has found.
    const reflection::Field* const field = level.place.object->fields()->LookupByKey(name.c_str());
    if (field == nullptr || field->deprecated()) return refuse(name + ": no such field");
    const auto begin = seen_.begin() + static_cast<std::ptrdiff_t>(level.first_seen);
    if (std::find(begin, seen_.end(), field) != seen_.end()) return refuse(name + ": given twice");
    seen_.push_back(field);
    next_ = place_of(*field->type());
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    std::string what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 5: ..."
    const std::size_t colon = what.find(": ");
    if (colon != std::string::npos) what.erase(0, colon + 2);
    if (const std::size_t read = what.find("; last read: "); read != std::string::npos)
      what.resize(read);
    return refuse("character " + std::to_string(position) + ": " + what);
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
};

}  // namespace

Result<void> check_json(const reflection::Schema& schema, const std::string& json) {
  Checker checker(schema);
  if (nlohmann::json::sax_parse(json, &checker)) return {};
  return fail(Errc::bad_event, checker.fault());
}

}  // namespace ringside
