// The part of Parquet's metadata that reading and writing a fit needs; the rest of a file's is
// passed over, right or wrong. Fields have the numbers and the names of the format's own
// parquet.thrift (https://github.com/apache/parquet-format), and are required where they are there.
//
// All whole numbers are i64 here, since writers differ in their widths (thrift.cpp), and
// enumerations are plain numbers, since a file may claim any.
namespace cpp ringside.feed.parquet

struct Marker {}

struct Decimal {
  1: required i64 scale
  2: required i64 precision
}

struct Integer {
  1: required i64 bitWidth
  2: required bool isSigned
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
  1: optional i64 type
  2: optional i64 type_length
  3: optional i64 repetition_type
  4: required string name
  5: optional i64 num_children
  6: optional i64 converted_type
  7: optional i64 scale
  8: optional i64 precision
  10: optional LogicalType logicalType
}

struct ColumnMetaData {
  1: required i64 type
  2: required list<i64> encodings
  3: required list<string> path_in_schema
  4: required i64 codec
  5: required i64 num_values
  6: required i64 total_uncompressed_size
  7: required i64 total_compressed_size
  9: required i64 data_page_offset
  11: optional i64 dictionary_page_offset
}

struct ColumnChunk {
  1: optional string file_path
  2: required i64 file_offset
  3: optional ColumnMetaData meta_data
  8: optional Marker crypto_metadata
  9: optional binary encrypted_column_metadata
}

struct RowGroup {
  1: required list<ColumnChunk> columns
  2: required i64 total_byte_size
  3: required i64 num_rows
}

struct FileMetaData {
  1: required i64 version
  2: required list<SchemaElement> schema
  3: required i64 num_rows
  4: required list<RowGroup> row_groups
}

struct DataPageHeader {
  1: required i64 num_values
  2: required i64 encoding
  3: required i64 definition_level_encoding
}

struct DictionaryPageHeader {
  1: required i64 num_values
  2: required i64 encoding
}

struct DataPageHeaderV2 {
  1: required i64 num_values
  2: required i64 num_nulls
  3: required i64 num_rows
  4: required i64 encoding
  5: required i64 definition_levels_byte_length
  6: required i64 repetition_levels_byte_length
  7: optional bool is_compressed = true
}

struct PageHeader {
  1: required i64 type
  2: required i64 uncompressed_page_size
  3: required i64 compressed_page_size
  4: optional i64 crc
  5: optional DataPageHeader data_page_header
  7: optional DictionaryPageHeader dictionary_page_header
  8: optional DataPageHeaderV2 data_page_header_v2
}
