// Schemas and events as flatc makes them, for tests of what reads them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>

namespace ringside::test {

using Buffer = std::vector<std::byte>;

inline constexpr const char* kSchema = R"(
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

inline Buffer bytes_of(const flatbuffers::FlatBufferBuilder& builder) {
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

inline const reflection::Object* object(const reflection::Schema& schema, const char* name) {
  const reflection::Object* found = schema.objects()->LookupByKey(name);
  REQUIRE(found != nullptr);
  return found;
}

inline const reflection::Field* field(const reflection::Schema& schema, const char* table,
                                      const char* name) {
  const reflection::Field* found = object(schema, table)->fields()->LookupByKey(name);
  REQUIRE(found != nullptr);
  return found;
}

}  // namespace ringside::test
