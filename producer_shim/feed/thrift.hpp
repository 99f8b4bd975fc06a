// The structures of parquet.thrift from and to Thrift's compact protocol.
#pragma once

#include <optional>
#include <string>

#include <thrift/TBase.h>

#include "bus/types.hpp"

namespace ringside::feed {

/// Reads one structure at the beginning of `bytes`, which may be a stranger's. Returns how many
/// bytes it took; none if it cannot be read.
std::optional<std::size_t> read_thrift(Bytes bytes, apache::thrift::TBase& to);

std::string write_thrift(const apache::thrift::TBase& structure);

}  // namespace ringside::feed
