// Events as JSON, by schemas that flatc could have written and by schemas that it could not.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>
#include <nlohmann/json.hpp>

#include "bus/bus.hpp"
#include "bus/program/start_text.hpp"
#include "schemas/event_check.hpp"
#include "schemas/event_print.hpp"
#include "schemas/type_table.hpp"

namespace ringside {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;
using Buffer = std::vector<std::byte>;

constexpr const char* kSchema = R"(
namespace test.deep;
enum Colour : ushort { red = 1, blue = 2 }
enum Flags : ubyte (bit_flags) { up, down }
struct Inner { a:ubyte; b:int; }
struct Outer { one:Inner; many:[Inner:2]; last:double; }
table Leaf { name:string; }
union Kind { Leaf, Outer, Text:string }
table Root (documented) {
  small:ubyte = 7;
  ratio:double;
  half:float;
  colour:Colour = red;
  flags:Flags;
  maybe:int = null;
  place:Outer;
  leaf:Leaf;
  kind:Kind;
  kinds:[Kind];
  words:[string];
  leaves:[Leaf];
  places:[Inner];
  numbers:[float];
  inside:[ubyte] (nested_flatbuffer: "Leaf");
}
root_type Root;
)";

Buffer bytes_of(const flatbuffers::FlatBufferBuilder& builder) {
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  return {bytes.begin(), bytes.end()};
}

/// flatc, as a library.
class Compiler {
 public:
  explicit Compiler(const std::string& text = kSchema) {
    // Without a language it refuses what not all of them have, such as structs in unions.
    parser_.opts.lang_to_generate = flatbuffers::IDLOptions::kCpp;
    parser_.opts.json_nested_legacy_flatbuffers = true;
    const std::string all = "attribute \"documented\";" + text;
    if (!parser_.Parse(all.c_str())) FAIL(parser_.error_);
  }

  Buffer schema() {
    parser_.Serialize();
    return bytes_of(parser_.builder_);
  }
  Buffer event(const std::string& text) {
    parser_.builder_.Clear();
    if (!parser_.ParseJson(text.c_str())) FAIL(parser_.error_);
    return bytes_of(parser_.builder_);
  }

 private:
  flatbuffers::Parser parser_;
};

EventPrinter printer_of(const Buffer& schema) {
  Result<EventPrinter> printer = EventPrinter::from_schema(schema);
  if (!printer) FAIL(printer.error().message);
  return std::move(*printer);
}

json printed(const EventPrinter& printer, const Buffer& event) {
  const Result<std::string> text = printer.print(event);
  if (!text) FAIL(text.error().message);
  CHECK(text->find('\n') == std::string::npos);
  return json::parse(*text);
}

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

const reflection::Object* object(const reflection::Schema& schema, const char* name) {
  const reflection::Object* found = schema.objects()->LookupByKey(name);
  REQUIRE(found != nullptr);
  return found;
}

const reflection::Field* field(const reflection::Schema& schema, const char* table,
                               const char* name) {
  const reflection::Field* found = object(schema, table)->fields()->LookupByKey(name);
  REQUIRE(found != nullptr);
  return found;
}

TEST_CASE("event JSON: every kind of value is printed") {
  Compiler compiler;
  const EventPrinter printer = printer_of(compiler.schema());
  // Flags are a number: a binary schema does not say that they are flags. In this order, since the
  // type of a union is read first.
  const auto all = nlohmann::ordered_json::parse(R"({
    "small": 3, "ratio": 0.5, "half": 0.25, "colour": "blue", "flags": 3, "maybe": -1,
    "place": {"one": {"a": 1, "b": 2}, "many": [{"a": 3, "b": 4}, {"a": 5, "b": 6}], "last": 1.5},
    "leaf": {"name": "l"}, "kind_type": "Text", "kind": "t",
    "kinds_type": ["Leaf", "Text"], "kinds": [{"name": "k"}, "v"],
    "words": ["", "\"nan\\", "-inf"], "leaves": [{"name": "inf"}, {}],
    "places": [{"a": 7, "b": 8}], "numbers": [0.5, 1.0]
  })");
  CHECK(printed(printer, compiler.event(all.dump())) == json(all));
  const json defaults = json::parse(
      R"({"small": 7, "ratio": 0.0, "half": 0.0, "colour": "red", "flags": 0, "maybe": null,
          "kind_type": "NONE"})");
  CHECK(printed(printer, compiler.event("{}")) == defaults);
}

TEST_CASE("event JSON: NaN and infinities have words, which JSON has no numbers for") {
  Compiler compiler;
  const EventPrinter printer = printer_of(compiler.schema());
  const json got = printed(
      printer, compiler.event(R"({ratio: nan, half: -inf, numbers: [nan, 1, inf, -nan, -inf, -1],
                                  words: ["nan", "-inf", "a\" : nan, \\"]})"));
  CHECK(got["ratio"] == "NaN");
  CHECK(got["half"] == "-Infinity");
  CHECK(got["numbers"] == json::parse(R"(["NaN", 1.0, "Infinity", "NaN", "-Infinity", -1.0])"));
  CHECK(got["words"] == json({"nan", "-inf", "a\" : nan, \\"}));
}

TEST_CASE("event JSON: a number is the shortest text that is read as the same bits") {
  Compiler compiler("table Root { f:float; d:double; u:ulong; l:long; } root_type Root;");
  const EventPrinter printer = printer_of(compiler.schema());
  const std::vector<std::pair<const char*, const char*>> given = {
      {"f: 0.33333334, d: 0.3333333333333333", R"("f":0.33333334,"d":0.3333333333333333)"},
      {"f: 1e-45, d: 5e-324", R"("f":1e-45,"d":5e-324)"},
      {"f: 3.4028235e38, d: 1.7976931348623157e308",
       R"("f":3.4028235e+38,"d":1.7976931348623157e+308)"},
      {"f: 1.0000001, d: -1e20", R"("f":1.0000001,"d":-1e+20)"},
      {"f: 1, d: 0", R"("f":1.0,"d":0.0)"},
  };
  for (const auto& [text, expected] : given)
    CHECK(*printer.print(compiler.event(std::string("{") + text + "}")) ==
          std::string("{") + expected + R"(,"u":0,"l":0})");
  CHECK(*printer.print(compiler.event("{u: 18446744073709551615, l: -9223372036854775808}")) ==
        R"({"f":0.0,"d":0.0,"u":18446744073709551615,"l":-9223372036854775808})");
}

TEST_CASE("event JSON: names of an enum of large numbers, and text outside ASCII") {
  Compiler compiler(
      "enum Large : ulong { small = 1, large = 18446744073709551615 }"
      "enum Signed : int { below = -5, above = 5 }"
      "table Root { one:Large = small; many:[Large]; text:string; signs:[Signed]; } root_type "
      "Root;");
  const EventPrinter printer = printer_of(compiler.schema());
  const Result<std::string> text = printer.print(compiler.event(
      R"({one: large, many: [large, small, 7], text: "\u00e9\ud83e\udd4a\u009b\u0001\u007f",
          signs: [below, above, -4]})"));
  CHECK(*text ==
        R"({"one":"large","many":["large","small",7],"text":"\u00E9\uD83E\uDD4A\u009B\u0001)"
        "\x7F"
        R"(","signs":["below","above",-4]})");
  // A schema may not say so; nothing there checks that a text is UTF-8.
  flatbuffers::FlatBufferBuilder builder;
  const auto bad = builder.CreateString("\xC0\xAF");
  const auto start = builder.StartTable();
  builder.AddOffset(8, bad);
  builder.Finish(flatbuffers::Offset<flatbuffers::Table>(builder.EndTable(start)));
  const Result<std::string> refused = printer.print(bytes_of(builder));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("UTF-8"));
}

TEST_CASE("event JSON: a buffer inside an event stays bytes, since nothing has checked it") {
  Compiler compiler;
  const EventPrinter printer = printer_of(compiler.schema());
  const json got = printed(printer, compiler.event("{inside: [255, 255, 255, 127]}"));
  CHECK(got["inside"] == json({255, 255, 255, 127}));
}

TEST_CASE("event JSON: what is shorter than a root and its table is refused") {
  Compiler compiler;
  const EventPrinter printer = printer_of(compiler.schema());
  for (std::size_t size = 0; size < 8; ++size) {
    const Result<std::string> text = printer.print(Buffer(size));
    REQUIRE_FALSE(text);
    CHECK(text.error().code == Errc::bad_event);
  }
  CHECK_FALSE(printer.print({}));
}

TEST_CASE("event JSON: an event cut anywhere is refused") {
  Compiler compiler;
  const EventPrinter printer = printer_of(compiler.schema());
  const Buffer event = compiler.event(R"({words: ["a", "bc"], leaf: {name: "x"}, ratio: 2})");
  REQUIRE(printer.print(event));
  // What lies at the end is needed, whatever it is, up to its padding.
  for (std::size_t size = 0; size + 8 <= event.size(); ++size)
    CHECK_FALSE(printer.print(Buffer(event.begin(), event.begin() + static_cast<long>(size))));
}

TEST_CASE("event JSON: a union without its type is refused") {
  Compiler compiler;
  const Buffer schema = compiler.schema();
  const auto& types = *reflection::GetSchema(schema.data());
  const EventPrinter printer = printer_of(schema);
  const auto with_kind = [&types](int kind) {
    flatbuffers::FlatBufferBuilder builder;
    const auto text = builder.CreateString("t");
    const auto start = builder.StartTable();
    builder.AddOffset(field(types, "test.deep.Root", "kind")->offset(), text);
    if (kind >= 0)
      builder.AddElement(field(types, "test.deep.Root", "kind_type")->offset(),
                         static_cast<std::uint8_t>(kind));
    builder.Finish(flatbuffers::Offset<flatbuffers::Table>(builder.EndTable(start)));
    return bytes_of(builder);
  };
  CHECK(printed(printer, with_kind(3))["kind"] == "t");
  CHECK_FALSE(printer.print(with_kind(-1)));
  CHECK_FALSE(printer.print(with_kind(0)));
  CHECK_FALSE(printer.print(with_kind(4)));
}

TEST_CASE("event JSON: an offset that a table keeps outside the event is refused") {
  Compiler compiler("table Leaf { a:int; } table Root { leaf:Leaf; } root_type Root;");
  const EventPrinter printer = printer_of(compiler.schema());
  Buffer event = compiler.event("{leaf: {a: 1}}");
  auto* root = flatbuffers::GetMutableRoot<flatbuffers::Table>(event.data());
  auto* vtable = const_cast<std::uint8_t*>(root->GetVTable());
  REQUIRE(printer.print(event));
  flatbuffers::WriteScalar<flatbuffers::voffset_t>(vtable + 4, 60000);
  CHECK_FALSE(check_event(**TypeTable::compile(compiler.schema()), event));
  CHECK_FALSE(printer.print(event));
}

TEST_CASE("event JSON: an event that names one long text over and over is refused") {
  Compiler compiler("table Root { words:[string]; } root_type Root;");
  const EventPrinter printer = printer_of(compiler.schema());
  const auto repeated = [](std::size_t times) {
    flatbuffers::FlatBufferBuilder builder;
    const auto text = builder.CreateString(std::string(100'000, 'x'));
    const auto words = builder.CreateVector(std::vector(times, text));
    const auto start = builder.StartTable();
    builder.AddOffset(4, words);
    builder.Finish(flatbuffers::Offset<flatbuffers::Table>(builder.EndTable(start)));
    return bytes_of(builder);
  };
  CHECK(printed(printer, repeated(10))["words"].size() == 10);
  CHECK_FALSE(printer.print(repeated(10'000)));
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

TEST_CASE("messages: text from anyone is quoted on one line and cut") {
  CHECK(in_quotes("last:10") == "\"last:10\"");
  CHECK(in_quotes("a\nb\x1b[2J\x7f\"\\\xff") == "\"a\\x0ab\\x1b[2J\\x7f\\\"\\\\\\xff\"");
  CHECK(in_quotes(std::string(100, 'a')) == '"' + std::string(100, 'a') + '"');
  CHECK(in_quotes(std::string(101, 'a')) == '"' + std::string(100, 'a') + "\"...");
  CHECK_THAT(parse_start("\n").error().message, Contains("start \"\\x0a\": use"));
  CHECK_THAT(check_name("channel", "a\nb").error().message, Contains("name \"a\\x0ab\": use"));
  CHECK(check_name("channel", std::string(100'000, 'a')).error().message.size() < 300);
}

}  // namespace
}  // namespace ringside
