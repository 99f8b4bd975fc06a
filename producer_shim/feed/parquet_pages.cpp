#include "producer_shim/feed/parquet_pages.hpp"

#include <array>

#include <zlib.h>

#include "producer_shim/feed/parquet_meaning.hpp"
#include "producer_shim/feed/thrift.hpp"

namespace ringside::feed {
namespace {

enum PageType : std::int64_t { kData = 0, kIndex = 1, kDictionary = 2, kDataV2 = 3 };

enum Encoding : std::int64_t {
  kPlain = 0,
  kPlainDictionary = 2,
  kRle = 3,
  kDelta = 5,
  kDeltaLength = 6,
  kDeltaBytes = 7,
  kDictionaryIndices = 8,
  kSplit = 9,
};

constexpr std::array<const char*, 10> kEncodings{
    "PLAIN",          "GROUP_VAR_INT",       "PLAIN_DICTIONARY",        "RLE",
    "BIT_PACKED",     "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY",
    "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"};
constexpr std::array<const char*, 8> kCodecs{"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO",
                                             "BROTLI",       "LZ4",    "ZSTD", "LZ4_RAW"};
constexpr std::int64_t kUncompressed = 0;
constexpr std::int64_t kGzip = 2;
constexpr std::int64_t kLzo = 3;
constexpr std::int64_t kHadoopLz4 = 5;
/// Larger than any writer makes a page, and small enough to have room for.
constexpr std::int64_t kMaxPageBytes = 1 << 30;

bool is_integer(Physical physical) {
  return physical == Physical::int32 || physical == Physical::int64;
}

bool can_be_coded(Physical physical, std::int64_t encoding) {
  switch (encoding) {
    case kPlain:
      return true;
    case kPlainDictionary:
    case kDictionaryIndices:
      return physical != Physical::boolean;
    case kRle:
      return physical == Physical::boolean;
    case kDelta:
      return is_integer(physical);
    case kDeltaLength:
    case kDeltaBytes:
      return physical == Physical::bytes;
    case kSplit:
      return is_integer(physical) || physical == Physical::float32 || physical == Physical::float64;
    default:
      return false;
  }
}

std::string encoding_name(std::int64_t encoding) {
  if (encoding >= 0 && encoding < static_cast<std::int64_t>(kEncodings.size()))
    return kEncodings[static_cast<std::size_t>(encoding)];
  return "encoding " + std::to_string(encoding);
}

/// How many bytes the members of a gzip file hold; none if they are damaged.
std::optional<std::uint64_t> gzip_length(Bytes packed) {
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipWindow) != Z_OK) return {};
  // zlib's interface predates const; it does not write.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::array<Bytef, 32768> room{};
  std::uint64_t length = 0;
  int outcome = Z_OK;
  while (outcome == Z_OK || (outcome == Z_STREAM_END && stream.avail_in > 0)) {
    if (outcome == Z_STREAM_END) ::inflateReset(&stream);
    stream.next_out = room.data();
    stream.avail_out = room.size();
    outcome = ::inflate(&stream, Z_NO_FLUSH);
    length += room.size() - stream.avail_out;
  }
  ::inflateEnd(&stream);
  return outcome == Z_STREAM_END ? std::optional(length) : std::nullopt;
}

class PageCheck {
 public:
  PageCheck(Bytes chunk, const FooterColumn& column, std::int64_t codec, std::uint64_t rows)
      : rest_(chunk), column_(column), codec_(codec), rows_(rows) {
    pages_.nulls = 0;
  }

  Result<CheckedPages> run() {
    while (values_ < rows_) {
      if (rest_.empty())
        return fail(Errc::corrupt, "ends after ", std::to_string(values_), " of ",
                    std::to_string(rows_), " values");
      parquet::PageHeader header;
      const auto header_bytes = read_thrift(rest_, header);
      if (!header_bytes) return damaged("a header that cannot be read");
      RINGSIDE_CHECK(take(header, *header_bytes));
    }
    return std::move(pages_);
  }

 private:
  static tl::unexpected<Error> damaged(const std::string& what) {
    return fail(Errc::corrupt, "has a page with ", what);
  }

  Result<void> take(const parquet::PageHeader& header, std::size_t header_bytes) {
    const Bytes content = rest_.subspan(header_bytes);
    if (header.compressed_page_size < 0 ||
        static_cast<std::size_t>(header.compressed_page_size) > content.size() ||
        header.uncompressed_page_size < 0 || header.uncompressed_page_size > kMaxPageBytes ||
        (codec_ == kUncompressed && header.compressed_page_size != header.uncompressed_page_size))
      return damaged("a size that cannot be");
    const auto bytes = static_cast<std::size_t>(header.compressed_page_size);
    if (header.__isset.crc &&
        static_cast<std::uint32_t>(header.crc) != checksum(content.first(bytes)))
      return damaged("a wrong checksum: it is damaged");
    const Bytes whole = rest_.first(header_bytes + bytes);
    rest_ = rest_.subspan(whole.size());
    pages_.read_bytes += whole.size();
    if (header.type == kIndex) return {};
    const auto& has = header.__isset;
    if ((header.type == kData && !has.data_page_header) ||
        (header.type == kDataV2 && !has.data_page_header_v2) ||
        (header.type == kDictionary && !has.dictionary_page_header))
      return damaged("a header that cannot be read");
    Result<void> fine = header.type == kDictionary ? take_dictionary(header)
                        : header.type == kData || header.type == kDataV2
                            ? take_data(header)
                            : damaged("an unknown type");
    if (!fine) return fine;
    if (codec_ == kGzip && !is_gzip_right(header, content.first(bytes)))
      return damaged("other bytes than it says");
    keep(whole);
    pages_.uncompressed_bytes +=
        header_bytes + static_cast<std::uint64_t>(header.uncompressed_page_size);
    if (header.type == kDictionary) pages_.dictionary_bytes = whole.size();
    return {};
  }

  /// Those that follow each other are one.
  void keep(Bytes whole) {
    if (!pages_.kept.empty() && std::to_address(pages_.kept.back().end()) == whole.data())
      pages_.kept.back() = {pages_.kept.back().data(), pages_.kept.back().size() + whole.size()};
    else
      pages_.kept.push_back(whole);
  }

  /// Where it unpacks to less than it says, DuckDB leaves what was in its memory.
  static bool is_gzip_right(const parquet::PageHeader& header, Bytes content) {
    const parquet::DataPageHeaderV2& v2 = header.data_page_header_v2;
    const bool is_v2 = header.type == kDataV2;
    const std::int64_t levels = is_v2 ? v2.definition_levels_byte_length : 0;
    const std::int64_t packs = header.uncompressed_page_size - levels;
    if ((is_v2 && !v2.is_compressed) || packs == 0) return true;
    const auto length = gzip_length(content.subspan(static_cast<std::size_t>(levels)));
    return length && static_cast<std::int64_t>(*length) == packs;
  }

  Result<void> take_dictionary(const parquet::PageHeader& header) const {
    const parquet::DictionaryPageHeader& dictionary = header.dictionary_page_header;
    if (!pages_.kept.empty()) return damaged("a dictionary that does not come first");
    if (dictionary.encoding != kPlain && dictionary.encoding != kPlainDictionary)
      return not_supported("a dictionary in " + encoding_name(dictionary.encoding));
    // An entry takes a byte at least, but for those of FIXED_LEN_BYTE_ARRAY(0).
    if (dictionary.num_values < 0 || dictionary.num_values > header.uncompressed_page_size)
      return damaged("a number of values that cannot be");
    return {};
  }

  Result<void> take_data(const parquet::PageHeader& header) {
    const parquet::DataPageHeader& v1 = header.data_page_header;
    const parquet::DataPageHeaderV2& v2 = header.data_page_header_v2;
    const bool is_v2 = header.type == kDataV2;
    const std::int64_t values = is_v2 ? v2.num_values : v1.num_values;
    const std::int64_t encoding = is_v2 ? v2.encoding : v1.encoding;
    if (values < 0 || static_cast<std::uint64_t>(values) > rows_ - values_)
      return fail(Errc::corrupt, "has more values than the ", std::to_string(rows_),
                  " that the footer says");
    if (!can_be_coded(*column_.physical, encoding))
      return not_supported(encoding_name(encoding) + " of " + name_of(*column_.physical));
    const bool is_indices = encoding == kPlainDictionary || encoding == kDictionaryIndices;
    if (is_indices && pages_.dictionary_bytes == 0)
      return damaged("indices into a dictionary that is not there");
    if (is_v2) {
      RINGSIDE_CHECK(check_levels(v2, header.compressed_page_size));
      if (pages_.nulls) *pages_.nulls += static_cast<std::uint64_t>(v2.num_nulls);
    } else {
      if (column_.repetition == Repetition::optional && v1.definition_level_encoding != kRle)
        return not_supported("levels in " + encoding_name(v1.definition_level_encoding));
      pages_.nulls.reset();
    }
    if (is_integer(*column_.physical)) {
      pages_.has_split_integers |= encoding == kSplit;
      pages_.has_delta_integers |= encoding == kDelta;
    }
    values_ += static_cast<std::uint64_t>(values);
    return {};
  }

  Result<void> check_levels(const parquet::DataPageHeaderV2& page, std::int64_t page_bytes) const {
    const bool is_required = column_.repetition == Repetition::required;
    if (page.num_rows != page.num_values || page.num_nulls < 0 ||
        page.num_nulls > page.num_values || (is_required && page.num_nulls != 0))
      return damaged("a number of values that cannot be");
    const std::int64_t levels = page.definition_levels_byte_length;
    if (page.repetition_levels_byte_length != 0 || levels < 0 || levels > page_bytes ||
        (is_required && levels != 0))
      return damaged("a size that cannot be");
    return {};
  }

  static std::uint32_t checksum(Bytes bytes) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  }

  static tl::unexpected<Error> not_supported(const std::string& what) {
    return fail(Errc::corrupt, "is coded as ", what,
                ", which cannot be read; write it as PLAIN or with a dictionary");
  }

  Bytes rest_;
  const FooterColumn& column_;
  std::int64_t codec_;
  std::uint64_t rows_;
  std::uint64_t values_ = 0;
  CheckedPages pages_;
};

}  // namespace

Result<CheckedPages> check_pages(Bytes chunk, const FooterColumn& column, std::int64_t codec,
                                 std::uint64_t rows) {
  return PageCheck(chunk, column, codec, rows).run();
}

Result<void> check_codec(std::int64_t codec) {
  const bool is_known = codec >= 0 && codec < static_cast<std::int64_t>(kCodecs.size());
  if (is_known && codec != kLzo && codec != kHadoopLz4) return {};
  return fail(
      Errc::corrupt, "is packed with ",
      is_known ? kCodecs[static_cast<std::size_t>(codec)] : "codec " + std::to_string(codec),
      ", which cannot be read; write it with ZSTD, SNAPPY or GZIP");
}

}  // namespace ringside::feed
