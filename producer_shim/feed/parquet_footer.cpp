#include "producer_shim/feed/parquet_footer.hpp"

#include <array>
#include <cstring>

#include "producer_shim/feed/opened_file.hpp"
#include "producer_shim/feed/thrift.hpp"

namespace ringside::feed {
namespace {

using Field = ThriftReader::Field;

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr std::size_t kTail = 8;  // the footer's length and the magic
constexpr const char* kDamaged = "its footer is damaged; write the file again";

struct SchemaElement {
  FooterColumn column;
  std::int64_t physical = -1;
  std::int64_t repetition = 0;
  std::int64_t children = 0;
};

void read_logical(ThriftReader& reader, Field field, FooterColumn& column) {
  reader.structure(field, [&](Field kind) {
    column.logical = kind.id;
    constexpr int kDecimal = 5;
    constexpr int kInteger = 10;
    reader.structure(kind, [&](Field detail) {
      if (kind.id == kDecimal && detail.id == 1)
        column.scale = reader.integer(detail);
      else if (kind.id == kDecimal && detail.id == 2)
        column.precision = reader.integer(detail);
      else if (kind.id == kInteger && detail.id == 1)
        column.bits = reader.integer(detail);
      else if (kind.id == kInteger && detail.id == 2)
        column.is_signed = reader.boolean(detail);
      else
        reader.skip(detail);
    });
  });
}

SchemaElement read_element(ThriftReader& reader) {
  SchemaElement element;
  FooterColumn& column = element.column;
  reader.structure([&](Field field) {
    switch (field.id) {
      case 1:
        element.physical = reader.integer(field);
        break;
      case 2:
        column.fixed_bytes = reader.integer(field);
        break;
      case 3:
        element.repetition = reader.integer(field);
        break;
      case 4:
        column.name = reader.binary(field);
        break;
      case 5:
        element.children = reader.integer(field);
        break;
      case 6:
        column.converted = reader.integer(field);
        break;
      case 7:
        column.old_scale = reader.integer(field);
        break;
      case 8:
        column.old_precision = reader.integer(field);
        break;
      case 10:
        read_logical(reader, field, column);
        break;
      default:
        reader.skip(field);
    }
  });
  return element;
}

void read_chunk_pages(ThriftReader& reader, Field field, ColumnChunk& chunk) {
  chunk.has_pages = true;
  reader.structure(field, [&](Field part) {
    switch (part.id) {
      case 1:
        chunk.physical = reader.integer(part);
        break;
      case 3:
        reader.list(part, ThriftType::binary, [&] { chunk.path.emplace_back(reader.binary()); });
        break;
      case 4:
        chunk.codec = reader.integer(part);
        break;
      case 5:
        chunk.values = reader.integer(part);
        break;
      case 7:
        chunk.bytes = reader.integer(part);
        break;
      case 9:
        chunk.data_at = reader.integer(part);
        break;
      case 11:
        chunk.dictionary_at = reader.integer(part);
        break;
      default:
        reader.skip(part);
    }
  });
}

ColumnChunk read_chunk(ThriftReader& reader) {
  ColumnChunk chunk;
  reader.structure([&](Field field) {
    switch (field.id) {
      case 1:
        reader.skip(field);
        chunk.is_elsewhere = true;
        break;
      case 3:
        read_chunk_pages(reader, field, chunk);
        break;
      case 8:
      case 9:
        reader.skip(field);
        chunk.is_encrypted = true;
        break;
      default:
        reader.skip(field);
    }
  });
  return chunk;
}

RowGroup read_row_group(ThriftReader& reader) {
  RowGroup group;
  reader.structure([&](Field field) {
    if (field.id == 1)
      reader.list(field, ThriftType::structure,
                  [&] { group.chunks.push_back(read_chunk(reader)); });
    else if (field.id == 3)
      group.rows = reader.integer(field);
    else
      reader.skip(field);
  });
  return group;
}

/// The schema is a tree, written down parents first: takes what stands at its top.
bool take_columns(std::vector<SchemaElement>& elements, Footer& footer) {
  if (elements.empty()) return false;
  std::size_t next = 1;
  for (std::int64_t i = 0; i < elements[0].children; ++i) {
    if (next == elements.size()) return false;
    SchemaElement& top = elements[next++];
    FooterColumn column = std::move(top.column);
    if (top.repetition < 0 || top.repetition > 2 || top.physical > 7) return false;
    column.repetition = static_cast<Repetition>(top.repetition);
    column.leaf = footer.leaves;
    if (top.physical >= 0 && top.children <= 0) {
      column.physical = static_cast<Physical>(top.physical);
      ++footer.leaves;
    }
    // What is below a group is counted only, since row groups have a chunk of each leaf.
    for (std::int64_t below = top.children; below > 0; --below) {
      if (next == elements.size()) return false;
      const SchemaElement& element = elements[next++];
      if (element.children < 0 || element.children > static_cast<std::int64_t>(elements.size()))
        return false;
      below += element.children;
      if (element.physical >= 0 && element.children == 0) ++footer.leaves;
    }
    footer.columns.push_back(std::move(column));
  }
  return next == elements.size();
}

Result<Footer> parse(Bytes bytes) {
  Footer footer;
  std::vector<SchemaElement> elements;
  ThriftReader reader(bytes);
  reader.structure([&](Field field) {
    switch (field.id) {
      case 2:
        reader.list(field, ThriftType::structure,
                    [&] { elements.push_back(read_element(reader)); });
        break;
      case 3:
        footer.rows = reader.integer(field);
        break;
      case 4:
        reader.list(field, ThriftType::structure,
                    [&] { footer.row_groups.push_back(read_row_group(reader)); });
        break;
      default:
        reader.skip(field);
    }
  });
  if (!reader.good() || !take_columns(elements, footer)) return fail(Errc::corrupt, kDamaged);
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
