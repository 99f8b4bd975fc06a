"""The Python writer and reader, and the writer that prints JSON lines for a pipe.

    points.py write BUS PRODUCER CYCLE (one | all) <points.tsv
    points.py read BUS PRODUCER >points.tsv
    points.py lines CYCLE <points.tsv | ringside publish ...
"""
import json
import struct
import sys

NAMES = ["episode_id", "host_id", "profile", "x", "y", "z", "phase_int", "predicted_int", "cluster",
         "is_train"]  # fmt: skip


def to_float(digits):
    return struct.unpack(">f", bytes.fromhex(digits))[0]


def to_digits(value):
    return struct.pack(">f", value).hex()


def to_text(value):
    """NumPy has them as bytes, in place."""
    return value.decode() if isinstance(value, bytes) else value


def parse(stream):
    kinds = [str] * 3 + [to_float] * 3 + [int] * 3 + ["1".__eq__]
    return [
        {name: kind(text) for name, kind, text in zip(NAMES, kinds, line.rstrip("\n").split("\t"))}
        for line in stream
    ]


def line_of(point):
    kinds = [to_text] * 3 + [to_digits] * 3 + [str] * 3 + [lambda flag: "1" if flag else "0"]
    return "\t".join(kind(point[name]) for name, kind in zip(NAMES, kinds))


def write(bus, producer, cycle, how):
    import ringside

    points = parse(sys.stdin)
    with ringside.Producer("embedding", producer, bus=bus, capacity_bytes=1 << 20) as to:
        if how == "all":
            to.publish_columns({name: [point[name] for point in points] for name in NAMES},
                               cycle=int(cycle))  # fmt: skip
            return
        for i, point in enumerate(points):
            to.publish({**point, "cycle": int(cycle), "index": i, "total": len(points)})


def read(bus, producer):
    import ringside

    # The points of the whole window, as columns over the mapping.
    columns = ringside.Reader("embedding", producer, bus=bus).points().columns()
    for row in zip(*(columns[name] for name in NAMES)):
        print(line_of(dict(zip(NAMES, row))))


def lines(cycle):
    points = parse(sys.stdin)
    for i, point in enumerate(points):
        slot = {"cycle": int(cycle), "index": i, "total": len(points)}
        print(json.dumps({"body_type": "Embedding", "body": {**point, "slot": slot}}))


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    {"write": write, "read": read, "lines": lines}[sys.argv[1]](*sys.argv[2:])
