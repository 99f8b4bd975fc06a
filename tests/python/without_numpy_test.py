"""The package where there is no NumPy: everything works, with arrays of the standard library."""

import array
import os
import sys
import unittest
import unittest.mock


class NoNumpy:
    """Stands before every finder, and knows no numpy."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "numpy":
            raise ModuleNotFoundError("No module named 'numpy'", name="numpy")
        return None


sys.meta_path.insert(0, NoNumpy)

import ringside  # noqa: E402
from support import BusTest  # noqa: E402

GIVEN = {
    "episode_id": ["e%d" % i for i in range(100)],
    "host_id": ["hö", "h2"] * 50,
    "profile": "all",
    "x": array.array("f", range(100)),
    "y": [i / 2 for i in range(100)],
    "z": range(100),
    "phase_int": array.array("q", range(100)),
    "cluster": [3] * 100,
    "is_train": bytearray([0, 1] * 50),
}


class WithoutNumpyTest(BusTest):
    def test_numpy_is_not_there(self):
        with self.assertRaises(ImportError):
            import numpy  # noqa: F401

    def test_columns_go_in_and_come_out_as_copies(self):
        for batch in (0, 1, 30):
            with self.subTest(batch=batch):
                with ringside.Producer("embedding", "p", bus=self.bus) as producer:
                    producer.publish_columns(GIVEN, batch=batch)
                points = ringside.Reader("embedding", bus=self.bus).points()
                self.assertEqual(len(points), 100)
                self.assertFalse(points.is_view)
                self.assertEqual(points.x, GIVEN["x"])
                self.assertEqual(points.y.tolist(), GIVEN["y"])
                self.assertEqual(points.phase_int.tolist(), list(range(100)))
                self.assertEqual(points.predicted_int.tolist(), [-1] * 100)
                self.assertEqual(points.is_train.tolist(), [0, 1] * 50)
                self.assertEqual([id.decode() for id in points.episode_id], GIVEN["episode_id"])
                self.assertEqual([host.decode() for host in points.host_id], GIVEN["host_id"])
                self.assertEqual(points.profile[99], b"all")
                copy = points.copy().copy()
                copy.x[0] = 77
                self.assertEqual(points.x, GIVEN["x"])
                self.assertEqual(list(copy.episode_id), list(points.episode_id))
                self.assertIsNot(copy.episode_id, points.episode_id)

    def test_the_first_example_of_the_help_runs(self):
        lines = [line[4:] for line in ringside.__doc__.splitlines() if line[:4] in (">>> ", "... ")]
        self.assertGreater(len(lines), 3)
        names = {"ids": ["a", "b"], "x": [1.0, 2.0], "y": [3.0] * 2, "z": [4.0] * 2, "labels": [1, 2]}
        with unittest.mock.patch.dict(os.environ, RINGSIDE_BUS=self.bus):
            exec("\n".join(lines), names)
        self.assertEqual(list(names["points"].x), [1.0, 2.0])

    def test_the_help_of_what_has_fields_tells_of_each(self):
        for kind in (ringside.Segment, ringside.ProducerInfo, ringside.Gap, ringside.Record):
            for name in kind._fields:
                self.assertRegex(kind.__doc__, rf"\n    (\w+, )?{name}\b", kind)
        for name in ("sequence", "timestamp_ns", "data", "gaps"):
            self.assertRegex(ringside.Event.__doc__, rf"\n    {name} ")

    def test_events_and_runs(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            for i in range(10):
                producer.publish({"seed": i})
        reader = ringside.Reader("load", bus=self.bus)
        self.assertEqual([event.value["seed"] for event in reader], list(range(10)))
        self.assertEqual(reader.run().count, 10)


if __name__ == "__main__":
    unittest.main()
