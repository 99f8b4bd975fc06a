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
        with self.assertRaisesRegex(TypeError, "phase_int: a buffer of '>i', and should be whole numbers"):
            producer.publish_columns(episode_id="e", phase_int=big(1, 2, 3))

    def test_what_would_change_in_a_column_is_refused_and_the_column_named(self):
        producer = self.open()
        half = [1.5, 2, 3]
        for name, bad, error in [
            ("cluster", np.array(half, object), ValueError),
            ("cluster", np.array(["1", "2", "3"], object), TypeError),
            ("x", np.array(["1", "2", "nan"], object), TypeError),
            ("x", np.array([1, None, 3], object), ValueError),
            ("cluster", half, ValueError),
            ("cluster", [1, 2**70, 3], ValueError),
            ("cluster", np.array([1, 2**70, 3], object), ValueError),
            ("cluster", array.array("d", half), ValueError),
            ("cluster", array.array("Q", [1, 2, 2**64 - 1]), ValueError),
            ("x", ["1", "2", "3"], TypeError),
            ("x", np.ma.masked_array([1.0, 2, 3], [0, 1, 0]), ValueError),
            ("episode_id", np.ma.masked_array(["a", "b", "c"], [0, 1, 0]), ValueError),
            ("host_id", ["a", "\ud800", "c"], ValueError),
        ]:
            with self.subTest(name=name, bad=bad), self.assertRaises(error) as caught:
                producer.publish_columns({"episode_id": "e", "y": [0.0] * 3, name: bad})
            self.assertTrue(str(caught.exception).startswith(name + ": "), str(caught.exception))
        with self.assertRaisesRegex(ValueError, "^x: row 1 is None, and it must be there"):
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
            ("cluster", np.full(10, 0.5), ValueError),
            ("is_train", np.full(10, 2), ValueError),
            ("episode_id", ["a\0b"] * 10, ValueError),
            ("episode_id", np.array([b"a\0b"] * 10), ValueError),
            ("host_id", np.array([b"a\0b"] * 10), ValueError),
            ("host_id", np.array([b"\xff"] * 10), ValueError),
            ("episode_id", np.array(["\ud800"] * 10), ValueError),
            ("host_id", np.array(["\ud800"] * 10), ValueError),
            ("profile", ["\ud800"] * 10, ValueError),
            ("profile", [1.0] * 10, TypeError),
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

    def test_a_column_may_be_one_value_or_anything_that_yields_values(self):
        producer = self.open()
        producer.publish_columns(
            episode_id=(str(i) for i in range(3)),
            host_id=7,
            profile=np.str_("p"),
            x=1,
            y=np.float32(0.5),
            z={"a": 1.0, "b": 2.0, "c": 3.0}.values(),
            phase_int=np.array(4),
            cluster=range(3),
            is_train=True,
        )
        points = self.points()
        self.assertEqual(points.episode_id.tolist(), [b"0", b"1", b"2"])
        self.assertEqual(points.host_id.tolist(), [b"7"] * 3)
        self.assertEqual(points.profile.tolist(), [b"p"] * 3)
        self.assertEqual(points.x.tolist(), [1] * 3)
        self.assertEqual(points.y.tolist(), [0.5] * 3)
        self.assertEqual(points.z.tolist(), [1, 2, 3])
        self.assertEqual(points.phase_int.tolist(), [4] * 3)
        self.assertEqual(points.cluster.tolist(), [0, 1, 2])
        self.assertEqual(points.is_train.tolist(), [True] * 3)

    def test_what_is_missing_is_what_it_is_in_a_file(self):
        producer = self.open()
        NAType = type("NAType", (), {})  # pandas' own is known by this name
        for missing in (None, float("nan"), NAType(), np.nan, np.ma.masked):
            with self.subTest(missing=missing):
                producer.publish_columns(
                    episode_id=["a", "b"],
                    host_id=["h", missing],
                    profile=np.array([missing, "p"], object),
                    cluster=[1, missing],
                    phase_int=np.array([missing, 2], object),
                )
                points = self.points()
                self.assertEqual(points.host_id.tolist(), [b"h", b""])
                self.assertEqual(points.profile.tolist(), [b"", b"p"])
                self.assertEqual(points.cluster.tolist(), [1, -1])
                self.assertEqual(points.phase_int.tolist(), [-1, 2])
                with self.assertRaisesRegex(ValueError, "^episode_id: row 1 is .*must be there"):
                    producer.publish_columns(episode_id=["a", missing])
        producer.publish_columns(
            episode_id=["a", "b"],
            cluster=np.array([np.nan, 3.0]),
            phase_int=np.ma.masked_array([1, 2], [1, 0]),
            host_id=np.ma.masked_array(["g", "h"], [0, 1]),
        )
        points = self.points()
        self.assertEqual(points.cluster.tolist(), [-1, 3])
        self.assertEqual(points.phase_int.tolist(), [-1, 2])
        self.assertEqual(points.host_id.tolist(), [b"g", b""])

    def test_tables_and_columns_of_other_libraries_are_taken_by_what_they_can(self):
        class Arrow:  # has nulls, so that it makes a list and no array
            def __init__(self, values):
                self._values = values

            def to_numpy(self):
                raise RuntimeError("needs a copy")

            def to_pylist(self):
                return self._values

        class Tensor:  # neither a buffer nor a sequence
            def __init__(self, values):
                self._values = values

            def __array__(self, dtype=None, copy=None):
                return np.array(self._values, dtype)

        class Table:
            column_names = ["episode_id", "cluster", "x"]

            def __getitem__(self, name):
                columns = {"episode_id": ["a", "b"], "cluster": Arrow([1, None]), "x": Tensor([1, 2])}
                return columns[name]

        class Frame(Table):
            column_names = None
            columns = Table.column_names

        class Twice(Frame):
            columns = ["episode_id", "x", "x"]

        producer = self.open()
        for table in (Table(), Frame()):
            producer.publish_columns(table)
            points = self.points()
            self.assertEqual(points.cluster.tolist(), [1, -1])
            self.assertEqual(points.x.tolist(), [1, 2])
        for bad, error, message in [
            ([["a"], [1.0]], TypeError, "a table with names is needed .* not list"),
            (5, TypeError, "a table with names is needed .* not int"),
            (Twice(), ValueError, "x is there 2 times"),
            ({0: ["a"]}, TypeError, "0 is no name of a column"),
            ({"episode_id": ["a"], "extra": [1]}, ValueError, r"no extra; there are .*df\[\["),
            ({"episode_id": ["a"], "X": [1]}, ValueError, "points have no X; there are"),
            ({"episode_id": ["a"], "index": [1]}, ValueError, "points have no index"),
        ]:
            with self.subTest(bad=bad), self.assertRaisesRegex(error, message):
                producer.publish_columns(bad)
        class Lazy:
            def __array__(self, dtype=None, copy=None):
                raise RuntimeError("on another device")

        for bad, message in [
            ({1.0, 2.0}, "^x: a set is no column"),
            ({0: 1.0}, "^x: a dict is no column"),
            (object(), "^x: a column is needed, not <object"),
            (None, "^x: a column is needed, not None"),
            (Lazy(), "^x: Lazy makes no array: on another device"),
            (np.array(["2024-01-01"], "M8[D]"), r"^x: datetime64\[D\], and should be numbers"),
            (np.array([1j]), "^x: complex128, and should be numbers"),
            ("far", "^x: 'far', and should be numbers"),
        ]:
            with self.subTest(bad=bad), self.assertRaisesRegex(TypeError, message):
                producer.publish_columns(episode_id=["a"], x=bad)

    def test_a_nul_inside_a_text_is_refused_in_every_column_and_kind(self):
        producer = self.open()
        for name in ("episode_id", "host_id", "profile"):
            for texts in (["ok", "x\0y"], ["ok", "é\0y"], ["éé", "x\0\0y"]):
                for array_of in (
                    list,
                    np.array,
                    lambda texts: np.array(texts, object),
                    lambda texts: [text.encode() for text in texts],
                    lambda texts: np.array([text.encode() for text in texts]),
                ):
                    given = array_of(texts)
                    with self.subTest(name=name, given=given):
                        with self.assertRaisesRegex(ValueError, f"^{name}: row 1 .*holds a NUL"):
                            producer.publish_columns({"episode_id": ["a", "b"], name: given})
        self.assertEqual(producer.info.next, 0)


if __name__ == "__main__":
    unittest.main()
