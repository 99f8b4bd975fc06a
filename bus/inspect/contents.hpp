// What lies in a bus, and what its user should be warned of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bus/bus.hpp"

namespace ringside {

/// What lies in a bus.
struct BusContents {
  std::vector<SegmentName> segments;        ///< sorted by name
  std::map<std::string, Error> unreadable;  ///< channels whose folder cannot be read, and why
};

/// What is there now. Files with other names are passed over. A bus that does not exist yet has
/// nothing; one that cannot be read is an error, as is one that Bus::check_planted() refuses.
Result<BusContents> contents_of(const Bus& bus);

/// Words of warning, a line each: if this bus can vanish under an ordinary user (logind's RemoveIPC
/// empties /dev/shm at logout), or if others than root and this user can change what is in it.
std::vector<std::string> warnings_of(const Bus& bus);

}  // namespace ringside
