// What the values of a Parquet column mean, by how they are stored and by its marks: the new one
// (logical type) where there is one, else the old one (converted type). The page reads them the
// same way (dashboard_reader/web/src/parquet_meaning.ts).
#pragma once

#include <string>

#include "producer_shim/feed/parquet_footer.hpp"

namespace ringside::feed {

enum class Sort {
  text,
  uuid,
  whole,
  decimal,  ///< a whole number, divided by a power of ten
  half,     ///< a float of 16 bits
  fraction,
  boolean,
  nothing,  ///< every value is null
  other,
};

struct Meaning {
  Sort sort = Sort::other;
  bool is_unsigned = false;
  int scale = 0;
  std::string name;  ///< for people
};

/// Sort::other if no fit has such values, or if the marks contradict each other.
Meaning meaning_of(const FooterColumn& column);

/// As Parquet calls it.
const char* name_of(Physical physical);

}  // namespace ringside::feed
