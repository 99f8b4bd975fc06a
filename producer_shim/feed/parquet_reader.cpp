#include "producer_shim/feed/parquet_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "producer_shim/feed/database.hpp"
#include "producer_shim/feed/parquet_columns.hpp"

namespace ringside::feed {
namespace {

constexpr std::size_t kX = 3;
constexpr std::size_t kFirstLabel = 6;
constexpr std::size_t kFlag = 9;
constexpr std::size_t kMaxRows = std::numeric_limits<std::uint32_t>::max();
/// A file may claim any number of rows; memory for more than these is had as they come.
constexpr std::int64_t kMaxReserve = 4'000'000;

/// Strings written before there was a mark for text count as text; a folder called `a=b` is none of
/// our business.
constexpr const char* kSource =
    " FROM read_parquet($1, binary_as_string = true, hive_partitioning = false)";

bool is_float(double value) {
  return std::isfinite(value) &&
         std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
}

bool is_label(double value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max() && value == std::trunc(value);
}

/// Turns rows of the query into points.
class PointReader {
 public:
  explicit PointReader(ParquetFit& fit) : fit_(fit) {}

  /// A value that cannot be used: where, and what it should be.
  struct Fault {
    std::size_t row;
    std::size_t column;
    const char* wanted;
  };

  /// Appends the points of the chunk, up to the first that has a fault.
  std::optional<Fault> append(const Chunk& chunk) {
    for (std::size_t row = 0; row < chunk.rows(); ++row)
      if (!append_row(chunk, row)) return fault_;
    return {};
  }

  void note_nulls() {
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      if (nulls_[column] == 0) continue;
      std::string note(kColumns[column].name);
      note.append(" is null in ").append(std::to_string(nulls_[column])).append(" of ");
      note.append(std::to_string(fit_.points.size())).append(" rows, which count as ");
      note.append(is_text(kColumns[column].kind) ? "\"\"" : "-1 (none)");
      fit_.notes.push_back(std::move(note));
    }
  }

 private:
  bool append_row(const Chunk& chunk, std::size_t row) {
    EmbeddingPoint point;
    if (chunk.is_null(0, row)) return refuse(0, "it must be there");
    point.episode_id = keep(chunk.text(0, row));
    point.host_id = keep_once(chunk, row, 1, last_host_);
    point.profile = keep_once(chunk, row, 2, last_profile_);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::size_t column = kX + axis;
      if (chunk.is_null(column, row)) return refuse(column, "it must be there");
      const double value = chunk.number(column, row);
      if (!is_float(value)) return refuse(column, "it must be finite and fit a float");
      (axis == 0 ? point.x : axis == 1 ? point.y : point.z) = static_cast<float>(value);
    }
    for (std::size_t label = 0; label < 3; ++label) {
      const std::size_t column = kFirstLabel + label;
      std::int32_t& to = label == 0   ? point.phase_int
                         : label == 1 ? point.predicted_int
                                      : point.cluster;
      if (chunk.is_null(column, row) || std::isnan(chunk.number(column, row))) {
        to = -1;
        ++nulls_[column];
        continue;
      }
      const double value = chunk.number(column, row);
      if (!is_label(value)) return refuse(column, "it must be a whole number of 32 bits");
      to = static_cast<std::int32_t>(value);
    }
    if (chunk.is_null(kFlag, row)) return refuse(kFlag, "it must be there");
    const double flag = chunk.number(kFlag, row);
    if (flag != 0 && flag != 1) return refuse(kFlag, "it must be true or false, or 1 or 0");
    point.is_train = flag == 1;
    fit_.points.push_back(point);
    return true;
  }

  bool refuse(std::size_t column, const char* wanted) {
    fault_ = {.row = fit_.points.size(), .column = column, .wanted = wanted};
    return false;
  }

  std::string_view keep(std::string_view text) const {
    if (text.empty()) return {};
    char* const to = static_cast<char*>(fit_.strings->allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  /// For columns in which a few strings come again and again.
  std::string_view keep_once(const Chunk& chunk, std::size_t row, std::size_t column,
                             std::string_view& last) {
    if (chunk.is_null(column, row)) {
      ++nulls_[column];
      return {};
    }
    const std::string_view text = chunk.text(column, row);
    if (text == last) return last;
    const auto known = texts_.find(text);
    last = known != texts_.end() ? *known : *texts_.insert(keep(text)).first;
    return last;
  }

  ParquetFit& fit_;
  std::unordered_set<std::string_view> texts_;
  std::string_view last_host_;
  std::string_view last_profile_;
  std::array<std::uint64_t, kColumns.size()> nulls_{};
  Fault fault_{};
};

Result<std::vector<FoundColumn>> describe(Database& database, const std::string& path) {
  auto rows = database.query(std::string("DESCRIBE SELECT *") + kSource, path);
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::vector<FoundColumn> found;
  while (true) {
    auto chunk = rows->next();
    if (!chunk) return tl::unexpected<Error>(chunk.error());
    if (chunk->is_end()) return found;
    for (std::size_t row = 0; row < chunk->rows(); ++row)
      found.push_back({std::string(chunk->text(0, row)), std::string(chunk->text(1, row))});
  }
}

Result<std::int64_t> count_rows(Database& database, const std::string& path) {
  auto rows = database.query("SELECT num_rows::BIGINT FROM parquet_file_metadata($1)", path);
  if (!rows) return tl::unexpected<Error>(rows.error());
  const auto chunk = rows->next();
  if (!chunk) return tl::unexpected<Error>(chunk.error());
  return chunk->rows() == 1 && !chunk->is_null(0, 0) ? chunk->integer(0, 0) : 0;
}

/// The value as it stands in the file: what a person would look for.
std::string value_text(Database& database, const std::string& path,
                       const PointReader::Fault& fault) {
  const auto rows = [&] {
    return database.query(std::string("SELECT \"") + kColumns[fault.column].name + "\"::VARCHAR" +
                              kSource + " LIMIT 1 OFFSET " + std::to_string(fault.row),
                          path);
  };
  auto found = rows();
  if (!found) return "?";
  const auto chunk = found->next();
  if (!chunk || chunk->rows() != 1) return "?";
  return chunk->is_null(0, 0) ? "null" : std::string(chunk->text(0, 0));
}

Result<ParquetFit> read(const std::string& path, const ReadProgress& progress) {
  auto database = Database::open();
  if (!database) return tl::unexpected<Error>(database.error());
  const auto found = describe(*database, path);
  if (!found) return tl::unexpected<Error>(found.error());
  const auto others = check_columns(*found);
  if (!others) return tl::unexpected<Error>(others.error());
  const auto total = count_rows(*database, path);
  if (!total) return tl::unexpected<Error>(total.error());

  ParquetFit fit;
  fit.strings = std::make_unique<std::pmr::monotonic_buffer_resource>();
  fit.points.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(*total, 0, kMaxReserve)));
  PointReader reader(fit);
  auto rows = database->query("SELECT " + cast_list() + kSource, path);
  if (!rows) return tl::unexpected<Error>(rows.error());
  while (true) {
    const auto chunk = rows->next();
    if (!chunk) return tl::unexpected<Error>(chunk.error());
    if (chunk->is_end()) break;
    if (fit.points.size() + chunk->rows() > kMaxRows)
      return fail(Errc::too_large, "it has more than ", std::to_string(kMaxRows), " rows");
    if (const auto fault = reader.append(*chunk)) {
      auto another = Database::open();
      const std::string value = another ? value_text(*another, path, *fault) : "?";
      return fail(Errc::corrupt, kColumns[fault->column].name, " of row ",
                  std::to_string(fault->row), " (counted from 0) is ", in_quotes(value), "; ",
                  fault->wanted);
    }
    const double all = static_cast<double>(std::max<std::int64_t>(*total, 1));
    if (!progress(static_cast<double>(fit.points.size()) / all))
      return fail(Errc::system, "the reading was stopped");
  }
  if (fit.points.empty()) return fail(Errc::corrupt, "it has no rows");
  reader.note_nulls();
  if (!others->empty()) {
    std::string note = "passed over, being no column of a fit:";
    for (const std::string& name : *others) note.append(" ").append(in_quotes(name));
    fit.notes.push_back(note.substr(0, 300));
  }
  return fit;
}

}  // namespace

Result<ParquetFit> read_parquet(const OpenedFile& file, const ReadProgress& progress) {
  const std::string path = file.proc_path();
  try {
    Result<ParquetFit> fit = read(path, progress);
    if (fit) return fit;
    // DuckDB names the path that it was given.
    Error error = fit.error();
    for (std::size_t at = 0; (at = error.message.find(path)) != std::string::npos;)
      error.message.replace(at, path.size(), "FILE");
    return tl::unexpected<Error>(error);
  } catch (const std::bad_alloc&) {
    return fail(Errc::no_space, "there is not enough memory for its rows");
  }
}

}  // namespace ringside::feed
