#!/usr/bin/python3
"""What the Python package costs: an event, 150,000 points in one call, and 150,000 points read.

Each figure beside its floor or its rival, taken in the same run: the call of an empty C function, a copy
of the same columns. Needs NumPy; the library as the package finds it (RINGSIDE_LIBRARY).

    PYTHONPATH=producer_shim/python /usr/bin/python3 bench/python_client.py [--json]
"""

import argparse
import ctypes
import json
import platform
import shutil
import statistics
import tempfile
import time

try:
    import numpy as np
    from numpy import ndarray  # noqa: F401 (an uninstalled package may leave an empty folder)
    import ringside
except ImportError as error:
    raise SystemExit(f"python_client.py: {error}; install python3-numpy (scripts/install.sh --tests does), and see producer_shim/python/README.md")

POINTS = 150_000
EVENTS = 200_000


def sample(call, times):
    """First, best and median duration in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return taken[0], min(taken), statistics.median(taken)


def per_event(call, count=EVENTS, rounds=5):
    """The best and the median of a few rounds, in microseconds a call."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            call()
        taken.append((time.perf_counter() - start) / count * 1e6)
    return min(taken), statistics.median(taken)


def columns():
    random = np.random.default_rng(1)
    return {
        "episode_id": np.array([f"episode-{i:06d}" for i in range(POINTS)]),
        "host_id": random.choice([f"worker-{i:02d}" for i in range(16)], POINTS),
        "profile": random.choice(["fast", "slow", "idle"], POINTS),
        "x": random.standard_normal(POINTS),
        "y": random.standard_normal(POINTS),
        "z": random.standard_normal(POINTS),
        "phase_int": random.integers(0, 6, POINTS),
        "predicted_int": random.integers(0, 6, POINTS),
        "cluster": random.integers(0, 10, POINTS),
        "is_train": random.random(POINTS) < 0.8,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    bus = tempfile.mkdtemp(prefix="ringside-bench-", dir="/dev/shm")
    figures = {}

    def show(name, value, unit):
        figures[name] = {"value": round(value, 3), "unit": unit}
        if not arguments.json:
            print(f"{name:<58}{value:10.3f} {unit}")

    try:
        if not arguments.json:
            print(f"Python {platform.python_version()}, NumPy {np.__version__}, {ringside.library_path}")
        given = columns()
        producer = ringside.Producer("embedding", "bench", bus=bus, capacity_bytes=256 << 20)

        empty = ctypes.PyDLL(ringside.library_path).ringside_abi
        empty.argtypes, empty.restype = [], ctypes.c_int
        point = {name: values[0].item() for name, values in given.items()}
        producer.publish(point)
        (event,) = ringside.Reader("embedding", bus=bus).events("last:1")
        data, text = event.data, event.json()
        for name, call in [
            ("an event of %d bytes" % len(data), lambda: producer.publish(data)),
            ("an event from a dict", lambda: producer.publish(point)),
            ("an event from JSON text", lambda: producer.publish_json(text)),
            ("an empty C function (the floor of the three)", empty),
        ]:
            best, median = per_event(call, EVENTS // 10 if "JSON" in name else EVENTS)
            show(name + ", median", median, "us")
            show(name + ", best", best, "us")

        as_bytes = {
            name: np.char.encode(values) if values.dtype.kind == "U" else values
            for name, values in given.items()
        }
        as_lists = {name: values.tolist() for name, values in given.items()}
        small = {
            name: values.astype("f4" if values.dtype.kind == "f" else "i4")
            if values.dtype.kind in "fi"
            else values
            for name, values in as_bytes.items()
        }
        one_host = {**as_bytes, "host_id": "worker-01", "profile": "fast"}
        for name, values, batch in [
            ("NumPy columns (U, f8, i8)", given, 0),
            ("NumPy columns (S, f8, i8)", as_bytes, 0),
            ("NumPy columns (S, f4, i4)", small, 0),
            ("NumPy columns, one host and profile for all", one_host, 0),
            ("lists of Python", as_lists, 0),
            ("NumPy columns (U, f8, i8), an event each", given, 1),
        ]:
            first, best, median = sample(
                lambda values=values, batch=batch: producer.publish_columns(values, batch=batch), 21
            )
            show(f"150,000 points from {name}, median", median * 1e3, "ms")
            show("  first", first * 1e3, "ms")
            show("  best", best * 1e3, "ms")

        reader = ringside.Reader("embedding", bus=bus)
        for batch in (0, 1):
            producer.publish_columns(given, batch=batch)
            name = "one event each" if batch else "one event"
            _, _, found = sample(reader.points, 21)
            points = reader.points()
            if not points.is_view or not np.array_equal(points.x, given["x"].astype("f4")):
                raise SystemExit("python_client.py: the points in the ring are not those that were published")
            show(f"150,000 points of {name} found in place, median", found * 1e3, "ms")
            _, _, mean = sample(lambda points=points: points.x.mean(), 21)
            show("  and then the mean of x in place, median", mean * 1e3, "ms")
            _, _, copied = sample(points.copy, 21)
            show("  a copy of all ten columns instead, median", copied * 1e3, "ms")
        start = time.perf_counter()
        sequences = [event.sequence for event in reader.events("last:150000")]
        count = len(sequences)
        show("an event read as a checked copy", (time.perf_counter() - start) / count * 1e6, "us")
        if sequences != list(range(sequences[0], sequences[0] + POINTS)):
            raise SystemExit(f"python_client.py: {count} events were read of {POINTS}, or not in order")
        producer.close()
    finally:
        shutil.rmtree(bus)
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    try:
        main()
    except (ringside.RingsideError, OSError) as error:
        raise SystemExit(f"python_client.py: {error}")
