// Printing an event as JSON by the schema that its segment embeds, both from anyone.
//
// The input is a byte that chooses a schema: one of the project's, as it is or with changes (a
// count, then so many of 2 bytes where, 1 byte what), or one out of the input (2 bytes of length
// first). The event is the rest.
//
// Holds: a schema or an event is refused with an error of one line, or the event is printed; what
// is printed is one line of valid JSON in UTF-8, an object, and the same the second time.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "event_bfbs_generated.h"
#include "load_bfbs_generated.h"
#include "schemas/event_print.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace ringside;
using fuzz::must_hold;

std::vector<std::byte> take_schema(fuzz::Input& input) {
  const auto copy = [](Bytes bytes) { return std::vector<std::byte>(bytes.begin(), bytes.end()); };
  const auto which = input.take<std::uint8_t>() % 5;
  if (which == 4) return copy(input.take_bytes(input.take<std::uint16_t>()));
  std::vector<std::byte> schema =
      which % 2 == 0
          ? copy(std::as_bytes(std::span(EventBinarySchema::data(), EventBinarySchema::size())))
          : copy(std::as_bytes(std::span(LoadBinarySchema::data(), LoadBinarySchema::size())));
  if (which < 2) return schema;
  const auto changes = input.take<std::uint8_t>() % 16;
  for (int i = 0; i < changes; ++i) {
    const std::size_t at = input.take<std::uint16_t>() % schema.size();
    schema[at] = input.take<std::byte>();
  }
  return schema;
}

void check_error(const Error& error, Errc code) {
  must_hold(error.code == code, "an error names its kind");
  must_hold(!error.message.empty() && error.message.find('\n') == std::string::npos,
            "an error is one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::vector<std::byte> schema = take_schema(input);
  // On the heap, and so aligned as in a ring, and not one byte longer than it is.
  const std::string_view rest = input.take_text();
  const std::vector<char> copy(rest.begin(), rest.end());
  const Bytes event = std::as_bytes(std::span(copy));

  const Result<EventPrinter> printer = EventPrinter::from_schema(schema);
  if (!printer) {
    check_error(printer.error(), Errc::corrupt);
    return 0;
  }
  const Result<std::string> text = printer->print(event);
  if (!text) {
    check_error(text.error(), Errc::bad_event);
    return 0;
  }
  must_hold(text->find_first_of("\r\n") == std::string::npos, "an event is one line");
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  must_hold(!json.is_discarded() && json.is_object(), "what is printed is a JSON object");
  const Result<std::string> again = printer->print(event);
  must_hold(again.has_value() && *again == *text, "an event is printed the same again");
  return 0;
}
