// All that a segment retains as one span of its ring, for who wants it as it stands: a download.
#pragma once

#include "bus/reader.hpp"

namespace ringside {

/// From the first record that can be found to the end of the last. Damaged ones in between are in
/// it as they stand. Empty if there is none, or if the header is corrupt. In O(1) while the index
/// is in order. Ask is_still_valid() once the bytes have been used.
Run retained_span(const Reader& reader) noexcept;

}  // namespace ringside
