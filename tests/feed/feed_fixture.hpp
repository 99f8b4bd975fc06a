// What the feeder's tests share: fits whose every value follows from their number, Parquet files of
// them, the feeder run over those, and what then stands in the ring.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bus/reader.hpp"
#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::feed::test {

/// A point as it came out of the ring.
struct Row {
  std::string episode;
  std::string host;
  std::string profile;
  float x, y, z;
  std::int32_t phase, predicted, cluster;
  bool is_train;

  bool operator==(const Row&) const = default;
};

/// Row `i` of the fit numbered `k`, which every x shows.
Row row_of(std::uint32_t k, std::uint32_t i);
std::vector<Row> rows_of(std::uint32_t k, std::uint32_t count);

/// The same rows as SQL: columns as DuckDB types them by itself. `replaced` is put instead of the
/// columns of the same name, as in "SELECT * REPLACE (...)", if it is not empty.
std::string fit_sql(std::uint32_t k, std::uint32_t count, const std::string& replaced = {});

/// Writes what `sql` selects to `path`; `options` as for COPY, beginning with a comma.
void write_parquet(const std::filesystem::path& path, const std::string& sql,
                   const std::string& options = {});

std::string content_of(const std::filesystem::path& path);
/// Over what is there, in place, and closes it.
void put_content(const std::filesystem::path& path, const std::string& content);
/// As writers should: beside it, then renamed.
void replace_content(const std::filesystem::path& path, const std::string& content);

/// One event of a ring.
struct Batch {
  Sequence sequence;
  std::uint64_t cycle;
  std::uint32_t index;
  std::uint32_t total;
  std::vector<Row> rows;
};

/// The batch in a record; throws std::runtime_error if it is no batch that verifies.
Batch decode(const Record& record);

/// A bus and a folder for files, with the feeder over them.
struct Workplace {
  support::TemporaryDirectory directory;
  std::filesystem::path bus = directory.path() / "bus";
  std::filesystem::path file = directory.path() / "knn_v1.parquet";

  std::vector<std::string> command(const std::vector<std::string>& arguments = {}) const;
  support::Outcome run(const std::vector<std::string>& arguments = {}) const;
  /// A watcher, its standard error in `errors()`.
  support::Process watch(const std::vector<std::string>& arguments = {}) const;
  std::string errors() const { return content_of(directory.path() / "errors"); }

  /// The retained window; empty if there is no segment yet.
  std::vector<Batch> batches() const;
  /// All rows of the window, in its order.
  std::vector<Row> rows() const;
  std::optional<Epoch> epoch() const;

  /// Waits until the window is the whole fit numbered `k`; false after a minute.
  bool shows(std::uint32_t k, std::uint32_t count) const;
  /// Waits until standard error has `text` that often; false after a minute.
  bool says(const std::string& text, std::size_t times = 1) const;
};

/// How often `text` comes in `all`.
std::size_t count_of(const std::string& all, const std::string& text);

}  // namespace ringside::feed::test
