#include "producer_shim/json_event.hpp"

#include <string_view>
#include <vector>

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>

#include "schemas/schema_check.hpp"

namespace ringside {

JsonEvent::JsonEvent(std::unique_ptr<flatbuffers::Parser> parser, std::vector<std::byte> schema)
    : parser_(std::move(parser)),
      schema_(std::move(schema)),
      check_(*reflection::GetSchema(schema_.data())) {}
JsonEvent::JsonEvent(JsonEvent&&) noexcept = default;
JsonEvent& JsonEvent::operator=(JsonEvent&&) noexcept = default;
JsonEvent::~JsonEvent() = default;

Result<JsonEvent> JsonEvent::from_schema(Bytes schema) {
  std::vector<std::byte> copy(schema.begin(), schema.end());  // aligned
  if (auto checked = check_schema(copy); !checked)
    return fail(Errc::bad_argument, "the schema cannot be used: ", checked.error().message);
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  auto parser = std::make_unique<flatbuffers::Parser>(options);
  if (!parser->Deserialize(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size()))
    return fail(Errc::bad_argument, "the schema cannot be read");
  return JsonEvent(std::move(parser), std::move(copy));
}

Result<Bytes> JsonEvent::build(const std::string& json) {
  // Both parsers take a NUL for the end.
  if (const std::size_t at = json.find('\0'); at != std::string::npos)
    return fail(Errc::bad_event, "character ", std::to_string(at + 1), ": a NUL");
  // FlatBuffers' takes more for right than JSON and the schema do.
  if (auto good = check_.check(json); !good) return tl::unexpected(good.error());
  if (!parser_->ParseJson(json.c_str())) {
    std::string reason = parser_->error_;
    while (!reason.empty() && (reason.back() == '\n' || reason.back() == ' ')) reason.pop_back();
    for (char& c : reason)
      if (c == '\n') c = ' ';
    // "LINE: COLUMN: error: ..."; there is one line only.
    constexpr std::string_view kError = ": error: ";
    const std::size_t error = reason.find(kError);
    const std::size_t column = reason.find(": ");
    if (error != std::string::npos && column < error)
      reason = "character " + reason.substr(column + 2, error - column - 2) + ": " +
               reason.substr(error + kError.size());
    return fail(Errc::bad_event, reason);
  }
  const flatbuffers::FlatBufferBuilder& built = parser_->builder_;
  return Bytes{reinterpret_cast<const std::byte*>(built.GetBufferPointer()), built.GetSize()};
}

}  // namespace ringside
