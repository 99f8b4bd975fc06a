#include "schemas/event_json.hpp"

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection_generated.h>

#include "schemas/event_check.hpp"
#include "schemas/schema_check.hpp"

namespace ringside {
namespace {

/// JSON has no NaN and no infinities, which FlatBuffers prints as C does; each becomes null.
/// Outside of strings nothing else begins with n, i or a minus before one of them, but null itself.
std::string with_nulls(std::string_view text) {
  std::string json;
  json.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      json.append(text.substr(i++, 2));
      continue;
    }
    if (c == '"') in_string = !in_string;
    const std::string_view word = in_string ? "" : text.substr(c == '-' ? i + 1 : i, 3);
    if (word == "nan" || word == "inf") {
      json.append("null");
      i += c == '-' ? 3 : 2;
    } else {
      json.push_back(c);
    }
  }
  return json;
}

}  // namespace

EventJson::EventJson(std::unique_ptr<flatbuffers::Parser> parser, std::vector<std::byte> schema)
    : parser_(std::move(parser)), schema_(std::move(schema)) {}
EventJson::EventJson(EventJson&&) noexcept = default;
EventJson& EventJson::operator=(EventJson&&) noexcept = default;
EventJson::~EventJson() = default;

Result<EventJson> EventJson::from_schema(Bytes schema) {
  // A copy is aligned, and stays as it was checked.
  std::vector<std::byte> copy(schema.begin(), schema.end());
  if (auto checked = check_schema(copy); !checked)
    return tl::unexpected<Error>(std::move(checked.error()));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(copy.data());
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  options.indent_step = -1;
  options.output_default_scalars_in_json = true;
  // A buffer inside the event is not checked, so it stays a vector of bytes.
  options.json_nested_flatbuffers = false;
  options.json_nested_flexbuffers = false;
  auto parser = std::make_unique<flatbuffers::Parser>(options);
  if (!parser->Deserialize(bytes, copy.size()))
    return fail(Errc::corrupt, "the segment's embedded schema cannot be read");
  return EventJson(std::move(parser), std::move(copy));
}

Result<std::string> EventJson::print(Bytes event) const {
  const reflection::Schema* types = reflection::GetSchema(schema_.data());
  if (!check_event(*types, event))
    return fail(Errc::bad_event, "the event does not verify against the segment's schema");
  std::string text;
  if (!flatbuffers::GenerateText(*parser_, event.data(), &text))
    return fail(Errc::bad_event, "the event holds text that is not UTF-8");
  return with_nulls(text);
}

}  // namespace ringside
