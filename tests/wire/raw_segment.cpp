#include "tests/wire/raw_segment.hpp"

#include <fstream>
#include <stdexcept>

namespace ringside::wire_test {

std::uint64_t RawSegment::peek(std::uint64_t at) const {
  std::ifstream file(path_, std::ios::binary);
  std::uint64_t value = 0;
  file.seekg(static_cast<std::streamoff>(at));
  if (!file.read(reinterpret_cast<char*>(&value), sizeof value))
    throw std::runtime_error("cannot read " + path_.string());
  return value;
}

void RawSegment::poke(std::uint64_t at, std::uint64_t value) const {
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  if (!file.write(reinterpret_cast<const char*>(&value), sizeof value))
    throw std::runtime_error("cannot write " + path_.string());
}

std::uint64_t RawSegment::index(std::uint64_t sequence) const {
  return peek(48) + 8 * (sequence & (peek(56) - 1));
}

std::uint64_t RawSegment::record(std::uint64_t sequence) const {
  return peek(72) + peek(index(sequence)) % peek(80);
}

}  // namespace ringside::wire_test
