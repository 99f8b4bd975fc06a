"""Pages: their encodings, their dictionaries, their levels, and corrupt pages."""
import gzip
import struct

from unusual_files.case import CASES, case
from unusual_files.parquet import (
    BIT_PACKED, BYTES, DATA, DATA_V2, DELTA, DICTIONARY, DOUBLE, FIXED, INDEX, INDICES, INT32, INT64,
    OPTIONAL, PACKED, PLAIN_DICTIONARY, REPEATED, RLE, ROWS, SPLIT, Page, delta, levels, packed, plain,
    split, varint, zstd)


# Pages: encodings that are unusual.
@case(reads={"phase_int": [1, -2, 2**31 - 1, -(2**31)], "cluster": [7, 8, -9, 10]})
def integers_split_into_streams(f):
    f["phase_int"].pages = [Page(DATA, 4, split(INT32, [1, -2, 2**31 - 1, -(2**31)]), SPLIT)]
    f["cluster"].of(INT64, [0] * ROWS)
    f["cluster"].pages = [Page(DATA, 4, split(INT64, [7, 8, -9, 10]), SPLIT)]


@case(reads={"cluster": [2139095041, -1, -4194303, 5]})
def integers_split_that_no_float_is(f):
    """Bits of a signalling NaN, and of others."""
    f["cluster"].pages = [Page(DATA, 2, split(INT32, [2139095041, -1]), SPLIT), Page(DATA, 2, plain(INT32, [-4194303, 5]))]


@case(refused="cluster is coded as BYTE_STREAM_SPLIT here and DELTA_BINARY_PACKED there, which cannot be read")
def integers_split_here_and_packed_there(f):
    f["cluster"].pages = [Page(DATA, 2, split(INT32, [1, 2]), SPLIT), Page(DATA, 2, delta([3, 4]), DELTA)]


@case(refused="x is coded as BYTE_STREAM_SPLIT of FIXED_LEN_BYTE_ARRAY, which cannot be read; write it as PLAIN or with a dictionary")
def fixed_bytes_split_into_streams(f):
    f["x"].of(FIXED, [bytes(2)] * ROWS, length=2, logical={15: {}})
    f["x"].pages = [Page(DATA, 4, bytes(8), SPLIT)]


@case(reads={"cluster": [1, 5, -3, 5]})
def integers_packed_as_changes(f):
    f["cluster"].pages = [Page(DATA, 4, delta([1, 5, -3, 5]), DELTA)]


@case(refused="cluster ")
def changes_of_fewer_integers(f):
    f["cluster"].pages = [Page(DATA, 4, delta([1, 5]), DELTA)]


for encoding, name in (1, "GROUP_VAR_INT"), (4, "BIT_PACKED"), (3, "RLE"), (7, "DELTA_BYTE_ARRAY"), (42, "encoding 42"):
    @case(refused="cluster is coded as %s of INT32, which cannot be read; write it as PLAIN or with a dictionary" % name)
    def coded_as(f, encoding=encoding):
        f["cluster"].pages = [Page(DATA, 4, plain(INT32, [1] * 4), encoding)]
    CASES["integers_coded_as_" + name.replace(" ", "_")] = CASES.pop("coded_as")


@case(reads={"is_train": [True, True, False, True]})
def booleans_in_runs(f):
    run = packed([1, 1, 0, 1], 1)
    f["is_train"].pages = [Page(DATA, 4, struct.pack("<I", len(run)) + run, RLE)]


@case(refused="x is coded as levels in BIT_PACKED, which cannot be read")
def levels_of_the_old_form(f):
    f["x"].repetition = OPTIONAL
    f["x"].pages = [Page(DATA, 4, levels([1] * 4) + plain(DOUBLE, [1.0] * 4), levels=BIT_PACKED)]


# Dictionaries.
def dictionary(*values):
    return Page(DICTIONARY, len(values), plain(INT32, values))


@case(reads={"cluster": [50, 60, 60, 50]})
def a_dictionary(f):
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES)]


@case(reads={"cluster": [50, 60, 7, 8]})
def a_dictionary_and_then_none(f):
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 2, b"\x01" + packed([0, 1], 1), PLAIN_DICTIONARY),
                          Page(DATA, 2, plain(INT32, [7, 8]))]


@case(reads={"cluster": [50] * 4})
def a_dictionary_of_one_in_no_bits(f):
    f["cluster"].pages = [dictionary(50), Page(DATA, 4, b"\x00" + varint(4 << 1), INDICES)]


@case(reads={"cluster": [60, 50, 60, 50]})
def a_dictionary_in_32_bits(f):
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 4, b"\x20" + packed([1, 0, 1, 0], 32), INDICES)]


@case(reads={"cluster": [60, 60, 60, 50]})
def a_dictionary_in_runs_of_24_bits(f):
    runs = varint(3 << 1) + b"\x01\0\0" + varint(1 << 1) + b"\0\0\0"
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 4, b"\x18" + runs, INDICES)]


@case(refused="cluster has a page with indices into a dictionary that is not there")
def a_dictionary_that_is_missing(f):
    f["cluster"].pages = [Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES)]


@case(refused="cluster has a page with indices into a dictionary that is not there")
def a_dictionary_after_its_data(f):
    f["cluster"].pages = [Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES), dictionary(50, 60)]


@case(refused="cluster has a page with a dictionary that does not come first")
def two_dictionaries(f):
    f["cluster"].pages = [dictionary(50, 60), dictionary(70, 80), Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES)]


@case(refused="cluster ")
def an_index_beyond_its_dictionary(f):
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 4, b"\x02" + packed([0, 1, 2, 0], 2), INDICES)]


@case(refused="cluster ")
def indices_of_40_bits(f):
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 4, b"\x28" + bytes(40), INDICES)]


@case(refused="cluster ")
def indices_that_end_early(f):
    f["cluster"].pages = [dictionary(50, 60), Page(DATA, 4, b"\x01" + varint(2 << 1) + b"\1", INDICES)]


@case(refused="cluster has a page with a number of values that cannot be")
def a_dictionary_of_more_values_than_bytes(f):
    f["cluster"].pages = [Page(DICTIONARY, 1 << 30, plain(INT32, [50, 60])), Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES)]


@case(refused="cluster ")
def a_dictionary_of_fewer_values_than_it_says(f):
    f["cluster"].pages = [Page(DICTIONARY, 5, plain(INT32, [50, 60])), Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES)]


# Corrupt pages.
@case()
def checksums_that_are_right(f):
    for column in f.columns:
        page = column.plain_page()
        page.header["crc"] = "right"
        column.pages = [page]


@case(refused="y has a page with a wrong checksum: it is damaged")
def a_checksum_that_is_wrong(f):
    f["y"].pages = [Page(DATA, 4, plain(DOUBLE, [1.5] * 4), crc=12345)]


@case(refused="x has more values than the 4 that the footer says")
def a_page_of_more_values(f):
    f["x"].pages = [Page(DATA, 5, plain(DOUBLE, [1.0] * 5))]


@case(refused="x has more values than the 4 that the footer says")
def a_page_of_negative_values(f):
    f["x"].pages = [Page(DATA, -1, plain(DOUBLE, [1.0] * 4))]


@case(refused="x cannot be decoded: ")
def a_page_that_ends_early(f):
    f["x"].pages = [Page(DATA, 4, plain(DOUBLE, [1.0] * 3))]


@case(refused="profile cannot be decoded: ")
def a_text_that_ends_early(f):
    f["profile"].pages = [Page(DATA, 4, plain(BYTES, ["p"] * 3) + struct.pack("<I", 9) + b"p")]


for number, name in (-1, "negative"), (1 << 30, "huge"):
    @case(refused="x has a page with a size that cannot be")
    def a_packed_size(f, number=number):
        f["x"].pages = [Page(DATA, 4, plain(DOUBLE, [1.0] * 4), packed=number)]
    CASES["a_packed_size_%s" % name] = CASES.pop("a_packed_size")

    @case(refused="x has a page with a size that cannot be")
    def an_unpacked_size(f, number=number):
        f["x"].pages = [Page(DATA, 4, plain(DOUBLE, [1.0] * 4), unpacked=number)]
    CASES["an_unpacked_size_%s" % name] = CASES.pop("an_unpacked_size")


@case(refused="x has a page with an unknown type")
def a_page_of_an_unknown_type(f):
    f["x"].pages = [Page(9, 4, plain(DOUBLE, [1.0] * 4))]


@case()
def a_page_of_an_index_is_passed_over(f):
    f["x"].pages = [Page(INDEX, 0, b"index"), f["x"].plain_page()]


@case(refused="episode_id has a page with a header that cannot be read")
def a_page_without_a_header(f):
    f.tail = lambda data: data[:4] + b"\xff" * 20 + data[24:]


@case()
def pages_of_no_values_between(f):
    f["x"].pages = [Page(DATA, 0, b""), Page(DATA, 2, plain(DOUBLE, [0, 0.5])), Page(DATA, 0, b""),
                    Page(DATA, 2, plain(DOUBLE, [1, 1.5]))]


@case()
def packed_with_gzip(f):
    for column in f.columns:
        column.codec = 2


for codec, pack in PACKED.items():
    @case(reads={"x": [1, 2, 3, 4]})
    def packed_with_codec(f, codec=codec):
        f["x"].codec, f["x"].values = PACKED[codec][0], [1.0, 2.0, 3.0, 4.0]
    CASES["packed_with_" + codec] = CASES.pop("packed_with_codec")

    for values, name in (3, "less"), (5, "more"):
        @case(refused="x ")
        def unpacked_to_another_size(f, codec=codec, values=values):
            f["x"].codec = PACKED[codec][0]
            f["x"].pages = [Page(DATA, 4, plain(DOUBLE, [1.0] * values), unpacked=32)]
        CASES["unpacked_from_%s_to_%s" % (codec, name)] = CASES.pop("unpacked_to_another_size")


def in_two_members(f, codec, pack):
    """The body is packed already, as a page of no codec has it."""
    body = pack(plain(DOUBLE, [1.0, 2.0, 3.0])[:24]) + pack(plain(DOUBLE, [4.0, 5.0, 6.0]))
    f.rows = f.group_rows = 6
    for column in f.columns:
        column.values = column.values + column.values[:2]
    f["x"].meta, f["x"].values = {4: codec}, [1.0] * 6
    f["x"].pages = [Page(DATA, 6, body, unpacked=48)]


@case(reads={"x": [1, 2, 3, 4, 5, 6]}, rows=6)
def zstandard_of_two_frames(f):
    in_two_members(f, 6, zstd)


@case(reads={"x": [1, 2, 3, 4, 5, 6]}, rows=6)
def gzip_of_two_members(f):
    in_two_members(f, 2, gzip.compress)


# Levels.
@case(reads={"cluster": [5, -1, 7, -1]})
def values_that_are_not_there(f):
    f["cluster"].repetition = OPTIONAL
    f["cluster"].values = [5, None, 7, None]


@case(reads={"cluster": [-1] * ROWS})
def no_value_there(f):
    f["cluster"].repetition = OPTIONAL
    f["cluster"].values = [None] * ROWS


@case(refused='x of row 2 (counted from 0) is "null"; it must be there')
def a_coordinate_that_is_not_there(f):
    f["x"].repetition = OPTIONAL
    f["x"].values = [1.0, 2.0, None, 3.0]


@case(refused="x is LIST and should be numbers")
def a_column_that_is_repeated(f):
    f["x"].repetition = REPEATED


@case(refused="x ")
def levels_longer_than_the_page(f):
    f["x"].repetition = OPTIONAL
    f["x"].pages = [Page(DATA, 4, struct.pack("<I", 1 << 30) + plain(DOUBLE, [1.0] * 4))]


@case(refused="x ")
def levels_that_end_early(f):
    f["x"].repetition = OPTIONAL
    f["x"].pages = [Page(DATA, 4, struct.pack("<I", 0) + plain(DOUBLE, [1.0] * 4))]


def version_2(there, physical, values, **header):
    run = packed(there, 1)
    return Page(DATA_V2, len(there), run + plain(physical, values), definition=len(run), nulls=there.count(0), **header)


@case(reads={"cluster": [5, -1, 7, 8]})
def version_2_with_nulls(f):
    f["cluster"].repetition = OPTIONAL
    f["cluster"].pages = [version_2([1, 0, 1, 1], INT32, [5, 7, 8])]


@case(refused="nulls")
def version_2_that_counts_other_nulls(f):
    f["cluster"].repetition = OPTIONAL
    page = version_2([1, 0, 1, 1], INT32, [5, 7, 8])
    page.header["nulls"] = 2
    f["cluster"].pages = [page]


@case(refused="cluster has a page with a number of values that cannot be")
def version_2_of_other_rows(f):
    f["cluster"].pages = [Page(DATA_V2, 4, plain(INT32, [1] * 4), rows=3)]


for key in "definition", "repetition":
    for number, name in (-1, "negative"), (100, "too_long"):
        @case(refused="cluster has a page with a size that cannot be")
        def version_2_levels(f, key=key, number=number):
            f["cluster"].repetition = OPTIONAL
            page = version_2([1] * 4, INT32, [1] * 4)
            page.header[key] = number
            f["cluster"].pages = [page]
        CASES["version_2_%s_levels_%s" % (key, name)] = CASES.pop("version_2_levels")


@case(refused="cluster has a page with a number of values that cannot be")
def version_2_with_nulls_in_a_column_of_none(f):
    f["cluster"].pages = [Page(DATA_V2, 4, plain(INT32, [1] * 4), nulls=1)]


@case()
def version_2_not_packed_under_a_codec(f):
    f["cluster"].meta = {4: 2}
    f["cluster"].pages = [Page(DATA_V2, 4, plain(INT32, [5, 6, 7, 8]), compressed=False)]
