#include "producer_shim/feed/thrift.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

namespace ringside::feed {
namespace {

using Memory = apache::thrift::transport::TMemoryBuffer;
using apache::thrift::protocol::TType;
using Compact = apache::thrift::protocol::TCompactProtocolT<Memory>;

/// Takes whole numbers of every width: writers differ in them, and to Thrift a field of another
/// width than it expects is not there, so that a mark would be lost in silence.
class Reader final : public Compact {
 public:
  using Compact::Compact;

  std::uint32_t readFieldBegin_virt(std::string& name, TType& type, std::int16_t& id) override {
    const std::uint32_t read = Compact::readFieldBegin(name, type, id);
    is_byte_ = type == TType::T_BYTE;
    if (is_byte_ || type == TType::T_I16 || type == TType::T_I32) type = TType::T_I64;
    return read;
  }
  // Wider ones are coded alike; a byte is not.
  std::uint32_t readI64_virt(std::int64_t& value) override {
    if (!std::exchange(is_byte_, false)) return Compact::readI64(value);
    std::int8_t byte = 0;
    const std::uint32_t read = Compact::readByte(byte);
    value = byte;
    return read;
  }
  std::uint32_t skip_virt(TType type) override {
    std::int64_t skipped = 0;
    return is_byte_ ? readI64_virt(skipped) : Compact::skip(type);
  }

 private:
  bool is_byte_ = false;
};

/// Writes the fields that the format has as i32 as such.
class Writer final : public Compact {
 public:
  using Compact::Compact;

  std::uint32_t writeFieldBegin_virt(const char* name, TType type, std::int16_t id) override {
    constexpr std::array<std::string_view, 6> kNarrow{
        "version", "type", "type_length", "repetition_type", "num_children", "codec"};
    const bool is_narrow = std::ranges::find(kNarrow, name) != kNarrow.end();
    return Compact::writeFieldBegin(name, is_narrow ? TType::T_I32 : type, id);
  }
  // The one list of numbers is of encodings.
  std::uint32_t writeListBegin_virt(TType element, std::uint32_t size) override {
    return Compact::writeListBegin(element == TType::T_I64 ? TType::T_I32 : element, size);
  }
};

// Room for a list is taken before its elements are read.
constexpr std::size_t kMaxElements = 1'000'000;
constexpr std::size_t kMaxBytes = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::optional<std::size_t> read_thrift(Bytes bytes, apache::thrift::TBase& to) {
  const std::size_t size = std::min(bytes.size(), kMaxBytes);
  // Thrift's interface predates const; it only looks.
  auto* const data = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
  const auto memory =
      std::make_shared<Memory>(data, static_cast<std::uint32_t>(size), Memory::OBSERVE);
  // No text is longer than all there is, and each element of a list takes a byte at least.
  Reader reader(memory, static_cast<std::int32_t>(size),
                static_cast<std::int32_t>(std::min(size, kMaxElements)));
  try {
    to.read(&reader);
  } catch (const apache::thrift::TException&) {
    return {};
  }
  return size - memory->available_read();
}

std::string write_thrift(const apache::thrift::TBase& structure) {
  const auto memory = std::make_shared<Memory>();
  Writer writer(memory);
  structure.write(&writer);
  return memory->getBufferAsString();
}

}  // namespace ringside::feed
