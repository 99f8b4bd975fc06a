#include "producer_shim/feed/thrift.hpp"

namespace ringside::feed {

std::int64_t ThriftReader::integer(Field field) {
  switch (field.type) {
    case ThriftType::i8:
      return static_cast<std::int8_t>(byte());
    case ThriftType::i16:
    case ThriftType::i32:
    case ThriftType::i64:
      return zigzag();
    default:
      fail();
      return 0;
  }
}

bool ThriftReader::boolean(Field field) {
  if (field.type != ThriftType::yes && field.type != ThriftType::no) fail();
  return field.type == ThriftType::yes;
}

std::string_view ThriftReader::binary(Field field) {
  if (field.type != ThriftType::binary) {
    fail();
    return {};
  }
  return binary();
}

std::string_view ThriftReader::binary() {
  const std::uint64_t length = varint();
  const std::size_t start = at_;
  skip_bytes(length);
  if (!good_) return {};
  return {reinterpret_cast<const char*>(bytes_.data()) + start, static_cast<std::size_t>(length)};
}

std::uint8_t ThriftReader::byte() {
  if (!good_ || at_ == bytes_.size()) {
    fail();
    return 0;
  }
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::uint64_t ThriftReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t piece = byte();
    value |= static_cast<std::uint64_t>(piece & 127) << shift;
    if ((piece & 128) == 0) return value;
  }
  fail();
  return 0;
}

std::int64_t ThriftReader::zigzag() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

ThriftReader::ListHead ThriftReader::list_head() {
  const std::uint8_t head = byte();
  ListHead found{.count = static_cast<std::uint64_t>(head >> 4),
                 .type = static_cast<ThriftType>(head & 15)};
  if (found.count == 15) found.count = varint();
  // Each element takes a byte at least.
  if (found.count > bytes_.size() - at_) fail();
  if (!good_) found.count = 0;
  return found;
}

void ThriftReader::skip_bytes(std::uint64_t count) {
  if (!good_ || count > bytes_.size() - at_) return fail();
  at_ += static_cast<std::size_t>(count);
}

void ThriftReader::skip(ThriftType type) {
  switch (type) {
    case ThriftType::yes:
    case ThriftType::no:
      return;
    case ThriftType::i8:
      return skip_bytes(1);
    case ThriftType::i16:
    case ThriftType::i32:
    case ThriftType::i64:
      varint();
      return;
    case ThriftType::real:
      return skip_bytes(8);
    case ThriftType::binary:
      binary();
      return;
    case ThriftType::list: {
      const Nesting nesting(*this);
      const ListHead head = list_head();
      const bool of_booleans = head.type == ThriftType::yes || head.type == ThriftType::no;
      for (std::uint64_t i = 0; i < head.count && good_; ++i)
        skip(of_booleans ? ThriftType::i8 : head.type);
      return;
    }
    case ThriftType::structure:
      return structure([this](Field field) { skip(field); });
    default:  // Parquet has neither sets nor maps
      fail();
  }
}

void ThriftWriter::binary(int id, std::string_view text) {
  head(id, ThriftType::binary);
  element(text);
}

void ThriftWriter::list(int id, ThriftType type, std::size_t count) {
  head(id, ThriftType::list);
  const auto code = static_cast<std::uint8_t>(type);
  if (count < 15) {
    bytes_.push_back(static_cast<std::uint8_t>(count << 4 | code));
    return;
  }
  bytes_.push_back(static_cast<std::uint8_t>(15 << 4 | code));
  varint(count);
}

void ThriftWriter::element(std::string_view text) {
  varint(text.size());
  bytes_.insert(bytes_.end(), text.begin(), text.end());
}

void ThriftWriter::begin(int id) {
  head(id, ThriftType::structure);
  begin();
}

void ThriftWriter::end() {
  bytes_.push_back(0);
  last_ids_.pop_back();
}

void ThriftWriter::head(int id, ThriftType type) {
  bytes_.push_back(
      static_cast<std::uint8_t>((id - last_ids_.back()) << 4 | static_cast<int>(type)));
  last_ids_.back() = id;
}

void ThriftWriter::number(int id, ThriftType type, std::int64_t value) {
  head(id, type);
  zigzag(value);
}

void ThriftWriter::varint(std::uint64_t value) {
  for (; value >= 128; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 128));
  bytes_.push_back(static_cast<std::uint8_t>(value));
}

void ThriftWriter::zigzag(std::int64_t value) {
  varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

}  // namespace ringside::feed
