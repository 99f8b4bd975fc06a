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

/// One column of one row group, where it stands in the copy.
struct CopiedChunk {
  std::int64_t codec;
  std::uint64_t at;
  std::uint64_t bytes;
  std::uint64_t dictionary_bytes;
  std::uint64_t uncompressed_bytes;
};

struct CopiedRowGroup {
  std::uint64_t rows;
  std::vector<CopiedChunk> chunks;
};

/// Bytes of the file that are a column's alone.
struct Extent {
  std::uint64_t at;
  std::uint64_t bytes;
  const char* column;
};

Result<std::uint64_t> count_rows(const Footer& footer) {
  std::uint64_t rows = 0;
  for (const RowGroup& group : footer.row_groups) {
    if (group.rows < 0 || static_cast<std::uint64_t>(group.rows) > kMaxRows)
      return fail(Errc::corrupt, "its footer says that a row group has ",
                  std::to_string(group.rows), " rows");
    rows += static_cast<std::uint64_t>(group.rows);
    if (rows > kMaxRows)
      return fail(Errc::too_large, "it has more than ", std::to_string(kMaxRows), " rows");
  }
  if (footer.rows < 0 || static_cast<std::uint64_t>(footer.rows) != rows)
    return fail(Errc::corrupt, "its footer says ", std::to_string(footer.rows),
                " rows, and its row groups have ", std::to_string(rows));
  if (rows == 0) return fail(Errc::corrupt, "it has no rows");
  return rows;
}

Result<void> check_chunk(const ColumnChunk& chunk, const FooterColumn& column, std::int64_t rows) {
  const auto wrong = [](const auto&... what) { return fail(Errc::corrupt, what...); };
  if (chunk.is_encrypted) return wrong("is encrypted; write it without encryption");
  if (chunk.is_elsewhere) return wrong("stands in another file; write them as one");
  if (!chunk.has_pages)
    return wrong("has no pages in a row group of ", std::to_string(rows), " rows");
  if (chunk.physical != static_cast<std::int64_t>(*column.physical) ||
      chunk.path != std::vector{column.name})
    return wrong("is another column in a row group than in the schema");
  if (chunk.values != rows)
    return wrong("has ", std::to_string(chunk.values), " values in a row group of ",
                 std::to_string(rows), " rows");
  return check_codec(chunk.codec);
}

class Copy {
 public:
  Copy(const OpenedFile& file, const Footer& footer, const FitColumns& columns, File memory)
      : file_(file), footer_(footer), columns_(columns) {
    copy_.file = std::move(memory);
    for (auto& nulls : copy_.nulls) nulls = 0;
  }

  Result<ParquetCopy> run(const std::function<bool()>& goes_on) {
    const auto rows = count_rows(footer_);
    if (!rows) return tl::unexpected<Error>(rows.error());
    copy_.rows = *rows;
    if (auto done = write(kMagic.data(), kMagic.size()); !done) return pass(done);
    for (const RowGroup& group : footer_.row_groups) {
      if (group.rows == 0) continue;
      if (!goes_on()) return fail(Errc::system, "the reading was stopped");
      if (auto done = copy_group(group); !done) return pass(done);
    }
    if (auto done = check_extents(); !done) return pass(done);
    if (auto done = write_footer(); !done) return pass(done);
    return std::move(copy_);
  }

 private:
  static tl::unexpected<Error> pass(const Result<void>& failure) {
    return tl::unexpected<Error>(failure.error());
  }

  Result<void> copy_group(const RowGroup& group) {
    if (group.chunks.size() != footer_.leaves)
      return fail(Errc::corrupt, "a row group has ", std::to_string(group.chunks.size()),
                  " columns, and its schema ", std::to_string(footer_.leaves));
    CopiedRowGroup copied{.rows = static_cast<std::uint64_t>(group.rows), .chunks = {}};
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const ColumnChunk& chunk = group.chunks[columns_.found[i].stored.leaf];
      auto done = copy_chunk(i, chunk, group.rows);
      if (!done && done.error().code != Errc::corrupt) return tl::unexpected<Error>(done.error());
      if (!done) return fail(Errc::corrupt, kColumns[i].name, " ", done.error().message);
      copied.chunks.push_back(*done);
    }
    groups_.push_back(std::move(copied));
    return {};
  }

  /// Its failures are Errc::corrupt without the column's name if the column is corrupt.
  Result<CopiedChunk> copy_chunk(std::size_t i, const ColumnChunk& chunk, std::int64_t rows) {
    const FooterColumn& column = columns_.found[i].stored;
    RINGSIDE_CHECK(check_chunk(chunk, column, rows));
    const auto extent = extent_of(chunk);
    if (!extent)
      return fail(Errc::corrupt, "has pages that would stand outside of the file's data");
    buffer_.resize(static_cast<std::size_t>(extent->bytes));
    RINGSIDE_CHECK(file_.read(extent->at, buffer_));
    RINGSIDE_TRY(auto pages,
                 check_pages(buffer_, column, chunk.codec, static_cast<std::uint64_t>(rows)));
    extents_.push_back({extent->at, pages.read_bytes, kColumns[i].name});
    RINGSIDE_CHECK(note_pages(i, pages));
    const std::uint64_t at = at_;
    for (const Bytes kept : pages.kept) RINGSIDE_CHECK(write(kept.data(), kept.size()));
    return CopiedChunk{.codec = chunk.codec,
                       .at = at,
                       .bytes = at_ - at,
                       .dictionary_bytes = pages.dictionary_bytes,
                       .uncompressed_bytes = pages.uncompressed_bytes};
  }

  std::optional<Extent> extent_of(const ColumnChunk& chunk) const {
    // Some writers put a zero where they have no dictionary.
    const bool has_dictionary = chunk.dictionary_at > 0 && chunk.dictionary_at < chunk.data_at;
    const std::int64_t at = has_dictionary ? chunk.dictionary_at : chunk.data_at;
    const auto end = static_cast<std::int64_t>(footer_.begins_at);
    if (at < static_cast<std::int64_t>(kMagic.size()) || at > end || chunk.bytes < 0 ||
        chunk.bytes > end - at)
      return {};
    return Extent{static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(chunk.bytes), ""};
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
    ThriftWriter writer;
    writer.i32(1, 1);
    writer.list(2, ThriftType::structure, kColumns.size() + 1);
    writer.begin();
    writer.binary(4, "fit");
    writer.i32(5, static_cast<std::int32_t>(kColumns.size()));
    writer.end();
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const FooterColumn& column = columns_.found[i].stored;
      writer.begin();
      writer.i32(1, static_cast<std::int32_t>(stored_as(i)));
      if (column.physical == Physical::fixed)
        writer.i32(2, static_cast<std::int32_t>(column.fixed_bytes));
      writer.i32(3, static_cast<std::int32_t>(column.repetition));
      writer.binary(4, kColumns[i].name);
      writer.end();
    }
    writer.i64(3, static_cast<std::int64_t>(copy_.rows));
    writer.list(4, ThriftType::structure, groups_.size());
    for (const CopiedRowGroup& group : groups_) write_group(writer, group);
    writer.end();
    const auto length = static_cast<std::uint32_t>(writer.bytes().size());
    RINGSIDE_CHECK(write(writer.bytes().data(), length));
    RINGSIDE_CHECK(write(&length, sizeof length));
    return write(kMagic.data(), kMagic.size());
  }

  void write_group(ThriftWriter& writer, const CopiedRowGroup& group) const {
    writer.begin();
    writer.list(1, ThriftType::structure, group.chunks.size());
    std::uint64_t uncompressed = 0;
    for (std::size_t i = 0; i < group.chunks.size(); ++i) {
      const CopiedChunk& chunk = group.chunks[i];
      const auto at = static_cast<std::int64_t>(chunk.at);
      uncompressed += chunk.uncompressed_bytes;
      writer.begin();
      writer.i64(2, at);
      writer.begin(3);
      writer.i32(1, static_cast<std::int32_t>(stored_as(i)));
      writer.list(2, ThriftType::i32, 1);
      writer.element(0);  // each page says how it is coded
      writer.list(3, ThriftType::binary, 1);
      writer.element(std::string_view(kColumns[i].name));
      writer.i32(4, static_cast<std::int32_t>(chunk.codec));
      writer.i64(5, static_cast<std::int64_t>(group.rows));
      writer.i64(6, static_cast<std::int64_t>(chunk.uncompressed_bytes));
      writer.i64(7, static_cast<std::int64_t>(chunk.bytes));
      writer.i64(9, at + static_cast<std::int64_t>(chunk.dictionary_bytes));
      if (chunk.dictionary_bytes > 0) writer.i64(11, at);
      writer.end();
      writer.end();
    }
    writer.i64(2, static_cast<std::int64_t>(uncompressed));
    writer.i64(3, static_cast<std::int64_t>(group.rows));
    writer.end();
  }

  const OpenedFile& file_;
  const Footer& footer_;
  const FitColumns& columns_;
  ParquetCopy copy_;
  std::uint64_t at_ = 0;
  std::vector<CopiedRowGroup> groups_;
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
