// CRC-32C against published vectors and against the polynomial itself.
#include "bus/crc32c.hpp"

#include <cstring>
#include <random>

#include <catch2/catch.hpp>

#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

std::vector<std::byte> random_bytes(std::mt19937_64& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xFF);
  return bytes;
}

}  // namespace

TEST_CASE("the checksum gives the vectors of RFC 3720, B.4 (F-15)") {
  std::vector<std::byte> rising(32);
  std::vector<std::byte> falling(32);
  for (std::size_t i = 0; i < 32; ++i) {
    rising[i] = static_cast<std::byte>(i);
    falling[i] = static_cast<std::byte>(31 - i);
  }
  // An iSCSI SCSI Read (10) command PDU.
  std::vector<std::byte> read_command(48, std::byte{0});
  const auto set = [&read_command](std::size_t at, unsigned value) {
    read_command[at] = static_cast<std::byte>(value);
  };
  set(0, 0x01), set(1, 0xC0), set(16, 0x14), set(22, 0x04), set(27, 0x14), set(31, 0x18);
  set(32, 0x28), set(40, 0x02);
  CHECK(crc32c(std::vector<std::byte>(32, std::byte{0})) == 0x8A9136AA);
  CHECK(crc32c(std::vector<std::byte>(32, std::byte{0xFF})) == 0x62A8AB43);
  CHECK(crc32c(rising) == 0x46DD794E);
  CHECK(crc32c(falling) == 0x113FDB5C);
  CHECK(crc32c(read_command) == 0xD9963A56);
  CHECK(crc32c(bytes_of("123456789")) == 0xE3069283);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("the checksum of every length up to 2000 is that of the bitwise definition (F-15)") {
  std::mt19937_64 random(1);
  const std::vector<std::byte> bytes = random_bytes(random, 2008);
  for (std::size_t size = 0; size <= 2000; ++size) {
    // Every alignment of the start as well.
    const Bytes part = Bytes(bytes).subspan(size % 8, size);
    INFO("length " << size);
    REQUIRE(crc32c(part) == slow_crc32c(part));
  }
}

TEST_CASE("a checksum taken in pieces is that of the whole (F-15)") {
  std::mt19937_64 random(2);
  const std::vector<std::byte> bytes = random_bytes(random, 1500);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    std::uint32_t crc = crc32c_update(kCrcStart, Bytes(bytes).first(cut));
    crc = crc32c_update(crc, Bytes(bytes).subspan(cut));
    INFO("cut at " << cut);
    REQUIRE(~crc == whole);
  }
}

TEST_CASE(
    "the copying checksum copies, pads with zeros, and agrees with the plain one (F-14, F-15)") {
  std::mt19937_64 random(3);
  for (std::size_t size = 1; size <= 1600; ++size) {
    const std::vector<std::byte> from = random_bytes(random, size);
    const std::array<std::uint64_t, 3> prefix = {random(), random(), random()};
    const std::size_t padded = (size + 7) / 8 * 8;
    std::vector<std::uint64_t> to(padded / 8 + 1, 0xEEEEEEEEEEEEEEEE);
    const std::uint32_t crc =
        crc32c_copy(0x12345678, prefix, reinterpret_cast<std::byte*>(to.data()), from.data(), size);

    std::vector<std::byte> expected(from);
    expected.resize(padded, std::byte{0});
    const bool copied = std::memcmp(to.data(), expected.data(), padded) == 0;
    const bool beyond_untouched = to.back() == 0xEEEEEEEEEEEEEEEE;
    std::uint32_t reference = crc32c_update(0x12345678, std::as_bytes(std::span(prefix)));
    reference = crc32c_update(reference, expected);
    INFO("length " << size);
    REQUIRE(copied);
    REQUIRE(beyond_untouched);
    REQUIRE(crc == reference);
  }
}
