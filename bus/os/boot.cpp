#include "bus/os/boot.hpp"

#include <ctime>
#include <fstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace ringside {
namespace {

/// The 32 hex digits of a UUID as two numbers; anything else gives zeros.
BootId parse_uuid(const std::string& text) {
  BootId id{};
  std::size_t digits = 0;
  for (const char c : text) {
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<std::uint64_t>(c - 'a') + 10;
    else
      continue;
    if (digits == 32) return {};
    std::uint64_t& half = id.at(digits / 16);
    half = half << 4 | digit;
    ++digits;
  }
  return digits == 32 ? id : BootId{};
}

std::uint64_t clock_ns(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

BootId current_boot_id() noexcept {
  static const BootId id = [] {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string text;
    std::getline(file, text);
    return parse_uuid(text);
  }();
  return id;
}

std::uint64_t current_pid_namespace() noexcept {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

Owner current_owner() noexcept {
  return {static_cast<std::uint64_t>(::getpid()), current_pid_namespace()};
}

Timestamp now() noexcept {
  return {clock_ns(CLOCK_REALTIME)};
}

std::uint64_t boottime_ns() noexcept {
  return clock_ns(CLOCK_BOOTTIME);
}

}  // namespace ringside
