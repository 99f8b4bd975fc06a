// A binary schema (.bfbs) compiled once into structs that can be relied on. The schema may be from
// anyone, since each segment embeds its own: untrusted input ends here. FlatBuffers' verifier looks
// at the buffer alone; compile() also checks what the schema says, and resolves each index.
//
// What checks, prints and parses events walks these structs (event_check, event_print, event_parse)
// and knows no reflection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

/// Schemas larger than this, with longer names, or with structs nested deeper, are refused.
inline constexpr std::size_t kLargestSchema = 1 << 20;
inline constexpr std::size_t kLongestSchemaName = 256;
inline constexpr std::size_t kDeepestStruct = 32;

namespace schema {

struct Enum;
struct Object;

/// The most that a number takes as JSON, and what stands around any value, in bytes.
inline constexpr std::size_t kNumberJson = 26;
inline constexpr std::size_t kMarksJson = 6;

/// What one value is. Up to a structure it stands in place; an offset leads to the rest.
enum class Base : std::uint8_t {
  none,
  union_type,
  boolean,
  i8,
  u8,
  i16,
  u16,
  i32,
  u32,
  i64,
  u64,
  f32,
  f64,
  structure,
  string,
  table,
  union_value,
};

enum class Shape : std::uint8_t { single, vector, array };

struct Type {
  Base base = Base::none;
  Shape shape = Shape::single;
  std::uint16_t length = 0;        // elements of an array
  std::uint16_t size = 0;          // bytes of one value in place, or of the offset to it
  std::uint16_t alignment = 1;     // of the same, in bytes
  const Enum* names = nullptr;     // of whole numbers that have them, and of a union and its type
  const Object* object = nullptr;  // of a structure or table

  bool is_in_place() const { return base <= Base::structure; }
  bool is_scalar() const { return shape == Shape::single && base < Base::structure; }
  /// The most bytes that one value in place takes as JSON, with what stands around it.
  std::size_t longest_json() const;
};

struct Field {
  std::string name{};
  Type type{};
  std::uint16_t offset = 0;  // in the vtable of a table, or in bytes from the start of a structure
  bool is_required = false;
  bool is_optional = false;
  bool is_deprecated = false;
  std::uint64_t default_bits = 0;  // of a scalar: little-endian, as many bytes as it has

  /// In the vtable: of the type of a union, which is the field before it.
  std::uint16_t type_offset() const { return static_cast<std::uint16_t>(offset - 2); }
};

/// A structure or a table.
struct Object {
  std::string name{};
  std::vector<Field> fields{};  // as the .fbs file has them
  std::vector<const Field*> by_name{};
  const Field* key = nullptr;  // by which a vector of these is sorted
  bool is_struct = false;
  std::uint16_t size = 0;        // of a structure, in bytes
  std::uint16_t alignment = 1;   // likewise
  std::size_t longest_json = 0;  // likewise: the most that it takes

  /// Null if it has none of that name.
  const Field* find(std::string_view field) const;
};

struct EnumValue {
  std::string name{};
  std::uint64_t value = 0;  // with the sign extended
  Type type{};              // of what a union holds
};

struct Enum {
  Base base = Base::none;
  bool is_union = false;
  bool is_flags = false;            // whether several names make a value
  std::size_t longest_name = 0;     // bytes
  std::vector<EnumValue> values{};  // ascending

  bool is_below(std::uint64_t a, std::uint64_t b) const;
  /// Null if it has no such value.
  const EnumValue* find(std::uint64_t value) const;
  const EnumValue* find(std::string_view name) const;
};

/// In bytes.
std::uint16_t size_of(Base scalar);

/// The whole numbers that a base has: from -below to above.
struct Range {
  std::uint64_t below = 0;
  std::uint64_t above = 0;

  bool holds(std::int64_t value) const {
    const auto bits = static_cast<std::uint64_t>(value);
    return value < 0 ? ~bits + 1 <= below : bits <= above;
  }
  std::string text() const;
};
Range range_of(Base base);

/// Calls `visit` with a zero of the C++ type that a scalar is.
template <class Visit>
auto with_scalar(Base base, const Visit& visit) {
  switch (base) {
    case Base::boolean:
      return visit(bool{});
    case Base::i8:
      return visit(std::int8_t{});
    case Base::i16:
      return visit(std::int16_t{});
    case Base::u16:
      return visit(std::uint16_t{});
    case Base::i32:
      return visit(std::int32_t{});
    case Base::u32:
      return visit(std::uint32_t{});
    case Base::i64:
      return visit(std::int64_t{});
    case Base::u64:
      return visit(std::uint64_t{});
    case Base::f32:
      return visit(float{});
    case Base::f64:
      return visit(double{});
    default:
      return visit(std::uint8_t{});
  }
}

}  // namespace schema

/// Immutable, and so shared by any threads.
class TypeTable {
 public:
  /// A .bfbs by flatc leaves out which enums are bit_flags, unless it was made with
  /// --bfbs-builtins. Where they are `left_out`, each enum is one whose values could not be
  /// anything else.
  enum class Attributes : std::uint8_t { left_out, given };

  /// Any bytes, at any address; they are not needed afterwards. Fails with corrupt unless they are
  /// what flatc could have made of some .fbs file whose root type is a table.
  static Result<std::shared_ptr<const TypeTable>> compile(Bytes schema,
                                                          Attributes = Attributes::left_out);

  /// The table that an event is.
  const schema::Object& root() const { return *root_; }
  /// Null if there is none of that name, which includes its namespace.
  const schema::Object* find(std::string_view object) const;
  /// Of four characters, or empty.
  const std::string& file_identifier() const { return file_identifier_; }

 private:
  class Compiler;
  TypeTable() = default;

  std::vector<schema::Object> objects_;
  std::vector<schema::Enum> enums_;
  const schema::Object* root_ = nullptr;
  std::string file_identifier_;
};

}  // namespace ringside
