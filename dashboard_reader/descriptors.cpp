#include "dashboard_reader/descriptors.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace ringside::dashboard {
namespace {

/// For the loop, the listener, the doorbell, the table of readers, folders that are read, and what
/// is open for a moment only.
constexpr std::size_t kOwn = 32;
constexpr std::size_t kMaxRequests = 1024;
constexpr std::size_t kFilesPerRequest = 2;

}  // namespace

DescriptorShares share_descriptors(std::size_t limit, std::size_t streams) {
  const std::size_t room = limit - std::min(limit, kOwn);
  const std::size_t quarter = room / 4;
  DescriptorShares shares;
  shares.requests = std::clamp<std::size_t>(quarter / kFilesPerRequest, 1, kMaxRequests);
  shares.streams = std::clamp<std::size_t>(
      room - quarter - std::min(quarter, kMaxRequests * kFilesPerRequest), 1, streams);
  const std::size_t taken = shares.streams + shares.requests * kFilesPerRequest;
  shares.segments = std::max<std::size_t>(room - std::min(room, taken), 1);
  return shares;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace ringside::dashboard
