"""Columns that are published: of any kind that holds their values, and refused where one would change."""

import array
import ctypes
import unittest

import numpy as np
from points_support import PointsBusTest, columns, utf8


class ColumnsTest(PointsBusTest):
    def test_columns_may_be_of_any_kind_that_holds_their_values(self):
        given = columns()
        text = {name: given[name] for name in ("episode_id", "host_id", "profile")}
        kinds = {
            "as they are": given,
            "doubles and 64 bits": {
                **given,
                **{name: given[name].astype("f8") for name in "xyz"},
                **{n: given[n].astype("i8") for n in ("phase_int", "predicted_int", "cluster")},
            },
            "small numbers": {
                **given,
                **{n: given[n].astype("i1") for n in ("phase_int", "predicted_int", "cluster")},
                "is_train": given["is_train"].astype("u1"),
            },
            "every other": {name: np.repeat(values, 2)[::2] for name, values in given.items()},
            "big endian": {
                **given,
                "x": given["x"].astype(">f4"),
                "cluster": given["cluster"].astype(">i8"),
                "episode_id": given["episode_id"].astype(given["episode_id"].dtype.newbyteorder()),
            },
            "bytes": {**given, **{name: utf8(values) for name, values in text.items()}},
            "objects": {**given, **{name: values.astype(object) for name, values in text.items()}},
            "lists": {name: values.tolist() for name, values in given.items()},
            "lists of bytes": {
                **given,
                **{name: utf8(values).tolist() for name, values in text.items()},
            },
            "arrays of Python": {
                **given,
                "x": array.array("f", given["x"].tolist()),
                "y": memoryview(array.array("d", given["y"].tolist())),
                "cluster": array.array("q", given["cluster"].tolist()),
                "is_train": bytes(given["is_train"].tolist()) and bytearray(given["is_train"].tolist()),
            },
            "objects of numbers": {n: v.astype(object) for n, v in given.items()},
            "masked arrays that hide nothing": {n: np.ma.masked_array(v) for n, v in given.items()},
            "read-only": {
                **given,
                "z": memoryview(given["z"].tobytes()).cast("f"),
            },
            "a structured array": np.rec.fromarrays(list(given.values()), names=list(given)),
        }
        for batch in (0, 1, 700):
            for kind, values in kinds.items():
                with self.subTest(kind=kind, batch=batch):
                    producer = self.open("p")
                    producer.publish_columns(values, batch=batch)
                    self.assert_same(self.points(), given)
                    producer.close()

    def test_whole_numbers_of_any_type_make_columns_with_numpy_and_without(self):
        producer = self.open()
        long, big = ctypes.c_long * 3, ctypes.c_int32.__ctype_be__ * 3
        for numbers in (
            [np.array([1, 2, 3], kind) for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")]
            + [array.array(letter, [1, 2, 3]) for letter in "bBhHiIlLqQ"]
            + [long(1, 2, 3), memoryview(array.array("i", [1, 0, 2, 0, 3, 0]))[::2], range(1, 4)]
        ):
            with self.subTest(numbers=numbers):
                producer.publish_columns(episode_id="e", x=numbers, phase_int=numbers)
                points = self.points()
                self.assertEqual(points.x.tolist(), [1, 2, 3])
                self.assertEqual(points.phase_int.tolist(), [1, 2, 3])
        with self.assertRaisesRegex(TypeError, "phase_int: the type"):
            producer.publish_columns(episode_id="e", phase_int=big(1, 2, 3))

    def test_what_would_change_in_a_column_is_refused_and_the_column_named(self):
        producer = self.open()
        half = [1.5, 2, 3]
        for name, bad, error in [
            ("cluster", np.array(half, object), TypeError),
            ("cluster", np.array([1, None, 3], object), TypeError),
            ("cluster", np.array(["1", "2", "3"], object), TypeError),
            ("x", np.array(["1", "2", "nan"], object), TypeError),
            ("x", np.array([1, None, 3], object), TypeError),
            ("cluster", half, TypeError),
            ("cluster", [1, None, 3], TypeError),
            ("cluster", [1, 2**70, 3], ValueError),
            ("cluster", np.array([1, 2**70, 3], object), ValueError),
            ("cluster", array.array("d", half), TypeError),
            ("cluster", array.array("Q", [1, 2, 2**64 - 1]), ValueError),
            ("x", ["1", "2", "3"], TypeError),
            ("cluster", np.ma.masked_array([1, 2, 3], [0, 1, 0]), ValueError),
            ("x", np.ma.masked_array([1.0, 2, 3], [0, 1, 0]), ValueError),
            ("episode_id", np.ma.masked_array(["a", "b", "c"], [0, 1, 0]), ValueError),
            ("host_id", ["a", "\ud800", "c"], ValueError),
        ]:
            with self.subTest(name=name, bad=bad), self.assertRaises(error) as caught:
                producer.publish_columns({"episode_id": "e", "y": [0.0] * 3, name: bad})
            self.assertTrue(str(caught.exception).startswith(name + ": "), str(caught.exception))
        with self.assertRaisesRegex(ValueError, "1 values are masked; fill them"):
            producer.publish_columns(x=np.ma.masked_array([1.0, 2], [0, 1]), episode_id="e")
        self.assertEqual(producer.info.next, 0)

    def test_columns_that_are_left_out_have_their_defaults(self):
        self.open().publish_columns(episode_id="all the same", x=np.arange(5, dtype="f4"))
        points = self.points()
        self.assertEqual(points.episode_id.tolist(), [b"all the same"] * 5)
        self.assertEqual(points.host_id.tolist(), [b""] * 5)
        self.assertEqual(points.x.tolist(), [0, 1, 2, 3, 4])
        self.assertEqual(points.y.tolist(), [0] * 5)
        self.assertEqual(points.cluster.tolist(), [-1] * 5)
        self.assertEqual(points.is_train.tolist(), [False] * 5)
        self.assertTrue(points.is_view)

    def test_what_cannot_be_a_column_is_refused_and_nothing_is_published(self):
        producer = self.open()
        good = columns(10)
        for name, bad, error in [
            ("x", np.arange(9), ValueError),
            ("x", np.zeros((10, 1)), ValueError),
            ("x", ["a"] * 10, TypeError),
            ("x", "text", TypeError),
            ("cluster", np.full(10, 2**31), ValueError),
            ("cluster", np.full(10, 2**63, dtype="u8"), ValueError),
            ("cluster", np.full(10, 0.5), TypeError),
            ("is_train", np.full(10, 256), ValueError),
            ("episode_id", ["a\0b"] * 10, ValueError),
            ("episode_id", np.array([b"a\0b"] * 10), ValueError),
            ("host_id", np.array([b"a\0b"] * 10), ValueError),
            ("host_id", np.array([b"\xff"] * 10), ValueError),
            ("episode_id", np.array(["\ud800"] * 10), ValueError),
            ("host_id", np.array(["\ud800"] * 10), ValueError),
            ("profile", ["\ud800"] * 10, ValueError),
            ("profile", [1] * 10, TypeError),
            ("nose", np.arange(10), ValueError),
        ]:
            with self.subTest(name=name, bad=bad), self.assertRaises(error):
                producer.publish_columns({**good, name: bad})
        with self.assertRaises(ValueError):
            producer.publish_columns(x=np.arange(10))
        with self.assertRaises(ValueError):
            producer.publish_columns(good, index=1, total=10)
        self.assertEqual(producer.info.next, 0)
        producer.publish_columns(good)
        self.assert_same(self.points(), good)


if __name__ == "__main__":
    unittest.main()
