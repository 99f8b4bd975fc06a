#include "schemas/event_json.hpp"

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>

namespace ringside {

EventJson::EventJson(std::unique_ptr<flatbuffers::Parser> parser, std::vector<std::byte> schema)
    : parser_(std::move(parser)), schema_(std::move(schema)) {}
EventJson::EventJson(EventJson&&) noexcept = default;
EventJson& EventJson::operator=(EventJson&&) noexcept = default;
EventJson::~EventJson() = default;

Result<EventJson> EventJson::from_schema(Bytes schema) {
  std::vector<std::byte> copy(schema.begin(), schema.end());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(copy.data());
  flatbuffers::Verifier check(bytes, copy.size());
  if (!reflection::VerifySchemaBuffer(check) ||
      reflection::GetSchema(bytes)->root_table() == nullptr)
    return fail(Errc::corrupt, "the segment's embedded schema is not a binary FlatBuffers schema");
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  options.indent_step = -1;
  options.output_default_scalars_in_json = true;
  auto parser = std::make_unique<flatbuffers::Parser>(options);
  if (!parser->Deserialize(bytes, copy.size()))
    return fail(Errc::corrupt, "the segment's embedded schema cannot be read");
  return EventJson(std::move(parser), std::move(copy));
}

Result<std::string> EventJson::print(Bytes event) const {
  const reflection::Schema* types = reflection::GetSchema(schema_.data());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(event.data());
  if (!flatbuffers::Verify(*types, *types->root_table(), bytes, event.size()))
    return fail(Errc::bad_event, "the event does not verify against the segment's schema");
  std::string text;
  if (!flatbuffers::GenerateText(*parser_, bytes, &text))
    return fail(Errc::bad_event, "the event holds text that is not UTF-8");
  return text;
}

}  // namespace ringside
