// The files that the system lets this process have open, and who may have how many of them:
// segments, whose number is up to the producers, must not take those that clients come by.
#pragma once

#include <cstddef>

namespace ringside::dashboard {

struct DescriptorShares {
  std::size_t streams = 0;   ///< each one socket
  std::size_t requests = 0;  ///< connections that are no streams: each a socket and maybe a file
  std::size_t segments = 0;  ///< each one file, and two where a copy was salvaged
};

/// What each may have of `limit`, when there may be `streams` of them at most. Where that is not
/// enough for all, segments and requests keep a quarter each.
DescriptorShares share_descriptors(std::size_t limit, std::size_t streams);

/// The limit of this process, raised as far as it may raise it (RLIMIT_NOFILE).
std::size_t raise_descriptor_limit();

}  // namespace ringside::dashboard
