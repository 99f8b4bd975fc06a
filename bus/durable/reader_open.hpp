// How a process comes to read a segment: this is where reading and recovery meet, so that bus/
// itself knows of no power cut.
#pragma once

#include <filesystem>

#include "bus/bus.hpp"
#include "bus/reader.hpp"

namespace ringside {

/// Opens a segment for reading in constant time. One of an earlier boot, or a copy, that no
/// producer has opened since is read through once; if it is damaged, a copy in memory of its intact
/// records is shown, under an epoch of its own. Fails with not_found, with bad_argument on a file
/// system that several machines share, and as Segment::open() does. Any thread, any process.
Result<Reader> open_reader(const Bus& bus, const SegmentName& name);
Result<Reader> open_reader(const std::filesystem::path& path);

}  // namespace ringside
