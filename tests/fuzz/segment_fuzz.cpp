// Opening a segment: a reader accepts exactly what docs/format.md, 2, lets it accept.
//
// The input is a flag byte, the length of the file, and the fixed part. With the flag's lowest bit
// clear the checksum is made right, so that the checks behind it are reached.
//
// Holds: the fixed part is refused if and only if F-1 to F-5 and F-7, written down a second time
// below, refuse it, with the code that each asks for; what is accepted is believed word for word;
// and a file of it can be mapped and read without leaving it.
#include <array>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "bus/durable/create.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/fuzz/hostile_segment.hpp"
#include "tests/support/temporary_directory.hpp"

namespace {

using namespace ringside;
using fuzz::must_hold;

using Fixed = std::array<std::byte, kFixedBytes>;

/// Files up to here are made, sparse; what claims more is only checked.
constexpr std::uint64_t kLargestFile = 64 * 1024 * 1024;

template <class Number>
Number word(const Fixed& fixed, std::size_t offset) {
  Number value{};
  std::memcpy(&value, fixed.data() + offset, sizeof value);
  return value;
}

/// F-5, in its own words and numbers.
bool fits(const Fixed& fixed) {
  const auto at = [&fixed](std::size_t offset) { return word<std::uint64_t>(fixed, offset); };
  constexpr std::uint64_t kOne = 1;
  const std::uint64_t schema_size = at(40);
  const std::uint64_t index_offset = at(48);
  const std::uint64_t slots = at(56);
  const std::uint64_t retain = at(64);
  const std::uint64_t data_offset = at(72);
  const std::uint64_t capacity = at(80);
  if (at(16) == 0 || schema_size > kOne << 20) return false;
  if (capacity < kOne << 16 || capacity > kOne << 40 || capacity % (kOne << 16) != 0) return false;
  if (slots == 0 || (slots & (slots - 1)) != 0 || slots > kOne << 36) return false;
  if (retain < 1 || retain >= slots) return false;
  if (index_offset % 4096 != 0 || index_offset < kHeaderBytes + schema_size ||
      index_offset > kHeaderBytes + (kOne << 20) + 4096)
    return false;
  if (data_offset % (kOne << 16) != 0 || data_offset < index_offset + 8 * slots ||
      data_offset > kOne << 40)
    return false;
  return at(32) == data_offset + capacity;
}

/// What F-1 to F-7 say of the file; nothing if they accept it.
std::optional<Errc> verdict(const Fixed& fixed, std::uint64_t length) {
  if (std::memcmp(fixed.data(), "RINGSIDE", 8) != 0) return Errc::not_segment;
  const auto order = word<std::uint32_t>(fixed, 8);
  if (order == 0x04030201) return Errc::incompatible;
  if (order != 0x01020304) return Errc::corrupt;
  if (word<std::uint32_t>(fixed, 12) != kFormatVersion) return Errc::incompatible;
  Fixed sealed = fixed;
  fuzz::seal_fixed(sealed);
  if (sealed != fixed || !fits(fixed) || length < word<std::uint64_t>(fixed, 32))
    return Errc::corrupt;
  return std::nullopt;
}

/// Opens and reads a sparse file of these bytes.
void read_file(const Fixed& fixed, const Geometry& geometry) {
  static const support::TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "segment";
  static const File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  must_hold(::ftruncate(file.descriptor(), 0) == 0 &&
                ::ftruncate(file.descriptor(), static_cast<off_t>(geometry.file_size)) == 0 &&
                ::pwrite(file.descriptor(), fixed.data(), fixed.size(), 0) == ssize_t{kFixedBytes},
            "the file can be made");
  const auto reader = open_reader(path);
  must_hold(reader.has_value(), "what is accepted can be opened");
  std::uint64_t sum = 0;
  for (const std::byte byte : reader->schema()) sum += static_cast<std::uint64_t>(byte);
  const Bytes both = reader->mapped_data();
  must_hold(both.size() == 2 * geometry.data_capacity, "the data ring is mapped twice");
  sum += static_cast<std::uint64_t>(both.front()) + static_cast<std::uint64_t>(both.back());
  must_hold(sum == 0, "nothing is read but what is in the file");
  must_hold(reader->window().count() == 0 && reader->retained_bytes() == 0,
            "a file of zeros after its fixed part retains nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto flags = input.take<std::uint8_t>();
  const auto length = input.take<std::uint64_t>();
  auto fixed = input.take<Fixed>();
  if ((flags & 1) == 0) fuzz::seal_fixed(fixed);

  const std::optional<Errc> refused = verdict(fixed, length);
  const Result<Geometry> checked = check_fixed(fixed, length, "file");
  must_hold(checked.has_value() == !refused.has_value(), "F-1 to F-7 decide what is accepted");
  if (refused) {
    must_hold(checked.error().code == *refused, "the error names the kind of refusal");
    must_hold(checked.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  FixedPart again{};
  write_fixed(again, *checked);
  // The reserved bytes may hold anything (F-6), so they and the checksum are left out.
  constexpr std::size_t kAge = offsetof(FixedPart, retain_age_ns);
  must_hold(std::memcmp(&again, fixed.data(), offsetof(FixedPart, reserved0)) == 0 &&
                std::memcmp(&again.retain_age_ns, fixed.data() + kAge, sizeof(std::uint64_t)) == 0,
            "what is accepted is believed word for word");
  if (checked->file_size <= kLargestFile) read_file(fixed, *checked);
  return 0;
}
