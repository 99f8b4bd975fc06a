#include "producer_shim/feed/parquet_copy.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <unistd.h>

#include "producer_shim/feed/parquet_pages.hpp"
#include "producer_shim/feed/thrift.hpp"

namespace ringside::feed {
namespace {

constexpr std::uint64_t kMaxRows = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view kMagic = "PAR1";

/// Bytes of the file that are a column's alone.
struct Extent {
  std::uint64_t at;
  std::uint64_t bytes;
  const char* column;
};

Result<std::uint64_t> count_rows(const Footer& footer) {
  std::uint64_t rows = 0;
  for (const parquet::RowGroup& group : footer.row_groups) {
    if (group.num_rows < 0 || static_cast<std::uint64_t>(group.num_rows) > kMaxRows)
      return fail(Errc::corrupt, "its footer says that a row group has ",
                  std::to_string(group.num_rows), " rows");
    rows += static_cast<std::uint64_t>(group.num_rows);
    if (rows > kMaxRows)
      return fail(Errc::too_large, "it has more than ", std::to_string(kMaxRows), " rows");
  }
  if (footer.rows < 0 || static_cast<std::uint64_t>(footer.rows) != rows)
    return fail(Errc::corrupt, "its footer says ", std::to_string(footer.rows),
                " rows, and its row groups have ", std::to_string(rows));
  if (rows == 0) return fail(Errc::corrupt, "it has no rows");
  return rows;
}

Result<void> check_chunk(const parquet::ColumnChunk& chunk, const FooterColumn& column,
                         std::int64_t rows) {
  const auto wrong = [](const auto&... what) { return fail(Errc::corrupt, what...); };
  const parquet::ColumnMetaData& stored = chunk.meta_data;
  if (chunk.__isset.crypto_metadata || chunk.__isset.encrypted_column_metadata)
    return wrong("is encrypted; write it without encryption");
  if (chunk.__isset.file_path) return wrong("stands in another file; write them as one");
  if (!chunk.__isset.meta_data)
    return wrong("has no pages in a row group of ", std::to_string(rows), " rows");
  if (stored.type != static_cast<std::int64_t>(*column.physical) ||
      stored.path_in_schema != std::vector{column.name()})
    return wrong("is another column in a row group than in the schema");
  if (stored.num_values != rows)
    return wrong("has ", std::to_string(stored.num_values), " values in a row group of ",
                 std::to_string(rows), " rows");
  return check_codec(stored.codec);
}

class Copy {
 public:
  Copy(const OpenedFile& file, const Footer& footer, const FitColumns& columns, File memory)
      : file_(file), footer_(footer), columns_(columns) {
    copy_.file = std::move(memory);
    for (auto& nulls : copy_.nulls) nulls = 0;
  }

  Result<ParquetCopy> run(const std::function<bool()>& goes_on) {
    RINGSIDE_TRY(copy_.rows, count_rows(footer_));
    RINGSIDE_CHECK(write(kMagic.data(), kMagic.size()));
    for (const parquet::RowGroup& group : footer_.row_groups) {
      if (group.num_rows == 0) continue;
      if (!goes_on()) return fail(Errc::system, "the reading was stopped");
      RINGSIDE_CHECK(copy_group(group));
    }
    RINGSIDE_CHECK(check_extents());
    RINGSIDE_CHECK(write_footer());
    return std::move(copy_);
  }

 private:
  Result<void> copy_group(const parquet::RowGroup& group) {
    if (group.columns.size() != footer_.leaves)
      return fail(Errc::corrupt, "a row group has ", std::to_string(group.columns.size()),
                  " columns, and its schema ", std::to_string(footer_.leaves));
    parquet::RowGroup copied;
    copied.num_rows = group.num_rows;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const parquet::ColumnChunk& chunk = group.columns[columns_.found[i].stored.leaf];
      auto done = copy_chunk(i, chunk, group.num_rows);
      if (!done && done.error().code != Errc::corrupt) return tl::unexpected<Error>(done.error());
      if (!done) return fail(Errc::corrupt, kColumns[i].name, " ", done.error().message);
      copied.total_byte_size += done->meta_data.total_uncompressed_size;
      copied.columns.push_back(std::move(*done));
    }
    groups_.push_back(std::move(copied));
    return {};
  }

  /// Its failures are Errc::corrupt without the column's name if the column is corrupt.
  Result<parquet::ColumnChunk> copy_chunk(std::size_t i, const parquet::ColumnChunk& chunk,
                                          std::int64_t rows) {
    const FooterColumn& column = columns_.found[i].stored;
    RINGSIDE_CHECK(check_chunk(chunk, column, rows));
    const auto extent = extent_of(chunk.meta_data);
    if (!extent)
      return fail(Errc::corrupt, "has pages that would stand outside of the file's data");
    buffer_.resize(static_cast<std::size_t>(extent->bytes));
    RINGSIDE_CHECK(file_.read(extent->at, buffer_));
    RINGSIDE_TRY(auto pages, check_pages(buffer_, column, chunk.meta_data.codec,
                                         static_cast<std::uint64_t>(rows)));
    extents_.push_back({extent->at, pages.read_bytes, kColumns[i].name});
    RINGSIDE_CHECK(note_pages(i, pages));
    const auto at = static_cast<std::int64_t>(at_);
    for (const Bytes kept : pages.kept) RINGSIDE_CHECK(write(kept.data(), kept.size()));
    parquet::ColumnMetaData copied;
    copied.encodings = {0};  // each page says how it is coded
    copied.path_in_schema = {kColumns[i].name};
    copied.codec = chunk.meta_data.codec;
    copied.num_values = rows;
    copied.total_uncompressed_size = static_cast<std::int64_t>(pages.uncompressed_bytes);
    copied.total_compressed_size = static_cast<std::int64_t>(at_) - at;
    copied.data_page_offset = at + static_cast<std::int64_t>(pages.dictionary_bytes);
    if (pages.dictionary_bytes > 0) copied.__set_dictionary_page_offset(at);
    parquet::ColumnChunk result;
    result.file_offset = at;
    result.__set_meta_data(copied);
    return result;
  }

  std::optional<Extent> extent_of(const parquet::ColumnMetaData& chunk) const {
    // Some writers put a zero where they have no dictionary.
    const bool has_dictionary =
        chunk.dictionary_page_offset > 0 && chunk.dictionary_page_offset < chunk.data_page_offset;
    const std::int64_t at = has_dictionary ? chunk.dictionary_page_offset : chunk.data_page_offset;
    const std::int64_t bytes = chunk.total_compressed_size;
    const auto end = static_cast<std::int64_t>(footer_.begins_at);
    if (at < static_cast<std::int64_t>(kMagic.size()) || at > end || bytes < 0 || bytes > end - at)
      return {};
    return Extent{static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(bytes), ""};
  }

  Result<void> note_pages(std::size_t i, const CheckedPages& pages) {
    auto& nulls = copy_.nulls[i];
    if (pages.nulls && nulls)
      *nulls += *pages.nulls;
    else
      nulls.reset();
    splits_[i] |= pages.has_split_integers;
    deltas_[i] |= pages.has_delta_integers;
    if (splits_[i] && deltas_[i])
      return fail(Errc::corrupt,
                  "is coded as BYTE_STREAM_SPLIT here and DELTA_BINARY_PACKED there, which cannot "
                  "be read; write it as PLAIN or with a dictionary");
    return {};
  }

  /// Two columns of the same bytes: one of them would be shown as the other.
  Result<void> check_extents() {
    std::ranges::sort(extents_, {}, &Extent::at);
    for (std::size_t i = 1; i < extents_.size(); ++i) {
      const Extent& one = extents_[i - 1];
      if (extents_[i].at < one.at + one.bytes)
        return fail(Errc::corrupt, "its footer says that ", one.column, " and ", extents_[i].column,
                    " stand in the same bytes");
    }
    return {};
  }

  Result<void> write(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t wrote = ::pwrite(copy_.file.descriptor(), bytes, size, static_cast<off_t>(at_));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return fail_errno(errno, "there is no memory for its pages");
      bytes += wrote;
      size -= static_cast<std::size_t>(wrote);
      at_ += static_cast<std::uint64_t>(wrote);
    }
    return {};
  }

  /// DuckDB knows BYTE_STREAM_SPLIT of floats only, and of those it moves the bits alone.
  Physical stored_as(std::size_t i) const {
    const Physical physical = *columns_.found[i].stored.physical;
    if (!splits_[i]) return physical;
    return physical == Physical::int32 ? Physical::float32 : Physical::float64;
  }

  Result<void> write_footer() {
    parquet::FileMetaData footer;
    footer.version = 1;
    footer.num_rows = static_cast<std::int64_t>(copy_.rows);
    footer.schema.resize(1);
    footer.schema[0].name = "fit";
    footer.schema[0].__set_num_children(kColumns.size());
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const FooterColumn& column = columns_.found[i].stored;
      parquet::SchemaElement& element = footer.schema.emplace_back();
      element.name = kColumns[i].name;
      element.__set_type(static_cast<std::int64_t>(stored_as(i)));
      element.__set_repetition_type(static_cast<std::int64_t>(column.repetition));
      if (column.physical == Physical::fixed) element.__set_type_length(column.element.type_length);
      for (parquet::RowGroup& group : groups_) group.columns[i].meta_data.type = element.type;
    }
    footer.row_groups = std::move(groups_);
    const std::string bytes = write_thrift(footer);
    const auto length = static_cast<std::uint32_t>(bytes.size());
    RINGSIDE_CHECK(write(bytes.data(), length));
    RINGSIDE_CHECK(write(&length, sizeof length));
    return write(kMagic.data(), kMagic.size());
  }

  const OpenedFile& file_;
  const Footer& footer_;
  const FitColumns& columns_;
  ParquetCopy copy_;
  std::uint64_t at_ = 0;
  std::vector<parquet::RowGroup> groups_;
  std::vector<Extent> extents_;
  std::vector<std::byte> buffer_;
  std::array<bool, kColumns.size()> splits_{};
  std::array<bool, kColumns.size()> deltas_{};
};

}  // namespace

std::string ParquetCopy::path() const {
  return "/proc/self/fd/" + std::to_string(file.descriptor());
}

Result<ParquetCopy> copy_columns(const OpenedFile& file, const Footer& footer,
                                 const FitColumns& columns, const std::function<bool()>& goes_on) {
  RINGSIDE_TRY(auto memory, File::create_in_memory(0));
  return Copy(file, footer, columns, std::move(memory)).run(goes_on);
}

}  // namespace ringside::feed
