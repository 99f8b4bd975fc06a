// Values of a Parquet column as they are decoded, read as what the column means.
#pragma once

#include <string>
#include <string_view>

#include "producer_shim/feed/database.hpp"
#include "producer_shim/feed/parquet_columns.hpp"

namespace ringside::feed {

/// One value that is not null.
class ParquetValue {
 public:
  ParquetValue(const FitColumns::Found& found, const Chunk& chunk, std::size_t column,
               std::size_t row)
      : meaning_(found.meaning),
        physical_(*found.stored.physical),
        chunk_(chunk),
        column_(column),
        row_(row) {}

  /// The nearest there is; infinite if its bytes are no number. For columns of numbers or booleans.
  double number() const;

  /// For columns of text and whole numbers. `room` may hold it.
  std::string_view text(std::string& room) const;

  /// As a person would write it.
  std::string shown() const;

 private:
  std::int64_t whole() const;
  double decimal() const;

  const Meaning& meaning_;
  Physical physical_;
  const Chunk& chunk_;
  std::size_t column_;
  std::size_t row_;
};

}  // namespace ringside::feed
