#include "bus/doorbell.hpp"

#include <algorithm>
#include <climits>
#include <ctime>

#include <boost/interprocess/exceptions.hpp>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ringside {
namespace {

namespace ipc = boost::interprocess;

constexpr std::uint64_t kDoorbellBytes = 4096;
constexpr std::array<char, 8> kDoorbellMagic = {'R', 'I', 'N', 'G', 'B', 'E', 'L', 'L'};
constexpr std::uint32_t kDoorbellVersion = 2;
/// What is at kHeadOffset: it is checked before a byte is written.
struct Head {
  std::array<char, 8> magic;
  std::uint32_t version;
};
constexpr off_t kHeadOffset = 256;
/// How often a reader looks that may not say that it waits.
constexpr std::chrono::milliseconds kPollInterval{5};

long futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* limit) noexcept {
  return ::syscall(SYS_futex, &word, operation, value, limit, nullptr, 0);
}

bool is_doorbell(const File& file) {
  Head head{};
  const Result<std::uint64_t> size = file.size();
  return size && *size >= kDoorbellBytes &&
         ::pread(file.descriptor(), &head, sizeof head, kHeadOffset) == ssize_t{sizeof head} &&
         head.magic == kDoorbellMagic && head.version == kDoorbellVersion;
}

Result<File> make(const Bus& bus) {
  RINGSIDE_TRY(File made, File::create_nameless(bus.directory(), kDoorbellBytes));
  // Producers and readers of other users ring it and wait on it too.
  made.allow_everyone();
  const Head head{kDoorbellMagic, kDoorbellVersion};
  if (::pwrite(made.descriptor(), &head, sizeof head, kHeadOffset) != ssize_t{sizeof head})
    return fail_errno(errno, "cannot write " + bus.doorbell_path().string());
  return made;
}

Result<File> open_or_create(const Bus& bus, const std::filesystem::path& path, int& flags) {
  flags = O_RDWR;
  Result<File> file = File::open(path, flags);
  if (!file && file.error().code == Errc::not_found) {
    RINGSIDE_TRY(const File made, make(bus));
    RINGSIDE_CHECK(made.link_as(path));
    file = File::open(path, flags);
  }
  if (file && !is_doorbell(*file)) {
    // What a power cut left of one, which nobody syncs, or a file that was given its name: another
    // takes its place, and it is not written to.
    RINGSIDE_TRY(const File made, make(bus));
    RINGSIDE_CHECK(made.replace(path));
    file = File::open(path, flags);
  }
  if (!file && (file.error().os_errno == EACCES || file.error().os_errno == EROFS)) {
    flags = O_RDONLY;
    file = File::open(path, flags);
  }
  return file;
}

}  // namespace

Result<Doorbell> Doorbell::open(const Bus& bus) {
  const std::filesystem::path path = bus.doorbell_path();
  int flags = 0;
  RINGSIDE_TRY(File file, open_or_create(bus, path, flags));
  if (!is_doorbell(file))
    return fail(Errc::not_segment, path.string(),
                ": not a doorbell of this version; remove it, and the next program recreates it");
  try {
    const bool writable = flags == O_RDWR;
    ipc::mapped_region region(file, writable ? ipc::read_write : ipc::read_only, 0, kDoorbellBytes);
    return Doorbell(path.string(), std::move(file), std::move(region), writable);
  } catch (const ipc::interprocess_exception& error) {
    return fail_errno(error.get_native_error(), "cannot map " + path.string());
  }
}

void Doorbell::wake() noexcept {
  if (!writable_) return;
  page_->waiting.store(0, std::memory_order_relaxed);
  // Pairs with the acquire loads of `rings` and with the kernel's own check of the futex word.
  page_->rings.fetch_add(1, std::memory_order_release);
  futex(page_->rings, FUTEX_WAKE, INT_MAX, nullptr);
}

void Doorbell::announce_segments() noexcept {
  if (!writable_) return;
  page_->changes.fetch_add(1, std::memory_order_release);
  wake();
}

std::uint32_t Doorbell::prepare() noexcept {
  const std::uint32_t ticket = rings();
  // Pairs with the load in ring(): Dekker, as in the header.
  if (writable_) page_->waiting.store(1, std::memory_order_seq_cst);
  // The loads of `next` that follow are acquire only; the fence makes them the fourth of the four.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return ticket;
}

void Doorbell::wait(std::uint32_t ticket, std::chrono::milliseconds limit) const noexcept {
  if (!writable_) limit = std::min(limit, kPollInterval);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const timespec time{.tv_sec = seconds.count(),
                      .tv_nsec = std::chrono::nanoseconds(limit - seconds).count()};
  // A shared futex: the waiters are other processes than the wakers. It needs no more than read
  // access to the page. A return for any reason means "look again".
  futex(page_->rings, FUTEX_WAIT, ticket, &time);
}

}  // namespace ringside
