#include "producer_shim/event_type.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <span>

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>

#include "event_bfbs_generated.h"
#include "event_generated.h"
#include "load_bfbs_generated.h"
#include "load_generated.h"
#include "schemas/event_check.hpp"
#include "schemas/type_table.hpp"

namespace ringside {
namespace {

/// Below this the verifier of schemas reads past the end.
constexpr std::size_t kSmallestSchema = 8;

/// The first field whose default a binary schema cannot hold: it has a signed number for it.
std::string lost_default(const flatbuffers::Parser& parser) {
  for (const flatbuffers::StructDef* const table : parser.structs_.vec) {
    for (const flatbuffers::FieldDef* const field : table->fields.vec) {
      std::uint64_t value = 0;
      if (field->value.type.base_type != flatbuffers::BASE_TYPE_ULONG) continue;
      if (flatbuffers::StringToNumber(field->value.constant.c_str(), &value) &&
          value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return table->name + "." + field->name;
    }
  }
  return {};
}

template <class BinarySchema>
Bytes embedded() {
  return {reinterpret_cast<const std::byte*>(BinarySchema::data()), BinarySchema::size()};
}

/// Of a schema of our own, once.
template <class BinarySchema>
std::shared_ptr<const TypeTable> built_in() {
  static const std::shared_ptr<const TypeTable> types =
      *TypeTable::compile(embedded<BinarySchema>());
  return types;
}

template <bool (*kVerify)(flatbuffers::Verifier&)>
bool verify_built_in(Bytes event) {
  flatbuffers::Verifier check(reinterpret_cast<const std::uint8_t*>(event.data()), event.size());
  return kVerify(check);
}

}  // namespace

EventType EventType::embedding() {
  return {embedded<EventBinarySchema>(), built_in<EventBinarySchema>(),
          verify_built_in<VerifyEventBuffer>};
}

EventType EventType::load() {
  return {embedded<LoadBinarySchema>(), built_in<LoadBinarySchema>(),
          verify_built_in<VerifyLoadBuffer>};
}

Result<EventType> EventType::from_schema_file(const std::filesystem::path& path) {
  // Of a folder a stream says nothing that helps.
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return fail_errno(EISDIR, "cannot read the schema " + path.string());
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return fail_errno(errno != 0 ? errno : EIO, "cannot read the schema " + path.string());
  if (path.extension() != ".fbs") {
    Result<EventType> type = from_binary_schema(std::as_bytes(std::span(text)));
    if (!type) return fail(Errc::bad_argument, path.string(), ": ", type.error().message);
    return type;
  }
  flatbuffers::IDLOptions options;
  // As flatc makes a .bfbs, which may hold what not all languages have, such as unions of structs.
  options.lang_to_generate = flatbuffers::IDLOptions::kBinary;
  options.binary_schema_builtins = true;
  options.no_warnings = true;  // an error is what went wrong alone
  flatbuffers::Parser parser(options);
  const std::string folder = path.parent_path().empty() ? "." : path.parent_path().string();
  std::array<const char*, 2> includes = {folder.c_str(), nullptr};
  if (text.find('\0') != std::string::npos)
    return fail(Errc::bad_argument, path.string(),
                ": not a FlatBuffers schema: it holds a NUL (a binary schema is named .bfbs)");
  if (!parser.Parse(text.c_str(), includes.data(), path.c_str())) {
    std::string why = parser.error_;
    std::replace(why.begin(), why.end(), '\n', ' ');
    return fail(Errc::bad_argument, path.string(), ": not a FlatBuffers schema: ", why);
  }
  if (const std::string lost = lost_default(parser); !lost.empty())
    return fail(Errc::bad_argument, path.string(), ": ", lost,
                ": a default above 2^63 - 1 is lost in a binary schema, so its events would mean "
                "something else to each reader; take a smaller one");
  parser.Serialize();
  Result<EventType> type =
      compile({reinterpret_cast<const std::byte*>(parser.builder_.GetBufferPointer()),
               parser.builder_.GetSize()},
              /*has_attributes=*/true);
  if (!type) return fail(Errc::bad_argument, path.string(), ": ", type.error().message);
  return type;
}

Result<EventType> EventType::from_binary_schema(Bytes schema) {
  return compile(schema, /*has_attributes=*/false);
}

Result<EventType> EventType::compile(Bytes schema, bool has_attributes) {
  const Bytes own = embedded<EventBinarySchema>();
  if (std::equal(schema.begin(), schema.end(), own.begin(), own.end())) return embedding();
  // The verifier wants it aligned.
  const std::vector<std::byte> copy(schema.begin(), schema.end());
  const auto* const start = reinterpret_cast<const std::uint8_t*>(copy.data());
  flatbuffers::Verifier check(start, copy.size());
  if (copy.size() < kSmallestSchema || !reflection::VerifySchemaBuffer(check))
    return fail(Errc::bad_argument,
                "not a binary FlatBuffers schema; make one with: flatc --binary --schema FILE.fbs");
  if (reflection::GetSchema(start)->root_table() == nullptr)
    return fail(Errc::bad_argument, "the schema has no root_type; name the table of the events");
  // What no reader would take is not published either.
  auto types = TypeTable::compile(
      schema, has_attributes ? TypeTable::Attributes::given : TypeTable::Attributes::left_out);
  if (!types) return fail(Errc::bad_argument, "the schema cannot be used: ", types.error().message);
  return EventType(schema, std::move(*types));
}

std::array<char, 4> EventType::id() const {
  std::array<char, 4> id{};
  const std::string& text = types_->file_identifier();
  std::copy(text.begin(), text.end(), id.begin());
  return id;
}

bool EventType::is_embedding() const {
  return types_ == built_in<EventBinarySchema>();
}

bool EventType::verify_by_types(Bytes event) const {
  // The identifier stands behind the offset of the root.
  const auto id = std::as_bytes(std::span(types_->file_identifier()));
  constexpr std::size_t kOffset = sizeof(flatbuffers::uoffset_t);
  return event.size() >= kOffset + id.size() &&
         std::equal(id.begin(), id.end(), event.begin() + kOffset) && check_event(*types_, event);
}

EventParser EventType::parser() const {
  return EventParser(types_, is_embedding() ? "ringside.Embedding" : "");
}

}  // namespace ringside
