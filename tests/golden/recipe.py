#!/usr/bin/env python3
"""Makes the golden segments of format version 2, byte for byte, from docs/format.md alone.

    recipe.py DIRECTORY    writes them there
    recipe.py --check      compares them with the ones that lie beside this script

An implementation of its own: nothing here is shared with the code under test, and only Python's
standard library is used. The two schemas beside it were compiled by flatc. A change of the format
changes the page, the version and these files together; then run `recipe.py tests/golden`.
"""

import struct
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

PAGE = 4096
PUBLISH = 4224
MARK = 8192
HEADER = 24576
CAPACITY = 65536
MASK = 2**64 - 1

CREATED = 1_735_689_600_000_000_000  # 2025-01-01
BOOT = (0x0123456789ABCDEF, 0xFEDCBA9876543210)  # of no machine
PID = 4242


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc_table()


def crc32c(data):
    register = 0xFFFFFFFF
    for byte in data:
        register = register >> 8 ^ TABLE[(register ^ byte) & 0xFF]
    return register ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def up(value, multiple):
    return -(-value // multiple) * multiple


class Segment:
    """One segment, as a writer of another boot left it when it closed it."""

    def __init__(self, epoch, schema, schema_id, index_slots, retain):
        self.epoch = epoch
        self.slots = index_slots
        self.retain = retain
        self.index_offset = up(HEADER + len(schema), PAGE)
        self.data_offset = up(self.index_offset + 8 * index_slots, 65536)
        self.file = bytearray(self.data_offset + CAPACITY)
        self.file[0:124] = self.fixed(schema, schema_id)
        self.put("<I", 124, crc32c(self.file[0:124]))
        self.put("<4Q", PAGE, *BOOT, PID, CREATED)
        self.file[HEADER : HEADER + len(schema)] = schema
        self.oldest = self.next = self.tail = self.time = 0
        self.positions = [0]

    def fixed(self, schema, schema_id, order="<", version=2):
        return struct.pack(
            order + "8s2I9Q4s32x", b"RINGSIDE", 0x01020304, version, self.epoch, CREATED,
            self.data_offset + CAPACITY, len(schema), self.index_offset, self.slots, self.retain,
            self.data_offset, CAPACITY, schema_id)

    def put(self, form, offset, *values):
        struct.pack_into(form, self.file, offset, *values)

    def append(self, payload, time):
        padded = payload.ljust(up(len(payload), 8), b"\0")
        covered = struct.pack("<4Q", self.epoch, len(payload), self.next, time) + padded
        head = struct.pack("<2I2Q", len(payload), crc32c(covered), self.next, time)
        record = head + padded
        while self.oldest < self.next and (
            self.tail + len(record) - self.positions[self.oldest] > CAPACITY
            or self.next - self.oldest >= self.retain
        ):
            self.oldest += 1
        for at, byte in enumerate(record, self.tail):
            self.file[self.data_offset + at % CAPACITY] = byte
        self.tail += len(record)
        self.next += 1
        self.time = time
        self.positions.append(self.tail)
        self.put("<Q", self.index_offset + 8 * (self.next % self.slots), self.tail)

    def close(self):
        """Stores the publish part, and says that all of it is on disk."""
        self.put("<3Q", PUBLISH, self.oldest, self.next, self.time)
        self.put("<Q", 4352, self.next)
        length = self.tail % PAGE
        start = self.data_offset + (self.tail - length) % CAPACITY
        mark = bytearray(MARK)
        struct.pack_into("<I4Q", mark, 4, 1, 1, self.next, self.tail, length)
        mark[64 : 64 + length] = self.file[start : start + length]
        crc = crc32c(struct.pack("<Q", self.epoch) + mark[4:])
        struct.pack_into("<I", mark, 0, crc)
        self.file[2 * MARK : 3 * MARK] = mark  # generation 1 is mark 1
        return bytes(self.file)

    def crosses_the_end(self):
        window = self.positions[self.oldest :]
        return any(
            a // CAPACITY != b // CAPACITY and b % CAPACITY != 0 for a, b in zip(window, window[1:])
        )


# ---- the events: FlatBuffers by hand ----


def load_event(seed, sequence, words):
    """As in docs/format.md, 10: root table at 24, its vtable of 10 bytes at 14."""
    first = (seed + sequence) * 0x9E3779B97F4A7C15
    head = struct.pack("<I4s6x5H", 24, b"RSLD", 10, 28, 8, 16, 4)
    table = struct.pack("<iI2Q4xI", 10, 24, seed, sequence, words)
    return head + table + struct.pack(f"<{words}Q", *((first + i) & MASK for i in range(words)))


class Builder:
    """A FlatBuffer front to back: each table, then what it refers to, so offsets are positive."""

    def __init__(self, root, file_id):
        self.out = bytearray(struct.pack("<I4s", 0, file_id))
        self.refer(0, root)

    def pad(self, multiple, ahead=0):
        while (len(self.out) + ahead) % multiple:
            self.out.append(0)

    def refer(self, slot, child):
        at = child(self)
        struct.pack_into("<I", self.out, slot, at - slot)


def table(*fields):
    """A table of `fields`: None (left out), (format, value...) in place, or a child to refer to.

    Each in-place field is at a multiple of 8, which suits all of them.
    """

    def write(builder):
        size = 8
        offsets = []
        for field in fields:
            offsets.append(0 if field is None else size)
            if isinstance(field, tuple):
                size += up(struct.calcsize("<" + field[0]), 8)
            elif field is not None:
                size += 8
        vtable = struct.pack(f"<{2 + len(fields)}H", 4 + 2 * len(fields), size, *offsets)
        builder.pad(8, len(vtable))
        builder.out += vtable
        at = len(builder.out)
        builder.out += struct.pack("<i", len(vtable)).ljust(size, b"\0")
        for field, offset in zip(fields, offsets):
            if isinstance(field, tuple):
                struct.pack_into("<" + field[0], builder.out, at + offset, *field[1:])
        for field, offset in zip(fields, offsets):
            if callable(field):
                builder.refer(at + offset, field)
        return at

    return write


def text(value):
    def write(builder):
        builder.pad(4)
        at = len(builder.out)
        data = value.encode()
        builder.out += struct.pack("<I", len(data)) + data + b"\0"
        return at

    return write


def texts(values):
    def write(builder):
        builder.pad(4)
        at = len(builder.out)
        builder.out += struct.pack("<I", len(values)) + bytes(4 * len(values))
        for i, value in enumerate(values):
            builder.refer(at + 4 + 4 * i, text(value))
        return at

    return write


def structs(form, values):
    def write(builder):
        builder.pad(8, 4)
        at = len(builder.out)
        builder.out += struct.pack("<I", len(values))
        for value in values:
            builder.out += struct.pack("<" + form, *value)
        return at

    return write


def event(kind, body):
    return bytes(Builder(table(("B", kind), body), b"RSEV").out)


def place(cycle, index, total):
    return ("QII", cycle, index, total)


def embedding(i):
    """Point i of cycle 3: what may be left out is left out of every third."""
    host = text(f"host-{i % 2}") if i % 3 else None
    profile = text("profile-é") if i % 3 else None
    return event(1, table(
        text(f"episode-{i}"), host, profile, ("f", i + 0.5), ("f", -i - 0.25), ("f", i / 8),
        ("i", i), ("i", i + 1) if i % 3 else None, ("i", -1), ("B", i % 2), place(3, i, 9)))


def batch():
    """The last five points of cycle 3 at once."""
    points = [(i + 0.5, -i - 0.25, i / 8, i, i + 1, -1, i - 4, i % 2, 0, i % 2) for i in range(4, 9)]
    return event(2, table(
        place(3, 4, 9), texts([f"episode-{i}" for i in range(4, 9)]), texts(["host-0", "host-1"]),
        texts(["profile-é"]), structs("3f3iIHBB", points)))


# ---- the files ----


def load_ring():
    """400 events of seed 7: the ring is full once, 255 are kept, one lies across the end."""
    segment = Segment(0x1122334455667788, (HERE / "load.bfbs").read_bytes(), b"RSLD", 256, 255)
    for sequence in range(400):
        # Pairs have one time, as when the clock stood still.
        time = CREATED + sequence // 2 * 1_000_000
        segment.append(load_event(7, sequence, 1 + sequence * 7 % 29), time)
    assert segment.next - segment.oldest == segment.retain
    assert segment.tail > CAPACITY and segment.crosses_the_end()
    return segment.close()


def embedding_ring():
    """Four single points, then a batch of five."""
    segment = Segment(0x8877665544332211, (HERE / "embedding.bfbs").read_bytes(), b"RSEV", 512, 511)
    for i in range(4):
        segment.append(embedding(i), CREATED + i)
    segment.append(batch(), CREATED + 1_000_000_000)
    return segment.close()


def empty_ring():
    """No event yet, and no schema."""
    return Segment(0x00000000DEADBEEF, b"", bytes(4), 16, 15).close()


def only_header(order="<", version=2, wrong=0):
    """What is refused by its first 128 bytes needs no more than a page."""
    plan = Segment(0x1122334455667788, b"", bytes(4), 16, 15)
    fixed = plan.fixed(b"", bytes(4), order, version)
    return (fixed + struct.pack(order + "I", crc32c(fixed) ^ wrong)).ljust(PAGE, b"\0")


FILES = {
    "load.ring": load_ring,
    "embedding.ring": embedding_ring,
    "empty.ring": empty_ring,
    "version-1.ring": lambda: only_header(version=1),
    "version-3.ring": lambda: only_header(version=3),
    "other-byte-order.ring": lambda: only_header(order=">"),
    "wrong-checksum.ring": lambda: only_header(wrong=1),
}


def write(directory):
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        (directory / name).write_bytes(make())


def check():
    """Names the first byte that differs of each file; returns how many files do."""
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch))
        for name in FILES:
            made = (Path(scratch) / name).read_bytes()
            path = HERE / name
            kept = path.read_bytes() if path.exists() else b""
            if made == kept:
                print(f"{name}: {len(made)} bytes, as committed")
                continue
            bad += 1
            first = next((i for i, (a, b) in enumerate(zip(made, kept)) if a != b),
                         min(len(made), len(kept)))
            print(f"{path}: {len(kept)} bytes, of the recipe {len(made)}; they differ from byte"
                  f" {first} on; if the format was meant to change, run {Path(__file__).name}"
                  f" {HERE}", file=sys.stderr)
    return bad


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if len(arguments) != 1 or (arguments[0].startswith("-") and arguments[0] != "--check"):
        print("recipe.py: usage: recipe.py DIRECTORY | --check; see --help", file=sys.stderr)
        return 2
    if arguments[0] == "--check":
        return 1 if check() else 0
    write(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
