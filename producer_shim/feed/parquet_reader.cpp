#include "producer_shim/feed/parquet_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <future>
#include <limits>
#include <new>
#include <string_view>
#include <unordered_set>

#include <utf8.h>

#include "producer_shim/feed/database.hpp"
#include "producer_shim/feed/parquet_columns.hpp"
#include "producer_shim/feed/parquet_copy.hpp"
#include "producer_shim/feed/parquet_values.hpp"

namespace ringside::feed {
namespace {

constexpr std::size_t kX = 3;
constexpr std::size_t kFirstLabel = 6;
constexpr std::size_t kFlag = 9;
/// A file may claim any number of rows; memory for more than these is had as they come.
constexpr std::uint64_t kMaxReserve = 4'000'000;
/// To begin with; it grows.
constexpr std::size_t kStringRoom = 2 << 20;

bool is_float(double value) {
  return std::isfinite(value) &&
         std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
}

bool is_label(double value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max() && value == std::trunc(value);
}

/// Turns decoded rows into points.
class PointReader {
 public:
  PointReader(const FitColumns& columns, ParquetFit& fit) : columns_(columns), fit_(fit) {}

  /// Appends the points of the chunk. Fails with the first value that cannot be used.
  Result<void> append(const Chunk& chunk) {
    for (std::size_t row = 0; row < chunk.rows(); ++row)
      if (!append_row(chunk, row))
        return fail(Errc::corrupt, kColumns[fault_.column].name, " of row ",
                    std::to_string(fit_.points.size()), " (counted from 0) is ",
                    in_quotes(shown(chunk, row)), "; ", fault_.wanted);
    return {};
  }

  /// What was decoded is what the pages said.
  Result<void> check(const ParquetCopy& copy) const {
    if (fit_.points.size() != copy.rows)
      return fail(Errc::corrupt, "its pages hold ", std::to_string(fit_.points.size()), " of ",
                  std::to_string(copy.rows), " rows");
    for (std::size_t column = 0; column < kColumns.size(); ++column)
      if (copy.nulls[column] && *copy.nulls[column] != nulls_[column])
        return fail(Errc::corrupt, kColumns[column].name, " has ", std::to_string(nulls_[column]),
                    " nulls, and its pages say ", std::to_string(*copy.nulls[column]));
    return {};
  }

  void note_nulls() {
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      const std::uint64_t missing = nulls_[column] + nans_[column];
      if (missing == 0) continue;
      std::string note(kColumns[column].name);
      note.append(" is null in ").append(std::to_string(missing)).append(" of ");
      note.append(std::to_string(fit_.points.size())).append(" rows, which count as ");
      note.append(is_text(kColumns[column].kind) ? "\"\"" : "-1 (none)");
      fit_.notes.push_back(std::move(note));
    }
  }

 private:
  struct Fault {
    std::size_t column;
    const char* wanted;
  };

  static constexpr const char* kThere = "it must be there";
  static constexpr const char* kText = "it must be UTF-8 without NUL";

  ParquetValue value(const Chunk& chunk, std::size_t column, std::size_t row) const {
    return {columns_.found[column], chunk, column, row};
  }

  std::string shown(const Chunk& chunk, std::size_t row) const {
    if (chunk.is_null(fault_.column, row)) return "null";
    return value(chunk, fault_.column, row).shown();
  }

  bool append_row(const Chunk& chunk, std::size_t row) {
    EmbeddingPoint point;
    const bool fine =
        read_id(chunk, row, point) && read_text(chunk, row, 1, last_host_, point.host_id) &&
        read_text(chunk, row, 2, last_profile_, point.profile) &&
        read_coordinate(chunk, row, kX, point.x) && read_coordinate(chunk, row, kX + 1, point.y) &&
        read_coordinate(chunk, row, kX + 2, point.z) &&
        read_label(chunk, row, kFirstLabel, point.phase_int) &&
        read_label(chunk, row, kFirstLabel + 1, point.predicted_int) &&
        read_label(chunk, row, kFirstLabel + 2, point.cluster) && read_flag(chunk, row, point);
    if (fine) fit_.points.push_back(point);
    return fine;
  }

  bool read_id(const Chunk& chunk, std::size_t row, EmbeddingPoint& point) {
    if (chunk.is_null(0, row)) return refuse(0, kThere);
    const std::string_view text = value(chunk, 0, row).text(room_);
    if (!is_clean(text)) return refuse(0, kText);
    point.episode_id = keep(text);
    return true;
  }

  /// For columns in which a few strings come again and again.
  bool read_text(const Chunk& chunk, std::size_t row, std::size_t column, std::string_view& last,
                 std::string_view& to) {
    to = {};
    if (is_nothing(chunk, row, column)) return fault_.wanted == nullptr;
    const std::string_view text = value(chunk, column, row).text(room_);
    if (text != last) {
      auto known = texts_.find(text);
      if (known == texts_.end()) {
        if (!is_clean(text)) return refuse(column, kText);
        known = texts_.insert(keep(text)).first;
      }
      last = *known;
    }
    to = last;
    return true;
  }

  bool read_coordinate(const Chunk& chunk, std::size_t row, std::size_t column, float& to) {
    if (chunk.is_null(column, row)) return refuse(column, kThere);
    const double number = value(chunk, column, row).number();
    if (!is_float(number)) return refuse(column, "it must be finite and fit a float");
    to = static_cast<float>(number);
    return true;
  }

  bool read_label(const Chunk& chunk, std::size_t row, std::size_t column, std::int32_t& to) {
    to = -1;
    if (is_nothing(chunk, row, column)) return fault_.wanted == nullptr;
    const double number = value(chunk, column, row).number();
    if (std::isnan(number)) return ++nans_[column], true;
    if (!is_label(number)) return refuse(column, "it must be a whole number of 32 bits");
    to = static_cast<std::int32_t>(number);
    return true;
  }

  bool read_flag(const Chunk& chunk, std::size_t row, EmbeddingPoint& point) {
    if (chunk.is_null(kFlag, row)) return refuse(kFlag, kThere);
    const double number = value(chunk, kFlag, row).number();
    if (number != 0 && number != 1) return refuse(kFlag, "it must be true or false, or 1 or 0");
    point.is_train = number == 1;
    return true;
  }

  /// Whether there is no value; that of a column of nothing is a fault.
  bool is_nothing(const Chunk& chunk, std::size_t row, std::size_t column) {
    if (chunk.is_null(column, row)) return ++nulls_[column], true;
    if (columns_.found[column].meaning.sort != Sort::nothing) return false;
    refuse(column, "it must be null, as its type is");
    return true;
  }

  bool refuse(std::size_t column, const char* wanted) {
    fault_ = {.column = column, .wanted = wanted};
    return false;
  }

  static bool is_clean(std::string_view text) {
    return utf8::is_valid(text.begin(), text.end()) && text.find('\0') == std::string_view::npos;
  }

  std::string_view keep(std::string_view text) const {
    if (text.empty()) return {};
    char* const to = static_cast<char*>(fit_.strings->allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  const FitColumns& columns_;
  ParquetFit& fit_;
  std::string room_;
  std::unordered_set<std::string_view> texts_;
  std::string_view last_host_;
  std::string_view last_profile_;
  std::array<std::uint64_t, kColumns.size()> nulls_{};
  std::array<std::uint64_t, kColumns.size()> nans_{};
  Fault fault_{};
};

/// Reads all rows of one column, or of all; the error is the library's own.
Result<void> decode(Result<Database> database, const std::string& path, const char* columns,
                    const std::function<Result<void>(const Chunk&)>& take) {
  RINGSIDE_CHECK(database);
  RINGSIDE_TRY(auto rows, database->query(std::string("SELECT ") + columns +
                                              " FROM read_parquet($1, hive_partitioning = false)",
                                          path));
  while (true) {
    RINGSIDE_TRY(const auto chunk, rows.next());
    if (chunk.is_end()) return {};
    RINGSIDE_CHECK(take(chunk));
  }
}

/// What the library says, without the file in which it says it.
std::string reason(const std::string& path, const Error& error) {
  std::string text = error.message;
  for (const std::string& known : {"Failed to read file \"" + path + "\": ", path})
    for (std::size_t at = 0; (at = text.find(known)) != std::string::npos;)
      text.erase(at, known.size());
  return text;
}

/// Which column the library cannot decode, and what it says of it.
Error blame(const std::string& path, const Error& error) {
  for (const Column& column : kColumns) {
    const auto outcome = decode(Database::open(), path, column.name,
                                [](const Chunk&) -> Result<void> { return {}; });
    if (!outcome)
      return {Errc::corrupt, 0,
              std::string(column.name) + " cannot be decoded: " + reason(path, outcome.error())};
  }
  return {error.code, error.os_errno, "it cannot be decoded: " + reason(path, error)};
}

Result<ParquetFit> read(const OpenedFile& file, const ReadProgress& progress) {
  RINGSIDE_TRY(const auto footer, read_footer(file));
  RINGSIDE_TRY(const auto columns, check_columns(footer));
  // Opened while the pages are checked: each takes its time.
  auto database = std::async(Database::open);
  RINGSIDE_TRY(const auto copy, copy_columns(file, footer, columns, [&] { return progress(0); }));

  ParquetFit fit;
  fit.strings = std::make_unique<std::pmr::monotonic_buffer_resource>(kStringRoom, large_memory());
  fit.points.reserve(static_cast<std::size_t>(std::min(copy.rows, kMaxReserve)));
  PointReader reader(columns, fit);
  bool is_ours = false;  // the failure
  const auto decoded =
      decode(database.get(), copy.path(), "*", [&](const Chunk& chunk) -> Result<void> {
        is_ours = true;
        RINGSIDE_CHECK(reader.append(chunk));
        if (!progress(static_cast<double>(fit.points.size()) / static_cast<double>(copy.rows)))
          return fail(Errc::system, "the reading was stopped");
        is_ours = false;
        return {};
      });
  if (!decoded)
    return tl::unexpected<Error>(is_ours ? decoded.error() : blame(copy.path(), decoded.error()));
  RINGSIDE_CHECK(reader.check(copy));
  reader.note_nulls();
  if (!columns.others.empty()) {
    std::string note = "passed over, being no column of a fit:";
    for (const std::string& name : columns.others) note.append(" ").append(in_quotes(name));
    fit.notes.push_back(note.substr(0, 300));
  }
  return fit;
}

}  // namespace

Result<ParquetFit> read_parquet(const OpenedFile& file, const ReadProgress& progress) {
  try {
    return read(file, progress);
  } catch (const std::bad_alloc&) {
    return fail(Errc::no_space, "there is not enough memory for its rows");
  }
}

}  // namespace ringside::feed
