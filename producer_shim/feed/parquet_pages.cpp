#include "producer_shim/feed/parquet_pages.hpp"

#include <array>

#include <zlib.h>

#include "producer_shim/feed/parquet_meaning.hpp"
#include "producer_shim/feed/thrift.hpp"

namespace ringside::feed {
namespace {

using Field = ThriftReader::Field;

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

struct PageHeader {
  std::int64_t type = -1;
  std::int64_t uncompressed = -1;
  std::int64_t compressed = -1;
  std::optional<std::uint32_t> crc;
  std::int64_t values = -1;
  std::int64_t encoding = -1;
  std::int64_t levels_encoding = kRle;
  std::int64_t nulls = -1;
  std::int64_t rows = -1;
  std::int64_t definition_bytes = -1;
  std::int64_t repetition_bytes = -1;
  bool is_packed = true;
};

/// Reads what `members` name by their ids; the rest is skipped.
void read_members(ThriftReader& reader, Field field,
                  std::initializer_list<std::pair<int, std::int64_t*>> members,
                  bool* is_packed = nullptr) {
  constexpr int kIsPacked = 7;
  reader.structure(field, [&](Field part) {
    if (is_packed != nullptr && part.id == kIsPacked) {
      *is_packed = reader.boolean(part);
      return;
    }
    for (const auto& [id, to] : members) {
      if (part.id != id) continue;
      *to = reader.integer(part);
      return;
    }
    reader.skip(part);
  });
}

PageHeader read_header(ThriftReader& reader) {
  PageHeader header;
  reader.structure([&](Field field) {
    switch (field.id) {
      case 1:
        header.type = reader.integer(field);
        break;
      case 2:
        header.uncompressed = reader.integer(field);
        break;
      case 3:
        header.compressed = reader.integer(field);
        break;
      case 4:
        header.crc = static_cast<std::uint32_t>(reader.integer(field));
        break;
      case 5:
        read_members(reader, field,
                     {{1, &header.values}, {2, &header.encoding}, {3, &header.levels_encoding}});
        break;
      case 7:
        read_members(reader, field, {{1, &header.values}, {2, &header.encoding}});
        break;
      case 8:
        read_members(reader, field,
                     {{1, &header.values},
                      {2, &header.nulls},
                      {3, &header.rows},
                      {4, &header.encoding},
                      {5, &header.definition_bytes},
                      {6, &header.repetition_bytes}},
                     &header.is_packed);
        break;
      default:
        reader.skip(field);
    }
  });
  return header;
}

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
      ThriftReader reader(rest_);
      const PageHeader header = read_header(reader);
      if (!reader.good()) return damaged("a header that cannot be read");
      RINGSIDE_CHECK(take(header, reader.at()));
    }
    return std::move(pages_);
  }

 private:
  static tl::unexpected<Error> damaged(const std::string& what) {
    return fail(Errc::corrupt, "has a page with ", what);
  }

  Result<void> take(const PageHeader& header, std::size_t header_bytes) {
    const Bytes content = rest_.subspan(header_bytes);
    if (header.compressed < 0 || static_cast<std::uint64_t>(header.compressed) > content.size() ||
        header.uncompressed < 0 || header.uncompressed > kMaxPageBytes ||
        (codec_ == kUncompressed && header.compressed != header.uncompressed))
      return damaged("a size that cannot be");
    const auto bytes = static_cast<std::size_t>(header.compressed);
    if (header.crc && *header.crc != checksum(content.first(bytes)))
      return damaged("a wrong checksum: it is damaged");
    const Bytes whole = rest_.first(header_bytes + bytes);
    rest_ = rest_.subspan(whole.size());
    pages_.read_bytes += whole.size();
    if (header.type == kIndex) return {};
    Result<void> fine = header.type == kDictionary ? take_dictionary(header)
                        : header.type == kData || header.type == kDataV2
                            ? take_data(header)
                            : damaged("an unknown type");
    if (!fine) return fine;
    if (codec_ == kGzip && !is_gzip_right(header, content.first(bytes)))
      return damaged("other bytes than it says");
    keep(whole);
    pages_.uncompressed_bytes += header_bytes + static_cast<std::uint64_t>(header.uncompressed);
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
  static bool is_gzip_right(const PageHeader& header, Bytes content) {
    const std::int64_t levels = header.type == kDataV2 ? header.definition_bytes : 0;
    if (!header.is_packed || header.uncompressed == levels) return true;
    const auto length = gzip_length(content.subspan(static_cast<std::size_t>(levels)));
    return length && static_cast<std::int64_t>(*length) == header.uncompressed - levels;
  }

  Result<void> take_dictionary(const PageHeader& header) const {
    if (!pages_.kept.empty()) return damaged("a dictionary that does not come first");
    if (header.encoding != kPlain && header.encoding != kPlainDictionary)
      return not_supported("a dictionary in " + encoding_name(header.encoding));
    // An entry takes a byte at least, but for those of FIXED_LEN_BYTE_ARRAY(0).
    if (header.values < 0 || header.values > header.uncompressed)
      return damaged("a number of values that cannot be");
    return {};
  }

  Result<void> take_data(const PageHeader& header) {
    if (header.values < 0 || static_cast<std::uint64_t>(header.values) > rows_ - values_)
      return fail(Errc::corrupt, "has more values than the ", std::to_string(rows_),
                  " that the footer says");
    if (!can_be_coded(*column_.physical, header.encoding))
      return not_supported(encoding_name(header.encoding) + " of " + name_of(*column_.physical));
    const bool is_indices =
        header.encoding == kPlainDictionary || header.encoding == kDictionaryIndices;
    if (is_indices && pages_.dictionary_bytes == 0)
      return damaged("indices into a dictionary that is not there");
    if (header.type == kDataV2) {
      RINGSIDE_CHECK(check_levels_v2(header));
      if (pages_.nulls) *pages_.nulls += static_cast<std::uint64_t>(header.nulls);
    } else {
      if (column_.repetition == Repetition::optional && header.levels_encoding != kRle)
        return not_supported("levels in " + encoding_name(header.levels_encoding));
      pages_.nulls.reset();
    }
    if (is_integer(*column_.physical)) {
      pages_.has_split_integers |= header.encoding == kSplit;
      pages_.has_delta_integers |= header.encoding == kDelta;
    }
    values_ += static_cast<std::uint64_t>(header.values);
    return {};
  }

  Result<void> check_levels_v2(const PageHeader& header) const {
    const bool is_required = column_.repetition == Repetition::required;
    if (header.rows != header.values || header.nulls < 0 || header.nulls > header.values ||
        (is_required && header.nulls != 0))
      return damaged("a number of values that cannot be");
    if (header.repetition_bytes != 0 || header.definition_bytes < 0 ||
        header.definition_bytes > header.compressed ||
        (is_required && header.definition_bytes != 0))
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
