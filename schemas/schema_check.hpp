// Whether a binary schema (.bfbs) can be relied on. FlatBuffers' verifier looks at the buffer
// alone; its Parser::Deserialize and its printer of JSON take for granted that flatc wrote it, and
// free memory twice or read outside it where names repeat or numbers are out of range.
#pragma once

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

/// Schemas larger than this, with more definitions, or nested deeper, are refused.
inline constexpr std::size_t kLargestSchema = 1 << 20;
inline constexpr std::size_t kMostDefinitions = 1 << 15;
inline constexpr std::size_t kLongestSchemaName = 256;
inline constexpr std::size_t kDeepestStruct = 32;

/// `schema` may be from anyone; its first byte is aligned to 8. Success means that the buffer
/// verifies, and that what it says is what flatc could have said of some .fbs file whose root type
/// is a table. Fails with corrupt.
Result<void> check_schema(Bytes schema);

}  // namespace ringside
