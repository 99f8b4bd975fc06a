#include "schemas/refusal_words.hpp"

namespace ringside {

using schema::Base;
using schema::Shape;

namespace {

/// Names with commas between them. More than these help nobody.
class Names {
 public:
  /// False if there are enough.
  bool add(std::string_view name) {
    constexpr std::size_t kMost = 12;
    text_.append(count_ == kMost ? " and more" : count_ == 0 ? "" : ", ");
    if (count_ == kMost) return false;
    text_.append(name);
    ++count_;
    return true;
  }
  std::string text() const { return count_ == 0 ? "none" : text_; }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

}  // namespace

std::string words_for_value(const JsonText& text, std::size_t at) {
  switch (text[at].kind) {
    case JsonText::Kind::null:
      return "null";
    case JsonText::Kind::boolean:
      return text[at].size == 1 ? "true" : "false";
    case JsonText::Kind::number:
      return "a number (" + std::string(text.text(at).substr(0, 40)) + ")";
    case JsonText::Kind::text:
      return "a text (" + in_quotes(text.text(at)) + ")";
    case JsonText::Kind::list:
      return "a list";
    case JsonText::Kind::object:
      return "an object";
  }
  return "";
}

std::string not_wanted(const JsonText& text, std::size_t at, std::string_view wanted) {
  return std::string(wanted).append(" is wanted, not ").append(words_for_value(text, at));
}

std::string is_none_of(const schema::Enum& one) {
  Names names;
  for (const schema::EnumValue& value : one.values)
    if (!names.add(value.name)) break;
  return " is none of " + names.text();
}

std::string names_of(const schema::Object& object) {
  Names names;
  for (const schema::Field* const field : object.by_name)
    if (!field->is_deprecated && !names.add(field->name)) break;
  return names.text();
}

std::string hint_for(const schema::Object& object, std::string_view name) {
  const std::string inner = "{\"" + std::string(name) + "\": ...}";
  for (const schema::Field* const field : object.by_name) {
    const std::string outer = "\"" + field->name;
    if (field->type.shape != Shape::single) continue;
    if (field->type.object != nullptr && field->type.object->find(name) != nullptr)
      return "; perhaps {" + outer + "\": " + inner + "}";
    if (field->type.base != Base::union_value) continue;
    for (const schema::EnumValue& kind : field->type.names->values) {
      const schema::Object* const chosen = kind.type.object;
      if (chosen == nullptr || chosen->find(name) == nullptr) continue;
      return "; perhaps {" + outer + "_type\": \"" + kind.name + "\", " + outer + "\": " + inner +
             "}, which makes it one of " + chosen->name.substr(chosen->name.rfind('.') + 1);
    }
  }
  return "";
}

}  // namespace ringside
