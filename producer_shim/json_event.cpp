#include "producer_shim/json_event.hpp"

#include <vector>

#include <flatbuffers/idl.h>

#include "schemas/schema_check.hpp"

namespace ringside {

JsonEvent::JsonEvent(std::unique_ptr<flatbuffers::Parser> parser) : parser_(std::move(parser)) {}
JsonEvent::JsonEvent(JsonEvent&&) noexcept = default;
JsonEvent& JsonEvent::operator=(JsonEvent&&) noexcept = default;
JsonEvent::~JsonEvent() = default;

Result<JsonEvent> JsonEvent::from_schema(Bytes schema) {
  const std::vector<std::byte> copy(schema.begin(), schema.end());  // aligned
  if (auto checked = check_schema(copy); !checked)
    return fail(Errc::bad_argument, "the schema cannot be used: ", checked.error().message);
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  auto parser = std::make_unique<flatbuffers::Parser>(options);
  if (!parser->Deserialize(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size()))
    return fail(Errc::bad_argument, "the schema cannot be read");
  return JsonEvent(std::move(parser));
}

Result<Bytes> JsonEvent::build(const std::string& json) {
  // The parser takes a NUL for the end.
  if (json.find('\0') != std::string::npos)
    return fail(Errc::bad_event, "the JSON text holds a NUL character");
  if (!parser_->ParseJson(json.c_str())) {
    std::string reason = parser_->error_;
    while (!reason.empty() && (reason.back() == '\n' || reason.back() == ' ')) reason.pop_back();
    for (char& c : reason)
      if (c == '\n') c = ' ';
    return fail(Errc::bad_event, "the JSON text is no event of the channel: ", reason);
  }
  const flatbuffers::FlatBufferBuilder& built = parser_->builder_;
  return Bytes{reinterpret_cast<const std::byte*>(built.GetBufferPointer()), built.GetSize()};
}

}  // namespace ringside
