// Events printed as JSON, and events that are refused. Parsing is tested in round_trip.cpp here and
// in tests/wire/publish_test.cpp.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bus/bus.hpp"
#include "bus/program/start_text.hpp"
#include "schemas/event_check.hpp"
#include "schemas/event_print.hpp"
#include "tests/producer/schema_compiler.hpp"

namespace ringside {
namespace {

using namespace test;
using Catch::Matchers::Contains;
using nlohmann::json;

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
