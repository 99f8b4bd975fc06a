// The pages of one column chunk, each looked at before any library decodes it: that they are
// complete, coded as their column can be, and hold as many values as the footer says. A corrupt
// page can then be reported by its column's name, and none is taken for another thing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"
#include "producer_shim/feed/parquet_footer.hpp"

namespace ringside::feed {

struct CheckedPages {
  std::vector<Bytes> kept;             ///< of the chunk: the pages that hold values, in order
  std::uint64_t dictionary_bytes = 0;  ///< of the first of them; 0: there is no dictionary
  std::uint64_t uncompressed_bytes = 0;
  std::uint64_t read_bytes = 0;        ///< of the chunk, with pages that hold none
  std::optional<std::uint64_t> nulls;  ///< as the pages themselves say, if all do
  bool has_split_integers = false;     ///< a page codes integers as BYTE_STREAM_SPLIT
  bool has_delta_integers = false;
};

/// Checks the pages in `chunk` of a column that has `rows` values. The error says what is wrong,
/// without the column's name.
Result<CheckedPages> check_pages(Bytes chunk, const FooterColumn& column, std::int64_t codec,
                                 std::uint64_t rows);

/// What is wrong with a codec, if it cannot be read.
Result<void> check_codec(std::int64_t codec);

}  // namespace ringside::feed
