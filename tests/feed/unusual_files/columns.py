"""Columns: their types and marks, their texts, their names."""
import struct

from unusual_files.case import CASES, another, case, decimal
from unusual_files.parquet import (
    BYTES, DATA, DICTIONARY, DOUBLE, FIXED, INDICES, I8, I64, INT32, INT64, INT96, OPTIONAL, ROWS, Page, packed,
    plain)


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
    f["episode_id"].of(INT64, [-1, 9007199254740993, 0, 1], logical={10: {1: I8(64), 2: False}})


# hyparquet-writer 0.17.0 writes the width so.
@case(reads={"episode_id": ["18446744073709551615", "9007199254740993", "0", "1"]})
def unsigned_ids_of_a_wide_width(f):
    f["episode_id"].of(INT64, [-1, 9007199254740993, 0, 1], logical={10: {1: 64, 2: False}})


@case(reads={"x": [1.25, -1.25, 0.5, 0], "y": [1.25, -1.25, 0.5, 0]})
def marks_of_other_widths(f):
    f["x"].of(INT32, [1250, -1250, 500, 0], converted=I64(5), scale=I8(3), precision=I64(9))
    f["y"].of(INT32, [1250, -1250, 500, 0], logical={5: {1: I64(3), 2: I8(9)}})


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
