#include "tests/campaign/bus_image.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringside::campaign {
namespace {

constexpr std::uint64_t kBlock = 4096;

[[noreturn]] void give_up(const std::filesystem::path& path) {
  std::perror(("ringside_campaign: " + path.string()).c_str());
  std::exit(1);
}

/// Makes `to` equal to `from`, touching only the blocks that differ. Whether any did.
bool copy_changed(std::byte* to, std::span<const std::byte> from) {
  bool changed = false;
  for (std::uint64_t at = 0; at < from.size(); at += kBlock) {
    const std::uint64_t length = std::min(kBlock, from.size() - at);
    if (std::memcmp(to + at, from.data() + at, length) == 0) continue;
    std::memcpy(to + at, from.data() + at, length);
    changed = true;
  }
  return changed;
}

/// A directory's size counts its entries on tmpfs, so it tells of every link and unlink.
off_t directory_size(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_size : -1;
}

}  // namespace

MappedFile::~MappedFile() {
  unmap();
}

void MappedFile::unmap() {
  if (bytes_ != nullptr) ::munmap(bytes_, size_);
  bytes_ = nullptr;
  size_ = 0;
  inode_ = 0;
}

void MappedFile::map() {
  const int descriptor = ::open(path_.c_str(), (writable_ ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (descriptor < 0) give_up(path_);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) give_up(path_);
  inode_ = status.st_ino;
  size_ = static_cast<std::uint64_t>(status.st_size);
  const int protection = writable_ ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const start = ::mmap(nullptr, size_, protection, MAP_SHARED, descriptor, 0);
  if (start == MAP_FAILED) give_up(path_);
  bytes_ = static_cast<std::byte*>(start);
  ::close(descriptor);
}

FileIdentity MappedFile::identity() const {
  const Result<File> file = File::open(path_, O_RDONLY);
  return file ? file->identity() : FileIdentity{};
}

bool MappedFile::follow() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    const bool was_there = exists();
    unmap();
    return was_there;
  }
  if (exists() && status.st_ino == inode_ && static_cast<std::uint64_t>(status.st_size) == size_)
    return false;
  unmap();
  map();
  return true;
}

void MappedFile::make(std::uint64_t size) {
  follow();
  if (exists() && size_ == size) return;
  unmap();
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0 || ::ftruncate(descriptor, static_cast<off_t>(size)) != 0) give_up(path_);
  ::close(descriptor);
  map();
}

void MappedFile::remove() {
  unmap();
  ::unlink(path_.c_str());
}

BusImage::BusImage(const Bus& bus, const SegmentName& name)
    : bus_(bus),
      channel_(bus.directory() / name.channel),
      segment_(bus.segment_path(name), true),
      replacement_(channel_ / ("." + name.producer + ".ring.new"), true) {}

bool BusImage::Part::refresh() {
  if (!live.follow()) return live.exists() && copy_changed(bytes.data(), live.bytes());
  bytes.assign(live.bytes().begin(), live.bytes().end());
  return true;
}

void BusImage::Part::lay_out(MappedFile& to) const {
  if (!live.exists()) {
    to.remove();
    return;
  }
  to.make(bytes.size());
  copy_changed(to.bytes().data(), bytes);
  // The copy stands for the original, whose writer was killed, and not for a restored backup.
  const auto from = live.identity();
  const auto there = to.identity();
  constexpr std::size_t kAt = kStateOffset + offsetof(SegmentState, device);
  if (bytes.size() >= kHeaderBytes && std::memcmp(bytes.data() + kAt, &from, sizeof from) == 0)
    std::memcpy(to.bytes().data() + kAt, &there, sizeof there);
}

bool BusImage::refresh() {
  bool changed = segment_.refresh();
  const off_t bus_size = directory_size(bus_.directory());
  const off_t channel_size = directory_size(channel_);
  if (bus_size != bus_size_ || channel_size != channel_size_) {
    changed = true;
    replacement_.refresh();
    has_doorbell_ = std::filesystem::exists(bus_.doorbell_path());
  } else if (replacement_.live.exists()) {
    changed = replacement_.refresh() || changed;
  }
  bus_size_ = bus_size;
  channel_size_ = channel_size;
  return changed;
}

void BusImage::lay_out(BusImage& copy) const {
  std::error_code ignored;
  if (channel_size_ >= 0) {
    std::filesystem::create_directories(copy.channel_, ignored);
    segment_.lay_out(copy.segment_.live);
    replacement_.lay_out(copy.replacement_.live);
  } else {
    copy.segment_.live.remove();
    copy.replacement_.live.remove();
    std::filesystem::remove_all(copy.bus_.directory(), ignored);
  }
  if (!has_doorbell_) std::filesystem::remove(copy.bus_.doorbell_path(), ignored);
}

}  // namespace ringside::campaign
