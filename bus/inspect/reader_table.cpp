#include "bus/inspect/reader_table.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <mutex>

#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "bus/os/boot.hpp"
#include "bus/os/file.hpp"
#include "bus/os/sigbus_guard.hpp"

namespace ringside {
namespace {

namespace ipc = boost::interprocess;

constexpr std::uint64_t kTableBytes = kReaderSlots * sizeof(ReaderEntry);
using Taken = std::array<bool, kReaderSlots>;

std::filesystem::path table_path(const Bus& bus) {
  return bus.directory() / ".readers";
}

flock lock_of(short type, std::size_t first, std::size_t count) {
  flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(first);
  lock.l_len = static_cast<off_t>(count);
  return lock;
}

bool lock_slot(int descriptor, short type, std::size_t index) noexcept {
  flock lock = lock_of(type, index, 1);
  return ::fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

/// Marks the slots of [first, end) that others hold. The kernel names one lock within a range, so
/// this asks once for each lock that there is and once for each stretch between them, instead of
/// once a slot.
void mark_locked(int descriptor, std::size_t first, std::size_t end, Taken& taken) noexcept {
  while (first < end) {
    flock lock = lock_of(F_RDLCK, first, end - first);
    if (::fcntl(descriptor, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return;
    // A lock may reach beyond the range on both sides; length 0 is "without end".
    const std::size_t from =
        std::clamp(static_cast<std::size_t>(std::max<off_t>(lock.l_start, 0)), first, end);
    const std::size_t to =
        lock.l_len <= 0
            ? end
            : std::clamp(static_cast<std::size_t>(lock.l_start + lock.l_len), from, end);
    if (to == from) return;  // a file system that answers beside the question
    std::fill(taken.begin() + static_cast<std::ptrdiff_t>(from),
              taken.begin() + static_cast<std::ptrdiff_t>(to), true);
    mark_locked(descriptor, first, from, taken);
    first = to;
  }
}

std::string printable_name(const std::array<char, kReaderNameBytes>& bytes) {
  std::string name(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0'));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < 0x20 || c >= 0x7F; }, '?');
  return name;
}

/// For people, so a clock that ticks every few milliseconds is fine, and costs next to nothing.
std::uint64_t coarse_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

Result<File> create(const Bus& bus) {
  RINGSIDE_TRY(File file, File::create_nameless(bus.directory(), kTableBytes));
  // Readers of every user list themselves, whatever the umask of the first; nothing depends on it.
  file.allow_everyone();
  ReaderTableHeader header{};
  header.magic = kReadersMagic;
  header.version = kReadersVersion;
  header.slots = kReaderSlots;
  if (::pwrite(file.descriptor(), &header, sizeof header, 0) != ssize_t{sizeof header})
    return fail_errno(errno, "cannot write " + table_path(bus).string());
  RINGSIDE_CHECK(file.link_as(table_path(bus)));
  return file;
}

/// Whether this is a table of ours: it will be written to, so it must not be something else.
Result<void> check(const File& file, const Bus& bus) {
  ReaderTableHeader header{};
  RINGSIDE_TRY(const std::uint64_t size, file.size());
  const bool read = ::pread(file.descriptor(), &header, sizeof header, 0) == ssize_t{sizeof header};
  if (size < kTableBytes || !read || header.magic != kReadersMagic ||
      header.version != kReadersVersion || header.slots != kReaderSlots)
    return fail(Errc::not_segment, table_path(bus).string(),
                ": not a table of readers; remove it, and the next reader recreates it");
  return {};
}

}  // namespace

// What a table and its slots share: one open file description, which holds all of their locks.
struct ReaderSlot::Shared {
  File file;
  std::optional<ipc::mapped_region> region;  // only where slots can be claimed
  SigbusGuard guard;                         // everybody may shorten the file
  std::mutex mutex;                          // guards `mine`
  Taken mine{};  // the slots of this description: the kernel does not name a lock to its holder

  ReaderEntry& entry(std::size_t index) const {
    return static_cast<ReaderEntry*>(region->get_address())[index];
  }
};

Result<ReaderTable> ReaderTable::open(const Bus& bus, Access access) {
  const int flags = access == Access::read_write ? O_RDWR : O_RDONLY;
  Result<File> opened = File::open(table_path(bus), flags);
  if (!opened && opened.error().code == Errc::not_found && access == Access::read_write) {
    // Opened again by name, since somebody else's may have been linked first.
    RINGSIDE_CHECK(create(bus));
    opened = File::open(table_path(bus), flags);
  }
  RINGSIDE_TRY(File file, std::move(opened));
  RINGSIDE_CHECK(check(file, bus));
  auto shared = std::make_shared<ReaderSlot::Shared>();
  shared->file = std::move(file);
  if (access == Access::read_write) {
    try {
      shared->region.emplace(shared->file, ipc::read_write, 0, kTableBytes);
      shared->guard =
          SigbusGuard(static_cast<std::byte*>(shared->region->get_address()), kTableBytes);
    } catch (const ipc::interprocess_exception& error) {
      return fail_errno(error.get_native_error(), "cannot map " + table_path(bus).string());
    }
  }
  return ReaderTable(std::move(shared));
}

std::optional<ReaderSlot> ReaderTable::claim(Epoch epoch, std::string_view name) {
  if (!shared_->region || epoch.value == 0) return std::nullopt;
  const std::lock_guard guard(shared_->mutex);
  Taken taken = shared_->mine;
  mark_locked(shared_->file.descriptor(), 1, kReaderSlots, taken);
  std::size_t index = 1;
  while (index < kReaderSlots &&
         (taken.at(index) || !lock_slot(shared_->file.descriptor(), F_WRLCK, index)))
    ++index;
  if (index == kReaderSlots) return std::nullopt;
  shared_->mine.at(index) = true;

  std::array<std::uint64_t, 4> words{};
  std::memcpy(words.data(), name.data(), std::min(name.size(), sizeof words));
  ReaderEntry& entry = shared_->entry(index);
  entry.epoch.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  entry.cursor.store(0, std::memory_order_relaxed);
  entry.pid.store(static_cast<std::uint64_t>(::getpid()), std::memory_order_relaxed);
  entry.pid_namespace.store(current_pid_namespace(), std::memory_order_relaxed);
  entry.clients.store(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < words.size(); ++i)
    entry.name.at(i).store(words.at(i), std::memory_order_relaxed);
  entry.updated_ns.store(coarse_now(), std::memory_order_relaxed);
  // Whoever sees the epoch sees a slot that is filled in.
  entry.epoch.store(epoch.value, std::memory_order_release);
  return ReaderSlot(shared_, index);
}

std::vector<ReaderStatus> ReaderTable::live() const {
  // Read, not mapped: a private copy cannot change while it is checked, and a table that somebody
  // shortens is a short read and not a fault.
  std::vector<std::byte> bytes(kTableBytes);
  const ssize_t got = ::pread(shared_->file.descriptor(), bytes.data(), bytes.size(), 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  Taken taken{};
  {
    const std::lock_guard guard(shared_->mutex);
    taken = shared_->mine;
  }
  mark_locked(shared_->file.descriptor(), 1, kReaderSlots, taken);

  const std::uint64_t here = current_pid_namespace();
  std::vector<ReaderStatus> found;
  for (std::size_t i = 1; (i + 1) * sizeof(ReaderEntry) <= bytes.size(); ++i) {
    const auto read = [slot = bytes.data() + i * sizeof(ReaderEntry)]<class T>(T& value,
                                                                               std::size_t offset) {
      std::memcpy(&value, slot + offset, sizeof value);
    };
    ReaderStatus status;
    std::array<char, kReaderNameBytes> name{};
    read(status.epoch.value, offsetof(ReaderEntry, epoch));
    if (!taken.at(i) || status.epoch.value == 0) continue;
    read(status.cursor.value, offsetof(ReaderEntry, cursor));
    std::uint64_t pid = 0;
    std::uint64_t there = 0;
    read(pid, offsetof(ReaderEntry, pid));
    read(there, offsetof(ReaderEntry, pid_namespace));
    if (there != 0 && there == here) status.pid = pid;
    read(status.clients, offsetof(ReaderEntry, clients));
    read(name, offsetof(ReaderEntry, name));
    read(status.updated.ns, offsetof(ReaderEntry, updated_ns));
    status.name = printable_name(name);
    found.push_back(std::move(status));
  }
  return found;
}

bool ReaderTable::is_at(const Bus& bus) const {
  return shared_->file.is_at(table_path(bus).c_str());
}

ReaderSlot::ReaderSlot(ReaderSlot&& other) noexcept
    : shared_(std::move(other.shared_)), index_(other.index_) {}

ReaderSlot& ReaderSlot::operator=(ReaderSlot&& other) noexcept {
  std::swap(shared_, other.shared_);
  std::swap(index_, other.index_);
  return *this;
}

ReaderSlot::~ReaderSlot() {
  if (!shared_) return;
  const std::lock_guard guard(shared_->mutex);
  shared_->entry(index_).epoch.store(0, std::memory_order_release);
  lock_slot(shared_->file.descriptor(), F_UNLCK, index_);
  shared_->mine.at(index_) = false;
}

void ReaderSlot::move_to(Sequence next, std::uint32_t clients) noexcept {
  ReaderEntry& entry = shared_->entry(index_);
  entry.cursor.store(next.value, std::memory_order_relaxed);
  entry.clients.store(clients, std::memory_order_relaxed);
  entry.updated_ns.store(coarse_now(), std::memory_order_relaxed);
}

Lag lag_of(const Reader& reader, Sequence cursor) noexcept {
  const SequenceRange window = reader.window();
  Lag lag;
  if (cursor >= window.to) {
    lag.seconds = 0;
    return lag;
  }
  lag.events = window.to - cursor;
  if (cursor < window.from) lag.overwritten = window.from - cursor;
  if (const auto time = reader.timestamp_of(std::max(cursor, window.from))) {
    const Timestamp current = reader.segment_now();
    lag.seconds = static_cast<double>(current.ns - std::min(time->ns, current.ns)) / 1e9;
  }
  return lag;
}

}  // namespace ringside
