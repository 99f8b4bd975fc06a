#include "schemas/json_text.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace ringside {

/// What the parser calls; false ends it.
class JsonText::Handler {
 public:
  explicit Handler(JsonText& to) : values_(to.values_), texts_(to.texts_) {}

  const std::string& fault() const { return fault_; }

  bool Null() { return add(Kind::null, 0, 0); }
  bool Bool(bool value) { return add(Kind::boolean, 0, value ? 1 : 0); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return add_text(Kind::number, {text, size});
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    // The parser lets the second half of a pair pass without its first.
    const std::string_view all(text, size);
    for (std::size_t at = all.find('\xED'); at != std::string_view::npos;
         at = all.find('\xED', at + 1))
      if (static_cast<unsigned char>(all[at + 1]) >= 0xA0)
        return refuse("half of a surrogate pair");
    return add_text(Kind::text, all);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) {
    return String(text, size, copy);
  }
  bool StartObject() { return begin(Kind::object); }
  bool StartArray() { return begin(Kind::list); }
  bool EndObject(rapidjson::SizeType members) { return end(members); }
  bool EndArray(rapidjson::SizeType elements) { return end(elements); }

  // Numbers come as text.
  static bool Int(int) { return false; }
  static bool Uint(unsigned) { return false; }
  static bool Int64(std::int64_t) { return false; }
  static bool Uint64(std::uint64_t) { return false; }
  static bool Double(double) { return false; }

 private:
  std::uint32_t next() const { return static_cast<std::uint32_t>(values_.size()); }

  bool add(Kind kind, std::size_t begin, std::size_t size) {
    values_.push_back({.kind = kind,
                       .begin = static_cast<std::uint32_t>(begin),
                       .size = static_cast<std::uint32_t>(size),
                       .end = next() + 1});
    return true;
  }

  bool add_text(Kind kind, std::string_view text) {
    const std::size_t begin = texts_.size();
    texts_.append(text).push_back('\0');
    return add(kind, begin, text.size());
  }

  bool begin(Kind kind) {
    if (open_.size() == kDeepestJson)
      return refuse("nested deeper than " + std::to_string(kDeepestJson) + " levels");
    open_.push_back(next());
    return add(kind, 0, 0);
  }

  bool end(std::uint32_t count) {
    Value& value = values_[open_.back()];
    open_.pop_back();
    value.size = count;
    value.end = next();
    return true;
  }

  bool refuse(std::string why) {
    fault_ = std::move(why);
    return false;
  }

  std::vector<Value>& values_;
  std::string& texts_;
  std::vector<std::uint32_t> open_;
  std::string fault_;
};

Result<void> JsonText::parse(const std::string& json) {
  values_.clear();
  texts_.clear();
  // The parser takes a NUL for the end.
  if (const std::size_t at = json.find('\0'); at != std::string::npos)
    return fail(Errc::bad_event, "character ", std::to_string(at + 1), ": a NUL");
  // A byte order mark may be there (RFC 8259, section 8.1).
  const std::size_t begin = json.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  rapidjson::StringStream text(json.c_str() + begin);
  Handler handler(*this);
  constexpr unsigned kFlags =
      rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult parsed = rapidjson::Reader().Parse<kFlags>(text, handler);
  if (parsed) return {};
  const bool is_ours = parsed.Code() == rapidjson::kParseErrorTermination;
  return fail(Errc::bad_event, "character ", std::to_string(begin + parsed.Offset() + 1), ": ",
              is_ours ? handler.fault()
              : parsed.Code() == rapidjson::kParseErrorStringInvalidEncoding
                  ? "not UTF-8"
                  : rapidjson::GetParseError_En(parsed.Code()));
}

}  // namespace ringside
