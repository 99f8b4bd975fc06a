#!/usr/bin/python3
"""What the Python package of this build costs, for bench/compare. It takes turns as ringside_bench does.

    publish.py event BUS EVENTS      publish() of a finished event; ns an event
    publish.py columns BUS POINTS    publish_columns() of NumPy columns, one event; ms a call
"""

import json
import sys
import time

try:
    import numpy as np
    from numpy import ndarray  # noqa: F401 (an uninstalled package may leave an empty folder)
    import ringside
except ImportError as error:
    raise SystemExit(f"publish.py: {error}; install python3-numpy (scripts/install.sh --tests does)")


def columns(count):
    random = np.random.default_rng(1)
    return {
        "episode_id": np.array([f"episode-{i:06d}" for i in range(count)]),
        "host_id": random.choice([f"worker-{i:02d}" for i in range(16)], count),
        "profile": random.choice(["fast", "slow", "idle"], count),
        **{axis: random.standard_normal(count) for axis in "xyz"},
        **{name: random.integers(0, 6, count) for name in ("phase_int", "predicted_int", "cluster")},
        "is_train": random.random(count) < 0.8,
    }


def event_turn(producer, bus, count):
    producer.publish({"episode_id": "train-00007", "host_id": "host", "x": 0.5, "y": -0.25, "z": 1.5})
    reader = ringside.Reader("embedding/python", bus=bus)
    (event,) = reader.events("last:1")
    data = bytes(event.data)

    def turn():
        start = time.perf_counter_ns()
        for _ in range(count):
            producer.publish(data)
        taken = time.perf_counter_ns() - start
        (last,) = reader.events("last:1")
        if bytes(last.data) != data or last.sequence % count != 0:
            raise SystemExit(f"publish.py: event {last.sequence} is not what was published")
        return {"ns": taken / count}

    return turn


def columns_turn(producer, bus, count):
    given = columns(count)
    expected = given["x"].astype("f4")

    def turn():
        start = time.perf_counter_ns()
        producer.publish_columns(given)
        taken = time.perf_counter_ns() - start
        points = ringside.Reader("embedding/python", bus=bus).points()
        if len(points) != count or not np.array_equal(points.x, expected):
            raise SystemExit("publish.py: the points are not what was published")
        return {"ms": taken / 1e6}

    return turn


def main(kind, bus, count):
    # Small enough for the first turn, which is not counted, to touch every page of the ring.
    producer = ringside.Producer("embedding", "python", bus=bus, capacity_bytes={"event": 2 << 20, "columns": 16 << 20}[kind])
    turn = {"event": event_turn, "columns": columns_turn}[kind](producer, bus, int(count))
    turn()
    print(json.dumps({"contract": 1}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(turn()), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("event", "columns"):
        raise SystemExit(__doc__.strip())
    try:
        main(*sys.argv[1:])
    except ringside.RingsideError as error:
        raise SystemExit(f"publish.py: {error}")
