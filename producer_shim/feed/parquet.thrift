// The part of Parquet's metadata that reading and writing a fit needs; the rest of a file's is
// passed over, right or wrong. Fields have the numbers and the names of the format's own
// parquet.thrift (https://github.com/apache/parquet-format). Enumerations are plain numbers here,
// since a file may claim any; -1 is what a file does not say.
namespace cpp ringside.feed.parquet

struct Marker {}

struct Decimal {
  1: i32 scale
  2: i32 precision
}

struct Integer {
  1: i8 bitWidth
  2: bool isSigned = true
}

// A union; one that has no field set here is of a type that came later.
struct LogicalType {
  1: optional Marker STRING
  2: optional Marker MAP
  3: optional Marker LIST
  4: optional Marker ENUM
  5: optional Decimal DECIMAL
  6: optional Marker DATE
  7: optional Marker TIME
  8: optional Marker TIMESTAMP
  9: optional Marker INTERVAL
  10: optional Integer INTEGER
  11: optional Marker UNKNOWN
  12: optional Marker JSON
  13: optional Marker BSON
  14: optional Marker UUID
  15: optional Marker FLOAT16
  16: optional Marker VARIANT
  17: optional Marker GEOMETRY
  18: optional Marker GEOGRAPHY
}

struct SchemaElement {
  1: optional i32 type
  2: optional i32 type_length
  3: optional i32 repetition_type
  4: string name
  5: optional i32 num_children
  6: optional i32 converted_type
  7: optional i32 scale
  8: optional i32 precision
  10: optional LogicalType logicalType
}

struct ColumnMetaData {
  1: i32 type = -1
  2: list<i32> encodings
  3: list<string> path_in_schema
  4: i32 codec = -1
  5: i64 num_values = -1
  6: i64 total_uncompressed_size
  7: i64 total_compressed_size = -1
  9: i64 data_page_offset = -1
  11: optional i64 dictionary_page_offset
}

struct ColumnChunk {
  1: optional string file_path
  2: i64 file_offset
  3: optional ColumnMetaData meta_data
  8: optional Marker crypto_metadata
  9: optional binary encrypted_column_metadata
}

struct RowGroup {
  1: list<ColumnChunk> columns
  2: i64 total_byte_size
  3: i64 num_rows = -1
}

struct FileMetaData {
  1: i32 version
  2: list<SchemaElement> schema
  3: i64 num_rows = -1
  4: list<RowGroup> row_groups
}

struct DataPageHeader {
  1: i32 num_values = -1
  2: i32 encoding = -1
  3: i32 definition_level_encoding = 3  // RLE
}

struct DictionaryPageHeader {
  1: i32 num_values = -1
  2: i32 encoding = -1
}

struct DataPageHeaderV2 {
  1: i32 num_values = -1
  2: i32 num_nulls = -1
  3: i32 num_rows = -1
  4: i32 encoding = -1
  5: i32 definition_levels_byte_length = -1
  6: i32 repetition_levels_byte_length = -1
  7: bool is_compressed = true
}

struct PageHeader {
  1: i32 type = -1
  2: i32 uncompressed_page_size = -1
  3: i32 compressed_page_size = -1
  4: optional i32 crc
  5: DataPageHeader data_page_header
  7: DictionaryPageHeader dictionary_page_header
  8: DataPageHeaderV2 data_page_header_v2
}
