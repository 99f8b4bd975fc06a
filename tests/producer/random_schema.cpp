#include "tests/producer/random_schema.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

namespace ringside::test {
namespace {

constexpr std::array kIntegers = {"byte", "ubyte", "short", "ushort", "int",  "uint",
                                  "long", "ulong", "int8",  "uint64", "int16"};
constexpr std::array kOthers = {"bool", "float", "double", "float32", "float64"};
std::string join(std::initializer_list<std::string_view> pieces) {
  std::string all;
  for (const std::string_view piece : pieces) all += piece;
  return all;
}

/// As people write them, whatever the style guide says.
constexpr std::array kNames = {"plain",    "camelCase", "Upper", "snake_case", "_led", "X",
                               "ALL_CAPS", "x9y",       "type",  "value_",     "NaN",  "null_"};

}  // namespace

RandomSchema::RandomSchema(Dice& dice) : dice_(dice) {
  text_ = dice_.one_in(2) ? "namespace some.Where_9;\n" : "";
  for (std::size_t i = 0; i < 3; ++i) add_enum();
  for (std::size_t i = 0; i < 3; ++i) add_struct();
  for (std::size_t i = 0; i < 4; ++i) tables_.push_back(name("T"));
  for (std::size_t i = 0; i < 2; ++i) add_union();
  for (const std::string& table : tables_) add_table(table);
  text_ += "root_type " + tables_[dice_.roll(2)] + ";\n";
  if (dice_.one_in(2)) text_ += "file_identifier \"RAND\";\n";
}

std::string RandomSchema::name(const char* kind) {
  return join({kind, dice_.pick(kNames), std::to_string(names_++)});
}

std::string RandomSchema::scalar() {
  return dice_.one_in(3) ? dice_.pick(kOthers) : dice_.pick(kIntegers);
}

void RandomSchema::add_enum() {
  const std::string one = name("E");
  // What structs have begins with 0.
  const bool is_plain = enums_.empty();
  const bool are_flags = !is_plain && dice_.one_in(3);
  const bool is_signed = !is_plain && !are_flags && dice_.one_in(2);
  const std::string first = name("a");
  const std::string last = name("z");
  text_ += join({"enum ", one,
                 is_signed         ? ":long"
                 : dice_.one_in(2) ? ":ubyte"
                                   : ":ulong",
                 are_flags ? " (bit_flags)" : "", " { ", first,
                 is_plain || are_flags || dice_.one_in(2) ? ""
                 : is_signed                              ? " = -9223372036854775808"
                                                          : " = 3",
                 ", ", name("m"), ", ", last, " }\n"});
  enums_.push_back(one);
  enum_defaults_.push_back(dice_.one_in(2) ? first : last);
}

void RandomSchema::add_struct() {
  const std::string one = name("S");
  text_ += "struct " + one + (dice_.one_in(4) ? " (force_align: 16)" : "") + " {";
  if (dice_.one_in(3)) text_ += join({" ", name("k"), ":int (key);"});
  for (std::size_t i = 0; i <= dice_.roll(4); ++i) {
    std::string type = scalar();
    if (dice_.one_in(4)) type = enums_.front();
    if (!structs_.empty() && dice_.one_in(3)) type = dice_.pick(structs_);
    if (dice_.one_in(4)) type = join({"[", type, ":", std::to_string(1 + dice_.roll(4)), "]"});
    text_ += join({" ", name("f"), ":", type, ";"});
  }
  text_ += " }\n";
  structs_.push_back(one);
}

void RandomSchema::add_union() {
  const std::string one = name("U");
  text_ += join({"union ", one, " { ", tables_[0], ", ", name("s"), ":", dice_.pick(structs_), ", ",
                 name("t"), ":string, ", name("o"), ":", tables_[2], " }\n"});
  unions_.push_back(one);
}

std::string RandomSchema::vector_type() {
  switch (dice_.roll(6)) {
    case 0:
      return dice_.pick(enums_);
    case 1:
      return dice_.pick(structs_);
    case 2:
      return dice_.pick(tables_);
    case 3:
      return "string";
    case 4:
      return dice_.pick(unions_);
    default:
      return scalar();
  }
}

std::string RandomSchema::scalar_field(const std::string& name) {
  static constexpr std::array kNone = {"", "", " = null"};
  switch (dice_.roll(6)) {
    case 0: {
      const std::size_t one = dice_.roll(enums_.size());
      return join({name, ":", enums_[one], " = ", dice_.one_in(4) ? "null" : enum_defaults_[one]});
    }
    case 1:
      return name + ":double" + dice_.pick(std::array{" = 1.5", " = nan", " = -inf", " = null"});
    case 2:
      return name + ":float" + dice_.pick(std::array{" = 0.1", " = inf", ""});
    case 3:
      return join({name, ":", scalar(), " = 1"});
    default:
      return join({name, ":", scalar(), dice_.pick(kNone)});
  }
}

void RandomSchema::add_table(const std::string& table) {
  text_ += "table " + table + " {";
  if (dice_.one_in(3))
    text_ += join({" ", name("k"),
                   dice_.pick(std::array{":string (key);", ":int (key);", ":ubyte = 3 (key);"})});
  const std::size_t fields = 3 + dice_.roll(8);
  for (std::size_t i = 0; i < fields; ++i) {
    const std::string field = name("f");
    std::string one;
    switch (dice_.roll(8)) {
      case 0:
        one = field + ":string" + (dice_.one_in(3) ? " (required)" : "");
        break;
      case 1:
        one = field + ":" + dice_.pick(structs_);
        break;
      case 2:
        one = field + ":" + dice_.pick(tables_);
        break;
      case 3:
        one = field + ":" + dice_.pick(unions_);
        break;
      case 4:
        one = field + ":[ubyte]";
        if (dice_.one_in(2)) one += join({" (nested_flatbuffer: \"", tables_[0], "\")"});
        break;
      case 5:
        one = join({field, ":[", vector_type(), "]"});
        break;
      default:
        one = scalar_field(field) + (dice_.one_in(10) ? " (deprecated)" : "");
    }
    text_ += join({" ", one, ";"});
  }
  text_ += " }\n";
}

}  // namespace ringside::test
