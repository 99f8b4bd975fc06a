// Thrift's compact protocol, as far as Parquet's footers and page headers need it. The bytes are a
// stranger's: a reader that meets something else than the protocol says stops there for good, and
// its owner asks good() once at the end.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bus/types.hpp"

namespace ringside::feed {

enum class ThriftType : std::uint8_t {
  stop = 0,
  yes = 1,
  no = 2,
  i8 = 3,
  i16 = 4,
  i32 = 5,
  i64 = 6,
  real = 7,
  binary = 8,
  list = 9,
  set = 10,
  map = 11,
  structure = 12,
};

class ThriftReader {
 public:
  explicit ThriftReader(Bytes bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  /// How many bytes have been read.
  std::size_t at() const { return at_; }

  struct Field {
    int id;
    ThriftType type;
  };

  /// Calls `take(field)` for each field of a structure; it reads or skips the value.
  template <class Take>
  void structure(Take&& take) {
    const Nesting nesting(*this);
    int id = 0;
    while (good_) {
      const std::uint8_t head = byte();
      const auto type = static_cast<ThriftType>(head & 15);
      if (!good_ || type == ThriftType::stop) return;
      const int step = head >> 4;
      id = step != 0 ? id + step : static_cast<int>(zigzag());
      if (good_) take(Field{id, type});
    }
  }

  /// Calls `take()` for each element of a list whose elements are of type `of`.
  template <class Take>
  void list(Field field, ThriftType of, Take&& take) {
    if (field.type != ThriftType::list) return fail();
    const auto [count, type] = list_head();
    if (count != 0 && type != of) return fail();
    for (std::uint64_t i = 0; i < count && good_; ++i) take();
  }

  template <class Take>
  void structure(Field field, Take&& take) {
    if (field.type != ThriftType::structure) return fail();
    structure(take);
  }

  std::int64_t integer(Field field);
  bool boolean(Field field);
  std::string_view binary(Field field);
  /// A text as an element of a list.
  std::string_view binary();
  void skip(Field field) { skip(field.type); }

 private:
  struct ListHead {
    std::uint64_t count;
    ThriftType type;
  };

  class Nesting {
   public:
    explicit Nesting(ThriftReader& reader) : reader_(reader) {
      constexpr int kDeepest = 32;
      if (++reader_.depth_ > kDeepest) reader_.fail();
    }
    ~Nesting() { --reader_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ThriftReader& reader_;
  };

  void fail() { good_ = false; }
  std::uint8_t byte();
  std::uint64_t varint();
  std::int64_t zigzag();
  ListHead list_head();
  void skip(ThriftType type);
  void skip_bytes(std::uint64_t count);

  Bytes bytes_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool good_ = true;
};

/// Writes one structure; fields come in the order of their ids.
class ThriftWriter {
 public:
  void i32(int id, std::int32_t value) { number(id, ThriftType::i32, value); }
  void i64(int id, std::int64_t value) { number(id, ThriftType::i64, value); }
  void binary(int id, std::string_view text);
  /// Begins a list; so many elements follow, each by one of the calls below.
  void list(int id, ThriftType type, std::size_t count);
  void element(std::int32_t value) { zigzag(value); }
  void element(std::string_view text);
  /// Begins a structure as an element of a list, or as a field; end() ends it.
  void begin() { last_ids_.push_back(0); }
  void begin(int id);
  void end();

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  void head(int id, ThriftType type);
  void number(int id, ThriftType type, std::int64_t value);
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);

  std::vector<std::uint8_t> bytes_;
  std::vector<int> last_ids_{0};
};

}  // namespace ringside::feed
