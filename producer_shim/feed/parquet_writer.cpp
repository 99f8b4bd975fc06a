#include "producer_shim/feed/parquet_writer.hpp"

#include <string>

#include "producer_shim/atomic_file.hpp"
#include "producer_shim/feed/database.hpp"
#include "producer_shim/feed/parquet_columns.hpp"

namespace ringside::feed {
namespace {

/// Rows on their way into the table `fit`.
class Appender {
 public:
  explicit Appender(Database& database) {
    state_ = duckdb_appender_create(database.connection(), nullptr, "fit", &appender_);
  }
  ~Appender() { duckdb_appender_destroy(&appender_); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  void append(const flatbuffers::String& text) {
    take(duckdb_append_varchar_length(appender_, text.c_str(), text.size()));
  }
  void append(float value) { take(duckdb_append_float(appender_, value)); }
  void append(std::int32_t value) { take(duckdb_append_int32(appender_, value)); }
  void append(bool value) { take(duckdb_append_bool(appender_, value)); }
  void end_row() { take(duckdb_appender_end_row(appender_)); }

  Result<void> finish() {
    if (state_ == DuckDBSuccess) state_ = duckdb_appender_close(appender_);
    if (state_ != DuckDBSuccess) return duckdb_failure(duckdb_appender_error(appender_));
    return {};
  }

 private:
  void take(duckdb_state state) {
    if (state != DuckDBSuccess) state_ = state;
  }

  duckdb_appender appender_ = nullptr;
  duckdb_state state_ = DuckDBSuccess;
};

Result<void> run(Database& database, const std::string& sql) {
  RINGSIDE_TRY(auto rows, database.query(sql));
  // What a statement yields, if only a count, has to be fetched for it to be done.
  while (true) {
    RINGSIDE_TRY(const auto chunk, rows.next());
    if (chunk.is_end()) return {};
  }
}

Result<void> fill(Database& database, const EmbeddingBatch& batch) {
  std::string columns;
  for (const Column& column : kColumns) {
    if (!columns.empty()) columns += ", ";
    columns.append(column.name).append(" ").append(column.written_as);
  }
  RINGSIDE_CHECK(run(database, "CREATE TABLE fit (" + columns + ")"));
  Appender rows(database);
  for (const Point* point : *batch.points()) {
    rows.append(*batch.episodes()->Get(point->episode()));
    rows.append(*batch.hosts()->Get(point->host()));
    rows.append(*batch.profiles()->Get(point->profile()));
    rows.append(point->x());
    rows.append(point->y());
    rows.append(point->z());
    rows.append(point->phase_int());
    rows.append(point->predicted_int());
    rows.append(point->cluster());
    rows.append(point->is_train());
    rows.end_row();
  }
  return rows.finish();
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result.append(c == '\'' ? 2 : 1, c);
  return result + "'";
}

}  // namespace

Result<void> write_parquet(const std::filesystem::path& path, const SavedFit& fit) {
  RINGSIDE_TRY(auto database, Database::open());
  RINGSIDE_CHECK(fill(database, fit.batch()));
  return replace_file(path, [&](const std::filesystem::path& temporary) -> Result<void> {
    // The file is there already, and nobody else's: DuckDB need not write beside it and rename.
    auto copied = run(database, "COPY fit TO " + quoted(temporary.string()) +
                                    " (FORMAT parquet, COMPRESSION snappy, USE_TMP_FILE false)");
    if (copied) return {};
    return fail(Errc::system, "cannot write ", path.string(), ": ", copied.error().message);
  });
}

}  // namespace ringside::feed
