// The bytes of a bus directory with one segment, kept so that the next moment can be compared with
// it cheaply, and laid out again elsewhere for a take-up that must not disturb the original.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <sys/types.h>

#include "bus/bus.hpp"
#include "bus/layout.hpp"
#include "bus/os/file.hpp"

namespace ringside::campaign {

/// A file as it is at its name, mapped; follows the name to another file.
class MappedFile {
 public:
  MappedFile(std::filesystem::path path, bool writable)
      : path_(std::move(path)), writable_(writable) {}
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// Maps what is at the name now. Whether that is another file than before.
  bool follow();
  /// Makes the file have `size` bytes, creating it if it is not there, and maps it.
  void make(std::uint64_t size);
  void remove();

  bool exists() const { return bytes_ != nullptr; }
  FileIdentity identity() const;
  std::span<std::byte> bytes() const { return {bytes_, size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  void map();
  void unmap();

  std::filesystem::path path_;
  bool writable_;
  ino_t inode_ = 0;
  std::byte* bytes_ = nullptr;
  std::uint64_t size_ = 0;
};

class BusImage {
 public:
  BusImage(const Bus& bus, const SegmentName& name);

  /// Takes the bytes as they are now. Whether anything has changed since the last time.
  bool refresh();

  bool has_segment() const { return segment_.live.exists(); }
  std::span<const std::byte> segment() const { return segment_.bytes; }

  /// Makes `copy`'s directory the same as this.
  void lay_out(BusImage& copy) const;

 private:
  struct Part {
    explicit Part(std::filesystem::path path, bool writable) : live(std::move(path), writable) {}
    bool refresh();
    void lay_out(MappedFile& to) const;

    MappedFile live;
    std::vector<std::byte> bytes;
  };

  Bus bus_;
  std::filesystem::path channel_;
  Part segment_;
  Part replacement_;  // .PRODUCER.ring.new, for a moment
  bool has_doorbell_ = false;
  off_t bus_size_ = -1;
  off_t channel_size_ = -1;
};

}  // namespace ringside::campaign
