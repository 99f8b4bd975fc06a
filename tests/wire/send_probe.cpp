// Preloaded into a dashboard: watches what it hands to its sockets and from where. Bytes that lie
// in a read-only mapping of a *.ring file are counted apart from all others. The totals are two
// 64-bit numbers, ring bytes and other bytes, in the file that RINGSIDE_SEND_PROBE names.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

struct Totals {
  std::atomic<std::uint64_t> ring;
  std::atomic<std::uint64_t> other;
};

Totals* totals() {
  static Totals* const shared = []() -> Totals* {
    const char* path = std::getenv("RINGSIDE_SEND_PROBE");
    if (path == nullptr) return nullptr;
    const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(Totals)) != 0) std::abort();
    void* const page = ::mmap(nullptr, sizeof(Totals), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) std::abort();
    return static_cast<Totals*>(page);
  }();
  return shared;
}

bool is_socket(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

/// Whether [address, address + size) lies in mappings of *.ring files that are shared, readable and
/// not writable, by the kernel's own list, read anew each time.
bool is_in_ring(const void* address, std::size_t size) {
  std::FILE* const maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) std::abort();
  auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t end = at + size;
  char line[4096];
  // The list is sorted by address, so one pass joins what lies side by side.
  while (at < end && std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long from = 0;
    unsigned long to = 0;
    char rights[8] = {};
    if (std::sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3) continue;
    const bool ring = std::strcmp(rights, "r--s") == 0 && std::strstr(line, ".ring") != nullptr;
    if (ring && at >= from && at < to) at = to;
  }
  std::fclose(maps);
  return at >= end;
}

void count(int descriptor, const iovec* pieces, std::size_t number, ssize_t sent) {
  if (sent <= 0 || totals() == nullptr || !is_socket(descriptor)) return;
  auto left = static_cast<std::size_t>(sent);
  for (std::size_t i = 0; i < number && left > 0; ++i) {
    const std::size_t part = pieces[i].iov_len < left ? pieces[i].iov_len : left;
    if (part == 0) continue;
    (is_in_ring(pieces[i].iov_base, part) ? totals()->ring : totals()->other) += part;
    left -= part;
  }
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void count_one(int descriptor, const void* bytes, std::size_t size, ssize_t sent) {
  const iovec piece{const_cast<void*>(bytes), size};
  count(descriptor, &piece, 1, sent);
}

}  // namespace

extern "C" {

ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  static auto* const real = next<decltype(sendmsg)>("sendmsg");
  const ssize_t sent = real(descriptor, message, flags);
  count(descriptor, message->msg_iov, message->msg_iovlen, sent);
  return sent;
}

ssize_t send(int descriptor, const void* bytes, std::size_t size, int flags) {
  static auto* const real = next<decltype(send)>("send");
  const ssize_t sent = real(descriptor, bytes, size, flags);
  count_one(descriptor, bytes, size, sent);
  return sent;
}

ssize_t sendto(int descriptor, const void* bytes, std::size_t size, int flags,
               const sockaddr* address, socklen_t address_size) {
  static auto* const real = next<decltype(sendto)>("sendto");
  const ssize_t sent = real(descriptor, bytes, size, flags, address, address_size);
  count_one(descriptor, bytes, size, sent);
  return sent;
}

ssize_t write(int descriptor, const void* bytes, std::size_t size) {
  static auto* const real = next<decltype(write)>("write");
  const ssize_t sent = real(descriptor, bytes, size);
  count_one(descriptor, bytes, size, sent);
  return sent;
}

ssize_t writev(int descriptor, const iovec* pieces, int number) {
  static auto* const real = next<decltype(writev)>("writev");
  const ssize_t sent = real(descriptor, pieces, number);
  if (number > 0) count(descriptor, pieces, static_cast<std::size_t>(number), sent);
  return sent;
}

}  // extern "C"
