#include "dashboard_reader/process_figures.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace ringside::dashboard {
namespace {

/// The fields of /proc/self/stat from the third on: the second, the program's name, may hold
/// anything, and ends with the last parenthesis.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream rest(text.substr(end + 1));
  std::string state;
  rest >> state;
  std::vector<double> fields{0};
  for (double value = 0; rest >> value;) fields.push_back(value);
  return fields;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double seconds_on(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

ProcessFigures process_figures() {
  // Numbers as in proc(5), which counts from 1.
  constexpr std::size_t kThird = 3;
  constexpr std::size_t kStartTime = 22 - kThird;
  constexpr std::size_t kVirtualBytes = 23 - kThird;
  constexpr std::size_t kResidentPages = 24 - kThird;
  ProcessFigures figures;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0)
    figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  if (const std::vector<double> fields = stat_fields(); fields.size() > kResidentPages) {
    const double boot = seconds_on(CLOCK_REALTIME) - seconds_on(CLOCK_BOOTTIME);
    // Once, since the clock may be set meanwhile, and a process starts but once.
    static const double start =
        boot + fields[kStartTime] / static_cast<double>(::sysconf(_SC_CLK_TCK));
    figures.start_seconds = start;
    figures.virtual_bytes = fields[kVirtualBytes];
    figures.resident_bytes = fields[kResidentPages] * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error))
    ++figures.open_descriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    figures.max_descriptors = static_cast<double>(limit.rlim_cur);
  return figures;
}

}  // namespace ringside::dashboard
