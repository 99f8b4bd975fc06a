#include "producer_shim/feed/thrift.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

namespace ringside::feed {
namespace {

using Memory = apache::thrift::transport::TMemoryBuffer;
using Protocol = apache::thrift::protocol::TCompactProtocolT<Memory>;

// Room for a list is taken before its elements are read, so that a lie costs at most these.
constexpr int kMaxElements = 1'000'000;
constexpr std::size_t kMaxBytes = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::optional<std::size_t> read_thrift(Bytes bytes, apache::thrift::TBase& to) {
  const auto size = static_cast<std::uint32_t>(std::min(bytes.size(), kMaxBytes));
  // Thrift's interface predates const; it only looks.
  auto* const data = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
  const auto memory = std::make_shared<Memory>(data, size, Memory::OBSERVE);
  // No text is longer than all there is.
  Protocol protocol(memory, static_cast<std::int32_t>(size), kMaxElements);
  try {
    to.read(&protocol);
  } catch (const apache::thrift::TException&) {
    return {};
  }
  return size - memory->available_read();
}

std::string write_thrift(const apache::thrift::TBase& structure) {
  const auto memory = std::make_shared<Memory>();
  Protocol protocol(memory);
  structure.write(&protocol);
  return memory->getBufferAsString();
}

}  // namespace ringside::feed
