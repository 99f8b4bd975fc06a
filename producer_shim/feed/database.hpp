// DuckDB's C API with owners for what it hands out, and errors of one line. A database here lives
// in memory, for the reading or writing of one file: it keeps nothing, and its threads end with it.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <duckdb.h>

#include "bus/result.hpp"

namespace ringside::feed {

/// Up to a few thousand rows of a result, column by column.
class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk chunk);
  ~Chunk() {
    if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  }
  Chunk(Chunk&& other) noexcept
      : chunk_(std::exchange(other.chunk_, nullptr)),
        rows_(other.rows_),
        columns_(std::move(other.columns_)) {}
  Chunk& operator=(Chunk&&) = delete;
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  /// The end of the result.
  bool is_end() const { return chunk_ == nullptr; }
  std::size_t rows() const { return rows_; }

  bool is_null(std::size_t column, std::size_t row) const {
    const std::uint64_t* const valid = columns_[column].valid;
    return valid != nullptr && (valid[row / 64] >> (row % 64) & 1) == 0;
  }

  /// REQUIRES: the column's type is as wide as Value, the row not null.
  template <class Value>
  Value value(std::size_t column, std::size_t row) const {
    Value value;
    std::memcpy(&value, static_cast<const Value*>(columns_[column].data) + row, sizeof value);
    return value;
  }
  /// REQUIRES: the column is BLOB or VARCHAR, the row not null. Lives as long as the chunk.
  std::string_view bytes(std::size_t column, std::size_t row) const {
    const auto& value = static_cast<const duckdb_string_t*>(columns_[column].data)[row].value;
    // Short ones stand in the column itself; their length is at the same place in both.
    const std::uint32_t length = value.inlined.length;
    return {length <= sizeof value.inlined.inlined ? value.inlined.inlined : value.pointer.ptr,
            length};
  }

 private:
  struct ColumnView {
    const void* data;
    const std::uint64_t* valid;  ///< a bit for each row; none if no row is null
  };

  duckdb_data_chunk chunk_;
  std::size_t rows_ = 0;
  std::vector<ColumnView> columns_;  // asked of the library once: a call for each value would cost
};

/// The rows that a query yields, while they come.
class Rows {
 public:
  explicit Rows(duckdb_result result) : result_(std::make_unique<duckdb_result>(result)) {}
  ~Rows() {
    if (result_) duckdb_destroy_result(result_.get());
  }
  Rows(Rows&&) noexcept = default;
  Rows& operator=(Rows&&) = delete;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// The next rows in their order, or the end.
  Result<Chunk> next();

 private:
  std::unique_ptr<duckdb_result> result_;
};

class Database {
 public:
  static Result<Database> open();
  ~Database();
  Database(Database&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)),
        connection_(std::exchange(other.connection_, nullptr)) {}
  Database& operator=(Database&&) = delete;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs one statement, in which $1 stands for `parameter`. What it yields must not outlive this.
  Result<Rows> query(const std::string& sql, const std::string& parameter = {});

  duckdb_connection connection() const { return connection_; }

 private:
  Database() = default;

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

/// What DuckDB says of a failure, on one line.
tl::unexpected<Error> duckdb_failure(const char* message);

}  // namespace ringside::feed
