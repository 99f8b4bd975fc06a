// Schemas that flatc could have written, and such that it could not.
#include "schemas/type_table.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "schemas/event_print.hpp"
#include "tests/producer/schema_compiler.hpp"

namespace ringside {
namespace {

using namespace test;
using Catch::Matchers::Contains;

/// Sets a number of a table of the schema that is not its default there.
template <class Number, class Table>
void set(const Table* table, flatbuffers::voffset_t field, Number value) {
  auto* bare = reinterpret_cast<flatbuffers::Table*>(const_cast<Table*>(table));
  REQUIRE(bare->SetField<Number>(field, value, Number{}));
}

void replace_all(Buffer& schema, const std::string& from, const std::string& to) {
  REQUIRE(from.size() == to.size());
  const auto bytes = std::as_bytes(std::span(from));
  auto at = std::search(schema.begin(), schema.end(), bytes.begin(), bytes.end());
  REQUIRE(at != schema.end());
  for (; at != schema.end(); at = std::search(at, schema.end(), bytes.begin(), bytes.end())) {
    const auto by = std::as_bytes(std::span(to));
    at = std::copy(by.begin(), by.end(), at);
  }
}

struct Change {
  const char* what;
  std::function<void(Buffer&, const reflection::Schema&)> make;
  const char* says;
};

TEST_CASE("event JSON: a schema that flatc does not write is refused before it is read") {
  using reflection::BaseType;
  using Schema = const reflection::Schema&;
  constexpr const char* kRoot = "test.deep.Root";
  constexpr const char* kOuter = "test.deep.Outer";
  constexpr const char* kInner = "test.deep.Inner";
  const std::vector<Change> changes = {
      {"two fields of a name", [](Buffer& all, Schema) { replace_all(all, "ratio", "small"); },
       "\"small\": the name is there twice"},
      {"two tables of a name",
       [](Buffer& all, Schema) { replace_all(all, "test.deep.Inner", "test.deep.Outer"); },
       "the name is there twice"},
      {"two values of a name",
       [](Buffer& all, Schema) {
         replace_all(all, "down", {"up\0\0", 4});
       },
       "a value without a sane name"},
      {"a name with a quote", [](Buffer& all, Schema) { replace_all(all, "leaves", "lea\"es"); },
       "a field without a sane name"},
      {"a line end in a namespace",
       [](Buffer& all, Schema) { replace_all(all, "test.deep.Root", "test\ndeep.Root"); },
       "\"test\\x0adeep.Root\": not a name"},
      {"a number of a field beyond all",
       [=](Buffer&, Schema s) { set<std::uint16_t>(field(s, kRoot, "words"), 8, 999); },
       "not numbered from 0, each once"},
      {"a number of a field twice",
       [=](Buffer&, Schema s) { set<std::uint16_t>(field(s, kRoot, "words"), 8, 1); },
       "not numbered from 0, each once"},
      {"an offset that is not the number",
       [=](Buffer&, Schema s) { set<std::uint16_t>(field(s, kRoot, "words"), 10, 4); },
       "offset is not its number"},
      {"an object out of range",
       [=](Buffer&, Schema s) { set<std::int32_t>(field(s, kRoot, "leaf")->type(), 8, 99); },
       "object is out of range"},
      {"an enum out of range",
       [=](Buffer&, Schema s) { set<std::int32_t>(field(s, kRoot, "colour")->type(), 8, 99); },
       "enum is out of range"},
      {"an enum of another type",
       [=](Buffer&, Schema s) { set(field(s, kRoot, "colour")->type(), 4, BaseType::Float); },
       "of another type"},
      {"an element type that is none",
       [=](Buffer&, Schema s) { set(field(s, kRoot, "words")->type(), 6, BaseType::Vector); },
       "a type that tables do not have"},
      {"a base type that is none",
       [=](Buffer&, Schema s) { set(field(s, kRoot, "ratio")->type(), 4, std::int8_t{77}); },
       "a type that tables do not have"},
      {"a union without its type",
       [=](Buffer&, Schema s) { set(field(s, kRoot, "kind_type")->type(), 4, BaseType::UByte); },
       "of another type"},
      {"a default out of range",
       [=](Buffer&, Schema s) { set<std::int64_t>(field(s, kRoot, "small"), 12, 256); },
       "default is out of range"},
      {"a struct of no size",
       [=](Buffer&, Schema s) { set<std::int32_t>(object(s, kInner), 12, -8); },
       "size or alignment is out of range"},
      {"an alignment of 3", [=](Buffer&, Schema s) { set<std::int32_t>(object(s, kInner), 10, 3); },
       "no power of 2"},
      {"a field outside its struct",
       [=](Buffer&, Schema s) { set<std::uint16_t>(field(s, kInner, "b"), 10, 8); },
       "not as long as its fields"},
      {"a string in a struct",
       [=](Buffer&, Schema s) { set(field(s, kInner, "b")->type(), 4, BaseType::String); },
       "a type that structs do not have"},
      {"a root that is a struct",
       [=](Buffer&, Schema s) {
         auto* bare = reinterpret_cast<flatbuffers::Table*>(const_cast<reflection::Schema*>(&s));
         REQUIRE(bare->SetPointer(12, reinterpret_cast<const std::uint8_t*>(object(s, kOuter))));
       },
       "it is a struct"},
      {"an enum on a float",
       [](Buffer&, Schema s) {
         set(s.enums()->LookupByKey("test.deep.Colour")->underlying_type(), 4, BaseType::Double);
       },
       "its underlying type is no integer"},
      {"two values that are the same",
       [](Buffer&, Schema s) {
         const auto* values = s.enums()->LookupByKey("test.deep.Colour")->values();
         set<std::int64_t>(values->Get(1), 6, 1);
       },
       "a value twice"},
      {"values that descend",
       [](Buffer&, Schema s) {
         const auto* values = s.enums()->LookupByKey("test.deep.Colour")->values();
         set<std::int64_t>(values->Get(1), 6, -1);
       },
       "out of order"},
  };
  Compiler compiler;
  const Buffer sound = compiler.schema();
  REQUIRE(EventPrinter::from_schema(sound));
  for (const Change& change : changes) {
    INFO(change.what);
    Buffer schema = sound;
    change.make(schema, *reflection::GetSchema(schema.data()));
    flatbuffers::Verifier buffer(reinterpret_cast<const std::uint8_t*>(schema.data()),
                                 schema.size());
    CHECK(reflection::VerifySchemaBuffer(buffer));  // the buffer is sound, what it says is not
    const Result<EventPrinter> printer = EventPrinter::from_schema(schema);
    REQUIRE_FALSE(printer);
    CHECK(printer.error().code == Errc::corrupt);
    CHECK_THAT(printer.error().message, Contains(change.says));
    CHECK(printer.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("event JSON: a struct inside itself is refused") {
  Compiler compiler("struct B { x:int; } struct A { b:B; } table Root { a:A; } root_type Root;");
  const Buffer sound = compiler.schema();
  REQUIRE(TypeTable::compile(sound));
  Buffer schema = sound;
  const auto& types = *reflection::GetSchema(schema.data());
  const int a = field(types, "Root", "a")->type()->index();
  set<std::int32_t>(field(types, "A", "b")->type(), 8, a);
  const auto checked = TypeTable::compile(schema);
  REQUIRE_FALSE(checked);
  CHECK_THAT(checked.error().message, Contains("a struct inside itself"));
}

TEST_CASE("event JSON: no schema, half a schema and one too long are refused") {
  Compiler compiler;
  Buffer schema = compiler.schema();
  for (std::size_t size = 0; size < schema.size(); size += size < 16 ? 1 : 37)
    CHECK_FALSE(EventPrinter::from_schema(
        Buffer(schema.begin(), schema.begin() + static_cast<long>(size))));
  schema.resize(kLargestSchema + 1);
  const Result<EventPrinter> printer = EventPrinter::from_schema(schema);
  REQUIRE_FALSE(printer);
  CHECK_THAT(printer.error().message, Contains("more than the 1048576"));
}

}  // namespace
}  // namespace ringside
