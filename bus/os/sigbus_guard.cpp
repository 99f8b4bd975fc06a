#include "bus/os/sigbus_guard.hpp"

#include <mutex>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more in it
#include <sys/mman.h>

namespace ringside {
namespace {

using Region = SigbusGuard::Region;

// A list that only grows, so that the handler may walk it at any moment; regions are used again.
std::atomic<Region*> first_region{nullptr};
std::mutex registration;
struct sigaction previous_action {};

Region* region_of(std::uintptr_t address) noexcept {
  // Acquire: pairs with the release in the constructor, for what the region holds.
  for (Region* region = first_region.load(std::memory_order_acquire); region != nullptr;
       region = region->following) {
    const std::uintptr_t start = region->start.load(std::memory_order_acquire);
    if (start != 0 && address >= start && address < region->end.load(std::memory_order_relaxed))
      return region;
  }
  return nullptr;
}

void on_sigbus(int signal, siginfo_t* info, void* context) {
  // Sent by a process, it has no address.
  const bool is_fault = info->si_code > 0;
  Region* const region =
      is_fault ? region_of(reinterpret_cast<std::uintptr_t>(info->si_addr)) : nullptr;
  if (region != nullptr) {
    const std::uintptr_t start = region->start.load(std::memory_order_relaxed);
    const std::size_t bytes = region->end.load(std::memory_order_relaxed) - start;
    // Pairs with is_truncated(). mmap is a bare system call, so it may be made here.
    region->truncated.store(true, std::memory_order_seq_cst);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address that may be read and written by threads
    if (::mmap(reinterpret_cast<void*>(start), bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
      return;
  }
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
  } else {
    // Not ours: the access is made again, or the signal sent again, and does what it would have
    // done without us.
    ::sigaction(SIGBUS, &previous_action, nullptr);
    if (!is_fault) ::raise(signal);
  }
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &previous_action);
  });
}

Region* free_region() {
  for (Region* region = first_region.load(std::memory_order_relaxed); region != nullptr;
       region = region->following)
    if (region->start.load(std::memory_order_relaxed) == 0) return region;
  auto* const fresh = new Region;  // never freed: the handler may be looking at it
  fresh->following = first_region.load(std::memory_order_relaxed);
  first_region.store(fresh, std::memory_order_release);
  return fresh;
}

}  // namespace

SigbusGuard::SigbusGuard(std::byte* start, std::size_t bytes) {
  install_handler();
  const std::lock_guard lock(registration);
  region_ = free_region();
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  region_->truncated.store(false, std::memory_order_relaxed);
  region_->end.store(address + bytes, std::memory_order_relaxed);
  region_->start.store(address, std::memory_order_release);
}

SigbusGuard::~SigbusGuard() {
  if (region_ == nullptr) return;
  const std::lock_guard lock(registration);
  region_->start.store(0, std::memory_order_release);
}

}  // namespace ringside
