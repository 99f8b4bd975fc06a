"""Writes a Parquet file of the ten columns, as it is told: it can say what no library would."""
import gzip
import struct
import zlib

ROWS = 4
BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTES, FIXED = range(8)
PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, DELTA, DELTA_LENGTH, DELTA_BYTES, INDICES, SPLIT = (
    0, 2, 3, 4, 5, 6, 7, 8, 9)
REQUIRED, OPTIONAL, REPEATED = range(3)
DATA, INDEX, DICTIONARY, DATA_V2 = range(4)


# Thrift's compact protocol: a structure is a dictionary from ids to values.
class I8(int):
    pass


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
    kinds = {I8: 3, I64: 6, int: 5, bytes: 8, str: 8, list: 9, dict: 12}
    return kinds[type(value)]


def thrift(value):
    if isinstance(value, bool):
        return b""
    if isinstance(value, I8):
        return bytes([value])
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
