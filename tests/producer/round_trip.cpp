// What `ringside tail` prints, `ringside publish` takes, whatever the schema: round_trip [SCHEMAS
// [SEED]] makes so many schemas and a few events of each, prints and builds each event, and
// compares values.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <flatbuffers/idl.h>

#include "producer_shim/event_type.hpp"
#include "schemas/event_parse.hpp"
#include "schemas/event_print.hpp"
#include "tests/producer/event_value.hpp"
#include "tests/producer/random_event.hpp"
#include "tests/support/temporary_directory.hpp"

namespace {

using namespace ringside;

constexpr std::size_t kEventsOfEach = 8;

int failed(const std::string& what, const std::string& schema, const std::string& shown) {
  std::fprintf(stderr, "%s\n%s\n%s\n", what.c_str(), schema.c_str(), shown.c_str());
  return 1;
}

/// As flatc makes it by default: without what its attributes say.
Result<EventType> as_flatc_does(const std::string& text) {
  flatbuffers::IDLOptions options;
  options.lang_to_generate = flatbuffers::IDLOptions::kBinary;
  flatbuffers::Parser parser(options);
  if (!parser.Parse(text.c_str())) return fail(Errc::bad_argument, parser.error_);
  parser.Serialize();
  return EventType::from_binary_schema(
      std::as_bytes(std::span(parser.builder_.GetBufferPointer(), parser.builder_.GetSize())));
}

int run_one(test::Dice& dice, const std::filesystem::path& file) {
  const test::RandomSchema made(dice);
  std::ofstream(file) << made.text();
  const auto type = EventType::from_schema_file(file);
  if (!type) return failed("a schema is refused: " + type.error().message, made.text(), "");
  const auto binary = as_flatc_does(made.text());
  if (!binary) return failed("a .bfbs is refused: " + binary.error().message, made.text(), "");
  const auto printer = EventPrinter::from_schema(type->schema());
  if (!printer) return failed("no printer: " + printer.error().message, made.text(), "");
  const reflection::Schema& schema = *reflection::GetSchema(type->schema().data());
  EventParser json = type->parser();
  EventParser binary_json = binary->parser();
  for (std::size_t i = 0; i < kEventsOfEach; ++i) {
    const std::vector<std::byte> event = test::random_event(dice, schema, 1 + dice.roll(4));
    const auto text = printer->print(event);
    if (!text) return failed("an event is not printed: " + text.error().message, made.text(), "");
    for (EventParser* const parser : {&json, &binary_json}) {
      const auto built = parser->parse(*text);
      if (!built) return failed("refused: " + built.error().message, made.text(), *text);
      const std::vector<std::byte> copy(built->begin(), built->end());
      if (!type->verify(copy)) return failed("what is built does not verify", made.text(), *text);
      if (test::value_of(schema, copy) != test::value_of(schema, event))
        return failed("another value: " + *printer->print(copy), made.text(), *text);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const support::TemporaryDirectory folder;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    test::Dice dice(seed);
    if (run_one(dice, folder.path() / "random.fbs") != 0)
      return std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed)), 1;
  }
  std::printf("%llu schemas from seed %llu, %zu events of each: all come back\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(first),
              kEventsOfEach);
  return 0;
}
