"""Footers: what no fit needs in them, and corrupt footers."""
import struct

from unusual_files.case import CASES, another, case
from unusual_files.parquet import DATA, DOUBLE, I64, INT32, INT64, Page, plain, varint


# What no fit needs.
@case()
def metadata_that_is_broken(f):
    f.extra = {5: [{1: "geo", 2: "{broken"}, {1: "pandas", 2: "[1,"}, {1: "ARROW:schema", 2: "!!"}, {1: b"\xff"}], 6: b"\xff\xff"}


@case()
def statistics_that_lie(f):
    # max, min, nulls, and the new forms of the first two
    f["x"].meta = {12: {1: plain(DOUBLE, [-5.0]), 2: plain(DOUBLE, [-9.0]), 3: I64(4), 5: plain(DOUBLE, [-5.0]), 6: plain(DOUBLE, [-9.0])}}
    f["cluster"].meta = {12: {3: I64(4), 5: plain(INT32, [1]), 6: plain(INT32, [1])}}
    f["is_train"].meta = {12: {5: b"\x01", 6: b"\x01"}}


@case()
def statistics_that_are_broken(f):
    f["x"].meta = {12: {1: b"", 2: b"\x01", 3: I64(-7), 5: b"\xff" * 3, 6: b""}}
    f["episode_id"].meta = {12: {5: b"\xff\xff", 6: b"\xfe"}, 8: [{1: "k"}]}


@case()
def another_column_that_is_encrypted_or_nowhere(f):
    another(f, 0, "secret").chunk = {8: {1: {}}, 9: b"x"}
    another(f, 3, "gone").meta = {9: I64(1 << 60), 7: I64(-3)}
    another(f, 9, "elsewhere").chunk = {1: "other.parquet"}
    another(f, 9, "unread").chunk = {3: None}


@case()
def another_column_of_an_unknown_codec(f):
    another(f, 5, "packed").meta = {4: 77}


# Corrupt footers.
@case(refused="its footer says 60 rows, and its row groups have 4")
def the_footer_counts_other_rows(f):
    f.rows = 60


@case(refused="its footer says 3 rows, and its row groups have 4")
def the_footer_counts_fewer_rows(f):
    f.rows = 3


@case(refused="its footer says -4 rows, and its row groups have 4")
def the_footer_counts_negative_rows(f):
    f.rows = -4


@case(refused="its footer says that a row group has -4 rows")
def a_row_group_of_negative_rows(f):
    f.group_rows = f.rows = -4


@case(refused="its footer says that a row group has 1099511627776 rows")
def a_row_group_of_too_many_rows(f):
    f.group_rows = f.rows = 1 << 40


@case(refused="episode_id has 4 values in a row group of 5 rows")
def a_row_group_of_more_rows(f):
    f.group_rows = f.rows = 5


@case(refused="x ends after 4 of 5 values")
def a_column_of_fewer_values(f):
    f.group_rows = f.rows = 5
    for column in f.columns:
        column.values = column.values + column.values[:1]
    f["x"].pages = [Page(DATA, 4, plain(DOUBLE, [1.0] * 4))]


@case(refused="x has 3 values in a row group of 4 rows")
def a_column_that_counts_other_values(f):
    f["x"].meta = {5: I64(3)}


@case(refused="it has no rows")
def no_rows(f):
    f.rows = f.group_rows = 0
    for column in f.columns:
        column.values = []


@case(refused="it has no rows")
def no_row_groups(f):
    f.rows = 0
    f.groups = lambda groups: []


@case()
def empty_row_groups_between(f):
    empty = {1: [], 2: I64(0), 3: I64(0)}
    f.groups = lambda groups: [empty] + groups + [empty]


@case(refused="a row group has 9 columns, and its schema 10")
def a_row_group_that_lacks_a_column(f):
    f.groups = lambda groups: [{1: groups[0][1][:-1], 2: groups[0][2], 3: groups[0][3]}]


@case(refused="x is another column in a row group than in the schema")
def a_column_under_another_name(f):
    f["x"].meta = {3: ["y"]}


@case(refused="x is another column in a row group than in the schema")
def a_column_of_another_type(f):
    f["x"].meta = {1: INT64}


for at, name in (-5, "before"), (0, "at_the_start"), (1 << 40, "behind"), (1 << 62, "far_behind"):
    @case(refused="x has pages that would stand outside of the file's data")
    def pages_outside(f, at=at):
        f["x"].meta = {9: I64(at)}
    CASES["pages_" + name] = CASES.pop("pages_outside")

for size, name in (-1, "negative"), (1 << 40, "huge"), ((1 << 63) - 1, "the_largest"):
    @case(refused="x has pages that would stand outside of the file's data")
    def pages_of_a_size(f, size=size):
        f["x"].meta = {7: I64(size)}
    CASES["pages_of_a_size_%s" % name] = CASES.pop("pages_of_a_size")


@case(refused="x ends after 0 of 4 values")
def pages_of_no_bytes(f):
    f["x"].meta = {7: I64(0)}


@case(refused="its footer says that x and y stand in the same bytes")
def two_columns_in_the_same_bytes(f):
    f.groups = lambda groups: [groups[0] | {1: [
        chunk | {3: chunk[3] | {9: groups[0][1][3][3][9]}} if chunk[3][3] == ["y"] else chunk for chunk in groups[0][1]]}]


@case(refused="x is encrypted; write it without encryption")
def a_column_that_is_encrypted(f):
    f["x"].chunk = {8: {2: {1: ["x"]}}}


@case(refused="x stands in another file; write them as one")
def a_column_in_another_file(f):
    f["x"].chunk = {1: "other.parquet"}


@case(refused="x has no pages in a row group of 4 rows")
def a_column_without_pages(f):
    f["x"].chunk = {3: None}


for codec, name in (3, "LZO"), (5, "LZ4"), (77, "codec 77"), (-1, "codec -1"):
    @case(refused="x is packed with %s, which cannot be read; write it with ZSTD, SNAPPY or GZIP" % name)
    def packed_with(f, codec=codec):
        f["x"].meta = {4: codec}
    CASES["packed_with_" + name.replace(" ", "_")] = CASES.pop("packed_with")


@case(refused="x cannot be decoded: ")
def packed_with_another_codec_than_it_says(f):
    f["x"].meta = {4: 1}


@case(refused="its footer is encrypted; write the file without encryption")
def a_footer_that_is_encrypted(f):
    f.tail = lambda data: b"PARE" + data[4:-4] + b"PARE"


@case(refused="it is not a complete Parquet file: it does not end with PAR1")
def a_file_without_its_end(f):
    f.tail = lambda data: data[:-1]


@case(refused="its footer is damaged")
def a_footer_longer_than_the_file(f):
    f.tail = lambda data: data[:-8] + struct.pack("<I", 1 << 30) + b"PAR1"


@case(refused="its footer is damaged")
def a_footer_that_ends_early(f):
    f.tail = lambda data: data[:-8] + struct.pack("<I", 20) + b"PAR1"


@case(refused="its footer is damaged")
def a_footer_of_nothing_but_depth(f):
    f.tail = lambda data: data[:4] + b"\x1c" * 5000 + struct.pack("<I", 5000) + b"PAR1"


@case(refused="its footer is damaged")
def a_schema_of_more_columns_than_it_has(f):
    f.extra = {2: [{4: "root", 5: 1 << 30}] + [column.schema() for column in f.columns]}


@case(refused="its footer is damaged")
def a_list_of_more_row_groups_than_there_are_bytes(f):
    footer = b"\x49\xfc" + varint((1 << 31) - 1)
    f.tail = lambda data: data[:4] + footer + struct.pack("<I", len(footer)) + b"PAR1"
