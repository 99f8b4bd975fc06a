#include "producer_shim/feed/parquet_footer.hpp"

#include <array>
#include <cstring>

#include "producer_shim/feed/opened_file.hpp"
#include "producer_shim/feed/thrift.hpp"

namespace ringside::feed {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr std::size_t kTail = 8;  // the footer's length and the magic
constexpr const char* kDamaged = "its footer is damaged; write the file again";

bool is_leaf(const parquet::SchemaElement& element) {
  return element.__isset.type && element.type >= 0 && element.num_children <= 0;
}

/// The schema is a tree, written down parents first: takes what stands at its top.
bool take_columns(std::vector<parquet::SchemaElement>& elements, Footer& footer) {
  if (elements.empty()) return false;
  std::size_t next = 1;
  for (std::int64_t i = 0; i < elements[0].num_children; ++i) {
    if (next == elements.size()) return false;
    FooterColumn column;
    column.element = std::move(elements[next++]);
    column.leaf = footer.leaves;
    const parquet::SchemaElement& top = column.element;
    if (top.repetition_type < 0 || top.repetition_type > 2 || top.type > 7) return false;
    column.repetition = static_cast<Repetition>(top.repetition_type);
    if (is_leaf(top)) {
      column.physical = static_cast<Physical>(top.type);
      ++footer.leaves;
    }
    // What is below a group is counted only, since row groups have a chunk of each leaf.
    for (std::int64_t below = top.num_children; below > 0; --below) {
      if (next == elements.size()) return false;
      const parquet::SchemaElement& element = elements[next++];
      if (element.num_children < 0 ||
          static_cast<std::size_t>(element.num_children) > elements.size())
        return false;
      below += element.num_children;
      if (is_leaf(element)) ++footer.leaves;
    }
    footer.columns.push_back(std::move(column));
  }
  return next == elements.size();
}

Result<Footer> parse(Bytes bytes) {
  parquet::FileMetaData file;
  Footer footer;
  if (!read_thrift(bytes, file) || !take_columns(file.schema, footer))
    return fail(Errc::corrupt, kDamaged);
  footer.rows = file.num_rows;
  footer.row_groups = std::move(file.row_groups);
  return footer;
}

}  // namespace

Result<Footer> read_footer(const OpenedFile& file) {
  const std::uint64_t size = file.state().bytes;
  constexpr const char* kNone = "it is not a complete Parquet file: it does not ";
  if (size < kMagic.size() + kTail) return fail(Errc::corrupt, kNone, "begin and end with PAR1");
  std::array<std::byte, kTail> tail{};
  RINGSIDE_CHECK(file.read(size - kTail, tail));
  const std::string_view magic(reinterpret_cast<const char*>(tail.data()) + 4, 4);
  if (magic == kEncryptedMagic)
    return fail(Errc::corrupt, "its footer is encrypted; write the file without encryption");
  if (magic != kMagic) return fail(Errc::corrupt, kNone, "end with PAR1");
  std::array<std::byte, kMagic.size()> head{};
  RINGSIDE_CHECK(file.read(0, head));
  if (std::memcmp(head.data(), kMagic.data(), head.size()) != 0)
    return fail(Errc::corrupt, kNone, "begin with PAR1");
  std::uint32_t length = 0;
  std::memcpy(&length, tail.data(), sizeof length);
  if (length > size - kTail - kMagic.size()) return fail(Errc::corrupt, kDamaged);
  std::vector<std::byte> bytes(length);
  RINGSIDE_CHECK(file.read(size - kTail - length, bytes));
  auto footer = parse(bytes);
  if (footer) footer->begins_at = size - kTail - length;
  return footer;
}

}  // namespace ringside::feed
