#!/usr/bin/env python3
"""Writes Parquet files that are unusual, or that lie: unusual.py FOLDER.

cases.json beside them says what a reader makes of each: it `reads` as the four points below, but for
the columns that are listed, and for `rows` that go round again, or is `refused` with these words. ringside-feed (unusual_test.cpp) and the
page (unusual.test.js of dashboard_reader/web) are both held to it. The writer is one of its own, so
that it can say what no library would.
"""
import gzip
import json
import struct
import sys
import zlib
from pathlib import Path

ROWS = 4
BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTES, FIXED = range(8)
PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, DELTA, DELTA_LENGTH, DELTA_BYTES, INDICES, SPLIT = (
    0, 2, 3, 4, 5, 6, 7, 8, 9)
REQUIRED, OPTIONAL, REPEATED = range(3)
DATA, INDEX, DICTIONARY, DATA_V2 = range(4)


# Thrift's compact protocol: a structure is a dictionary from ids to values.
class I64(int):
    pass


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def zigzag(number):
    return varint((number << 1) ^ (number >> 63) if number >= 0 else ((-number) << 1) - 1)


def code_of(value):
    if isinstance(value, bool):
        return 1 if value else 2
    kinds = {I64: 6, int: 5, bytes: 8, str: 8, list: 9, dict: 12}
    return kinds[type(value)]


def thrift(value):
    if isinstance(value, bool):
        return b""
    if isinstance(value, int):
        return zigzag(value)
    if isinstance(value, (bytes, str)):
        text = value.encode() if isinstance(value, str) else value
        return varint(len(text)) + text
    if isinstance(value, list):
        code = code_of(value[0]) if value else 12
        head = bytes([len(value) << 4 | code]) if len(value) < 15 else bytes([0xF0 | code]) + varint(len(value))
        return head + b"".join(map(thrift, value))
    out, last = b"", 0
    for field in sorted(value):
        if value[field] is None:
            continue
        step, code = field - last, code_of(value[field])
        out += (bytes([step << 4 | code]) if step < 16 else bytes([code]) + zigzag(field)) + thrift(value[field])
        last = field
    return out + b"\0"


# Values as their encodings have them.
def plain(physical, values):
    if physical == BOOLEAN:
        bits = sum(1 << i for i, value in enumerate(values) if value)
        return bits.to_bytes((len(values) + 7) // 8, "little")
    if physical == BYTES:
        return b"".join(struct.pack("<I", len(value)) + value for value in map(as_bytes, values))
    if physical in (FIXED, INT96):
        return b"".join(values)
    return struct.pack("<%d%s" % (len(values), {INT32: "i", INT64: "q", FLOAT: "f", DOUBLE: "d"}[physical]), *values)


def as_bytes(value):
    return value.encode() if isinstance(value, str) else value


def packed(values, width):
    """One bit-packed run."""
    groups = (len(values) + 7) // 8
    bits = sum(value << (i * width) for i, value in enumerate(values))
    return varint(groups << 1 | 1) + bits.to_bytes(groups * width, "little")


def levels(values):
    """Which of them are there, as a page of version 1 has it."""
    run = packed([0 if value is None else 1 for value in values], 1)
    return struct.pack("<I", len(run)) + run


def split(physical, values):
    data, width = plain(physical, values), 4 if physical in (INT32, FLOAT) else 8
    return b"".join(data[i::width] for i in range(width))


def delta(values):
    """One block of 128 values in four pieces, each change in 32 bits of its own."""
    changes = [b - a for a, b in zip(values, values[1:])]
    least = min(changes, default=0)
    body = b"".join(struct.pack("<I", change - least) for change in changes)
    body += bytes(32 * 4 - len(body))
    return (varint(128) + varint(4) + varint(len(values)) + zigzag(values[0]) + zigzag(least) + bytes([32, 0, 0, 0]) + body)


# Packed by hand, as little as the formats allow: literals alone, of 24 bytes at least and 60 at most.
def snappy(data):
    return varint(len(data)) + bytes([(len(data) - 1) << 2]) + data


def lz4(data):
    return bytes([0xF0, len(data) - 15]) + data


def zstd(data):
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


PACKED = {"SNAPPY": (1, snappy), "GZIP": (2, gzip.compress), "ZSTD": (6, zstd), "LZ4_RAW": (7, lz4)}


class Page:
    """A page, and each number of its header, to be changed at will."""

    def __init__(self, kind, values, body, encoding=PLAIN, **header):
        self.kind, self.values, self.body, self.encoding = kind, values, body, encoding
        self.header = {"packed": None, "unpacked": None, "crc": None, "levels": RLE, "nulls": 0,
                       "rows": None, "definition": 0, "repetition": 0, "compressed": None} | header

    def bytes(self, codec):
        data = dict(PACKED.values()).get(codec, lambda body: body)(self.body)
        header, of = self.header, {}
        if self.kind == DICTIONARY:
            of = {7: {1: self.values, 2: self.encoding}}
        elif self.kind == DATA_V2:
            rows = self.values if header["rows"] is None else header["rows"]
            of = {8: {1: self.values, 2: header["nulls"], 3: rows, 4: self.encoding,
                      5: header["definition"], 6: header["repetition"], 7: header["compressed"]}}
        elif self.kind == DATA:
            of = {5: {1: self.values, 2: self.encoding, 3: header["levels"], 4: RLE}}
        crc = header["crc"]
        if crc == "right":
            crc = zlib.crc32(data)
        unpacked = len(self.body) if header["unpacked"] is None else header["unpacked"]
        size = len(data) if header["packed"] is None else header["packed"]
        signed = None if crc is None else crc - (1 << 32) if crc >> 31 else crc
        return thrift({1: self.kind, 2: unpacked, 3: size, 4: signed} | of) + data


class Column:
    def __init__(self, name, physical, values, **mark):
        self.name, self.physical, self.values, self.repetition = name, physical, values, REQUIRED
        self.mark = mark  # length, converted, scale, precision, logical
        self.codec, self.pages = 0, None
        self.chunk, self.meta = {}, {}  # what a row group says otherwise

    def of(self, physical, values, **mark):
        self.physical, self.values, self.mark, self.pages = physical, values, mark, None

    def schema(self):
        mark = self.mark
        return {1: self.physical, 2: mark.get("length"), 3: self.repetition, 4: self.name,
                6: mark.get("converted"), 7: mark.get("scale"), 8: mark.get("precision"),
                10: mark.get("logical")}

    def plain_page(self):
        there = [value for value in self.values if value is not None]
        before = levels(self.values) if self.repetition == OPTIONAL else b""
        return Page(DATA, len(self.values), before + plain(self.physical, there))


class File:
    def __init__(self):
        text = {"converted": 0}
        self.columns = [
            Column("episode_id", BYTES, ["e%d" % i for i in range(ROWS)], **text),
            Column("host_id", BYTES, ["h"] * ROWS, **text),
            Column("profile", BYTES, ["p"] * ROWS, **text),
            Column("x", DOUBLE, [i / 2 for i in range(ROWS)]),
            Column("y", DOUBLE, [1.5] * ROWS),
            Column("z", DOUBLE, [0.125] * ROWS),
            Column("phase_int", INT32, [3] * ROWS),
            Column("predicted_int", INT32, [4] * ROWS),
            Column("cluster", INT32, [5 + i for i in range(ROWS)]),
            Column("is_train", BOOLEAN, [i % 2 == 0 for i in range(ROWS)]),
        ]
        self.rows, self.group_rows = ROWS, ROWS
        self.extra = {}  # of the file's metadata
        self.groups = lambda groups: groups
        self.tail = lambda data: data

    def __getitem__(self, name):
        return next(column for column in self.columns if column.name == name)

    def bytes(self):
        data, chunks, ends = b"PAR1", [], {}
        for column in self.columns:
            pages = column.pages or [column.plain_page()]
            start, dictionary, first = len(data), None, None
            for page in pages:
                if page.kind == DICTIONARY and dictionary is None:
                    dictionary = len(data)
                elif first is None:
                    first = len(data)
                data += page.bytes(column.codec)
            meta = {1: column.physical, 2: [PLAIN], 3: [column.name], 4: column.codec,
                    5: I64(len(column.values)), 6: I64(len(data) - start), 7: I64(len(data) - start),
                    9: I64(start if first is None else first),
                    11: None if dictionary is None else I64(dictionary)}
            chunks.append({2: I64(start), 3: meta | column.meta} | column.chunk)
        group = {1: chunks, 2: I64(len(data)), 3: I64(self.group_rows)}
        root = {4: "root", 5: len(self.columns)}
        schema = [root] + [column.schema() for column in self.columns]
        footer = thrift({1: 1, 2: schema, 3: I64(self.rows), 4: self.groups([group])} | self.extra)
        return self.tail(data + footer + struct.pack("<I", len(footer)) + b"PAR1")


CASES = {}


def case(**outcome):
    """A file by what it changes; `reads` of columns that read otherwise, or `refused`."""

    def add(change):
        name = change.__name__
        assert name not in CASES, name
        file = File()
        change(file)
        CASES[name] = (file.bytes(), {"reads": {}} | outcome if "refused" not in outcome else outcome)
        return change

    return add


def decimal(scale, precision, logical=False, old=True, **more):
    mark = {"converted": 5, "scale": scale, "precision": precision} if old else {}
    return mark | ({"logical": {5: {1: scale, 2: precision}}} if logical else {}) | more


# Types and marks.
@case()
def nothing_unusual(f):
    pass


@case(reads={"x": [1.25, -1.25, 0.001, 0]})
def decimal_marked_the_new_way_only(f):
    f["x"].of(INT32, [1250, -1250, 1, 0], **decimal(3, 9, logical=True, old=False))


@case(reads={"x": [1.25, -1.25, 0.001, 0]})
def decimal_of_64_bits_marked_both_ways(f):
    f["x"].of(INT64, [1250, -1250, 1, 0], **decimal(3, 18, logical=True))


for digits in range(19):
    @case(reads={"cluster": [7, -7, 0, 9]})
    def whole_decimals(f, scale=digits):
        f["cluster"].of(FIXED, [(n * 10**scale).to_bytes(16, "big", signed=True) for n in (7, -7, 0, 9)],
                        length=16, **decimal(scale, 38))
    CASES["whole_decimals_of_scale_%d" % digits] = CASES.pop("whole_decimals")


@case(reads={"is_train": [False, True, False, True]})
def decimal_flag(f):
    f["is_train"].of(INT64, [0, 10000, 0, 10000], **decimal(4, 18))


@case(reads={"y": [1, -1, 255, 0.5]})
def decimal_of_bytes_of_many_lengths(f):
    f["y"].of(BYTES, [b"\x0a", b"\xff\xff\xf6", b"\x00\x09\xf6", b"\x05"], **decimal(1, 10, logical=True))


@case(refused='y of row 1 (counted from 0) is "a number of 0 bytes"; it must be finite and fit a float')
def decimal_of_no_bytes(f):
    f["y"].of(BYTES, [b"\x0a", b"", b"\x0a", b"\x0a"], **decimal(1, 10))


@case(refused='cluster of row 2 (counted from 0) is "a number of 17 bytes"; it must be a whole number of 32 bits')
def decimal_of_17_bytes(f):
    f["cluster"].of(BYTES, [b"\x0a", b"\x0a", bytes(17), b"\x0a"], **decimal(0, 38))


@case(refused='cluster of row 1 (counted from 0) is "7.5"; it must be a whole number of 32 bits')
def decimal_that_is_not_whole(f):
    f["cluster"].of(INT32, [70, 75, 70, 70], **decimal(1, 9))


@case(refused="x is DECIMAL of two scales and should be numbers")
def decimal_of_two_scales(f):
    f["x"].of(INT32, [1250] * ROWS, converted=5, scale=3, precision=9, logical={5: {1: 2, 2: 9}})


@case(refused="x is DECIMAL(9,-2) in INT32 and should be numbers")
def decimal_of_a_negative_scale(f):
    f["x"].of(INT32, [1250] * ROWS, **decimal(-2, 9))


@case(refused="x is DECIMAL(60,2) in FIXED_LEN_BYTE_ARRAY and should be numbers")
def decimal_of_60_digits(f):
    f["x"].of(FIXED, [bytes(25)] * ROWS, length=25, **decimal(2, 60))


@case(refused="episode_id is DECIMAL(9,0) and should be text")
def decimal_as_id(f):
    f["episode_id"].of(INT32, [1, 2, 3, 4], **decimal(0, 9))


@case(reads={"episode_id": ["18446744073709551615", "9007199254740993", "0", "1"]})
def unsigned_ids_of_64_bits(f):
    f["episode_id"].of(INT64, [-1, 9007199254740993, 0, 1], logical={10: {1: 64, 2: False}})


@case(reads={"episode_id": ["4294967295", "2147483648", "0", "1"], "x": [4294967295, 0, 1, 2]})
def unsigned_numbers_of_32_bits(f):
    f["episode_id"].of(INT32, [-1, -(2**31), 0, 1], converted=13)
    f["x"].of(INT32, [-1, 0, 1, 2], converted=13)


@case(refused='cluster of row 0 (counted from 0) is "18446744073709551615"; it must be a whole number of 32 bits')
def unsigned_label_beyond(f):
    f["cluster"].of(INT64, [-1, 0, 0, 0], converted=14)


@case(refused="cluster is INT64 in INT32 and should be whole numbers")
def a_mark_of_another_width(f):
    f["cluster"].of(INT32, [1] * ROWS, converted=18)


@case(refused="cluster is STRING in INT32 and should be whole numbers")
def a_number_marked_as_text(f):
    f["cluster"].of(INT32, [1] * ROWS, converted=0)


@case(refused="cluster is of an unknown type and should be whole numbers")
def a_mark_from_the_future(f):
    f["cluster"].of(INT32, [1] * ROWS, logical={31: {}})


for mark, name in ({"converted": 6}, "DATE"), ({"converted": 7}, "TIME"), ({"logical": {8: {1: True, 2: {1: {}}}}}, "TIMESTAMP"):
    @case(refused="episode_id is %s and should be text" % name)
    def times_as_ids(f, mark=mark, name=name):
        f["episode_id"].of(INT64 if name == "TIMESTAMP" else INT32, [1] * ROWS, **mark)
    CASES["ids_of_" + name] = CASES.pop("times_as_ids")

for converted, name in (19, "JSON"), (20, "BSON"):
    @case(refused="profile is %s and should be text" % name)
    def other_texts(f, converted=converted):
        f["profile"].of(BYTES, ["{}"] * ROWS, converted=converted)
    CASES["texts_of_" + name] = CASES.pop("other_texts")


@case(refused="x is INT96 and should be numbers")
def numbers_of_96_bits(f):
    f["x"].of(INT96, [bytes(12)] * ROWS)


@case(refused="x is INTERVAL and should be numbers")
def intervals(f):
    f["x"].of(FIXED, [bytes(12)] * ROWS, length=12, converted=21)


@case(refused="episode_id is FIXED_LEN_BYTE_ARRAY and should be text")
def ids_of_fixed_bytes(f):
    f["episode_id"].of(FIXED, [b"abcd"] * ROWS, length=4)


@case(reads={"profile": ["p", "p", "q", "p"]})
def texts_of_an_enumeration(f):
    f["profile"].of(BYTES, ["p", "p", "q", "p"], logical={4: {}})


@case(reads={"episode_id": ["00010203-0405-0607-0809-0a0b0c0d0e0f"] * ROWS})
def ids_of_uuids(f):
    f["episode_id"].of(FIXED, [bytes(range(16))] * ROWS, length=16, logical={14: {}})


@case(reads={"x": [1, -2, 65504, 5.9604644775390625e-8]})
def floats_of_16_bits(f):
    f["x"].of(FIXED, [struct.pack("<e", n) for n in (1, -2, 65504, 2**-24)], length=2, logical={15: {}})


@case(reads={"cluster": [-1, 2, 3, 4]})
def label_of_16_bits_that_is_not_a_number(f):
    f["cluster"].of(FIXED, [struct.pack("<e", n) for n in (float("nan"), 2, 3, 4)], length=2, logical={15: {}})


@case(reads={"cluster": [-1] * ROWS, "profile": [""] * ROWS})
def columns_of_nothing(f):
    for name in "cluster", "profile":
        f[name].of(INT32, [None] * ROWS, logical={11: {}})
        f[name].repetition = OPTIONAL


@case(refused='cluster of row 0 (counted from 0) is "a value"; it must be null, as its type is')
def a_column_of_nothing_that_has_something(f):
    f["cluster"].of(INT32, [1] * ROWS, logical={11: {}})


# Texts.
@case(refused='episode_id of row 1 (counted from 0) is "\\xff"; it must be UTF-8 without NUL')
def an_id_that_is_not_utf8(f):
    f["episode_id"].values = ["a", b"\xff", b"\xfe", "b"]


@case(refused='profile of row 2 (counted from 0) is "\\xed\\xa0\\x80"; it must be UTF-8 without NUL')
def a_profile_that_is_a_surrogate(f):
    f["profile"].values = ["a", "a", b"\xed\xa0\x80", "b"]


@case(refused='host_id of row 3 (counted from 0) is "a\\x00b"; it must be UTF-8 without NUL')
def a_host_with_a_nul(f):
    f["host_id"].values = ["a", "a", "a", "a\0b"]


@case(reads={"episode_id": ["\ufeffa", "a", "e\u0301", "\u00e9"]})
def ids_that_look_alike(f):
    f["episode_id"].values = ["\ufeffa", "a", "e\u0301", "\u00e9"]


@case(refused='episode_id of row 0 (counted from 0) is "\\xff"; it must be UTF-8 without NUL')
def an_id_of_a_dictionary_that_is_not_utf8(f):
    f["episode_id"].pages = [Page(DICTIONARY, 2, plain(BYTES, [b"\xff", b"a"])),
                             Page(DATA, 4, b"\x01" + packed([0, 1, 1, 0], 1), INDICES)]


# Names.
def another(f, at, name, physical=BYTES, values=("other",) * ROWS):
    column = Column(name, physical, list(values))
    f.columns.insert(at, column)
    return column


@case()
def a_name_of_another_case_comes_first(f):
    another(f, 0, "X")


@case()
def a_name_of_another_case_comes_last(f):
    another(f, 10, "X")
    another(f, 11, "Cluster")


@case(refused="it has the column x twice")
def a_column_twice(f):
    another(f, 10, "x", DOUBLE, [9.0] * ROWS)


@case(refused="it has the column x twice; cluster is BYTE_ARRAY and should be whole numbers")
def a_column_twice_and_more(f):
    another(f, 0, "x", DOUBLE, [9.0] * ROWS)
    f["cluster"].of(BYTES, ["5"] * ROWS)


@case()
def names_that_no_fit_needs(f):
    another(f, 3, b"\xff\xfe")
    another(f, 5, "x\0")
    another(f, 0, "\ufeffx")
    another(f, 0, "")
    another(f, 0, "z ")
    another(f, 0, "twice")
    another(f, 0, "twice")


@case(refused='it has no column x (it has also "\\xef\\xbb\\xbfx")')
def a_name_with_a_byte_order_mark(f):
    f["x"].name = "\ufeffx"


@case()
def columns_in_another_order(f):
    f.columns.reverse()


@case(refused="it has no column episode_id, host_id, profile, x, y, z, phase_int, predicted_int, cluster, is_train")
def no_columns(f):
    f.columns = []


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


# Footers that lie.
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


@case(refused="it is not a whole Parquet file: it does not end with PAR1")
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


# Pages that lie.
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


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (data, _) in CASES.items():
        (folder / (name + ".parquet")).write_bytes(data)
    outcomes = {name: outcome for name, (_, outcome) in CASES.items()}
    (folder / "cases.json").write_text(json.dumps(outcomes, indent=1))


main()
