"""What the tests of points share: points that differ in all, and how they are compared."""

import numpy as np
import ringside
from support import BusTest

N = 3000


def columns(count=N, seed=1):
    """Points in which every value differs from its neighbours'."""
    random = np.random.default_rng(seed)
    return {
        "episode_id": np.array([f"episode-{i}" for i in range(count)]),
        "host_id": random.choice(["worker-1", "worker-22", "wörker"], count),
        "profile": random.choice(["fast", "slow"], count),
        "x": random.standard_normal(count).astype("f4"),
        "y": random.standard_normal(count).astype("f4"),
        "z": random.standard_normal(count).astype("f4"),
        "phase_int": random.integers(-1, 6, count).astype("i4"),
        "predicted_int": random.integers(-1, 6, count).astype("i4"),
        "cluster": random.integers(-1, 9, count).astype("i4"),
        "is_train": random.random(count) < 0.8,
    }


def utf8(values):
    return np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values


class PointsBusTest(BusTest):
    """A test with producers and readers of points."""

    def open(self, name="p", **options):
        producer = ringside.Producer("embedding", name, bus=self.bus, **options)
        self.addCleanup(producer.close)
        return producer

    def points(self, which="latest", name="p"):
        return ringside.Reader("embedding", name, bus=self.bus).points(which)

    def assert_same(self, points, given):
        self.assertEqual(len(points), len(given["x"]))
        for name, values in given.items():
            there = getattr(points, name)
            self.assertEqual(len(there), len(values))
            if name in ("episode_id", "host_id", "profile"):
                values = utf8(values)
            np.testing.assert_array_equal(there, values, err_msg=name)
        points.check()
