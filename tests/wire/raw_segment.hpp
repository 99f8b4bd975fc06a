// A segment's file as anyone may change it who has the right to, by docs/format.md alone.
#pragma once

#include <cstdint>
#include <filesystem>

namespace ringside::wire_test {

class RawSegment {
 public:
  explicit RawSegment(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }

  std::uint64_t peek(std::uint64_t at) const;
  void poke(std::uint64_t at, std::uint64_t value) const;
  void flip(std::uint64_t at, std::uint64_t bits) const { poke(at, peek(at) ^ bits); }

  /// Where the header of a record stands, its index word, and the word that says what comes next.
  std::uint64_t record(std::uint64_t sequence) const;
  std::uint64_t index(std::uint64_t sequence) const;
  static constexpr std::uint64_t kNext = 4232;

 private:
  std::filesystem::path path_;
};

}  // namespace ringside::wire_test
