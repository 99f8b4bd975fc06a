// Memory for the tables of a cycle, megabytes each. The kernel gives it in huge pages where
// it can: one fault for 2 MiB, where faults of 4 KiB take longer than what is done with the memory.
#pragma once

#include <memory_resource>

#include <flatbuffers/flatbuffers.h>

namespace ringside {

/// For any thread, and for requests of any size: small ones get ordinary memory. Lives for good.
std::pmr::memory_resource* large_memory();

/// The same for a FlatBufferBuilder.
flatbuffers::Allocator& large_buffers();

}  // namespace ringside
