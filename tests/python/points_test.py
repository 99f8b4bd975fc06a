"""Points as columns: NumPy in, NumPy out, without a copy where it can be, and told where it cannot."""

import array
import ctypes
import os
import time
import unittest

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


class PointsTest(BusTest):
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

    def assert_in_place(self, points, reader):
        """Every byte of every number is inside the mapping, and cannot be written."""
        self.assertTrue(points.is_view)
        base, size = reader.mapping
        for name in ("x", "y", "z", "phase_int", "predicted_int", "cluster", "is_train"):
            column = getattr(points, name)
            first = column.ctypes.data
            last = first + (len(column) - 1) * column.strides[0] + column.itemsize
            self.assertTrue(base <= first and last <= base + size, name)
            self.assertFalse(column.flags.writeable)
            with self.assertRaises(ValueError):
                column.flags.writeable = True
            self.assertFalse(column.flags.owndata)

    def test_150000_points_are_seen_in_place_from_one_event_or_from_one_each(self):
        given = columns(150_000)
        for batch, stride in ((0, 32), (1, None)):
            with self.subTest(batch=batch):
                producer = self.open(f"p{batch}", capacity=64 << 20)
                producer.publish_columns(given, batch=batch)
                reader = ringside.Reader("embedding", f"p{batch}", bus=self.bus)
                points = reader.points()
                self.assert_same(points, given)
                self.assert_in_place(points, reader)
                self.assertIn("episode_id", points.text_views)
                if stride:
                    self.assertEqual(points.x.strides, (stride,))
                # What the ring holds is what the array shows: no copy was made in between.
                address = points.x.ctypes.data + 777 * points.x.strides[0]
                self.assertEqual(ctypes.c_float.from_address(address).value, given["x"][777])

    def test_the_command_prints_what_the_columns_held(self):
        given = columns(50)
        self.open().publish_columns(given, batch=1, cycle=3)
        lines = self.tail("embedding/p")
        self.assertEqual(len(lines), 50)
        for i, line in enumerate(lines):
            body = line["event"]["body"]
            self.assertEqual(body.pop("place"), {"cycle": 3, "index": i, "total": 50})
            for name, values in given.items():
                if values.dtype.kind == "f":
                    self.assertEqual(np.float32(body[name]), values[i])
                else:
                    self.assertEqual(body[name], values[i])

    def test_a_batch_is_what_the_command_prints_too(self):
        given = columns(50)
        self.open().publish_columns(given)
        (line,) = self.tail("embedding/p")
        body = line["event"]["body"]
        self.assertEqual(line["event"]["body_type"], "EmbeddingBatch")
        self.assertEqual(body["place"], {**body["place"], "index": 0, "total": 50})
        for i, point in enumerate(body["points"]):
            self.assertEqual(body["episodes"][point["episode"]], given["episode_id"][i])
            self.assertEqual(body["hosts"][point["host"]], given["host_id"][i])
            self.assertEqual(body["profiles"][point["profile"]], given["profile"][i])
            self.assertEqual(point["phase_int"], given["phase_int"][i])
            self.assertEqual(point["is_train"], given["is_train"][i])
            self.assertEqual(np.float32(point["x"]), given["x"][i])

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

    def test_cycles_follow_each_other_also_after_a_restart(self):
        for cycle in range(3):
            producer = self.open(capacity=1 << 20)
            producer.publish_columns(columns(10, seed=cycle))
            producer.close()
        cycles = [e.value["body"]["place"]["cycle"] for e in ringside.Reader("embedding", bus=self.bus)]
        self.assertEqual(cycles, sorted(set(cycles)))
        self.assertGreater(cycles[0], time.time_ns() - 60 * 10**9)
        self.assert_same(self.points(), columns(10, seed=2))
        self.assertEqual(len(self.points("window")), 30)

    def test_the_latest_are_each_point_of_a_cycle_once(self):
        producer = self.open()
        given = columns(100)
        producer.publish_columns(given, batch=1)
        half = {name: values[:50] for name, values in columns(100, seed=2).items()}
        producer.publish_columns(half, batch=1, total=100)
        points = self.points()
        self.assertEqual(len(points), 100)
        np.testing.assert_array_equal(points.x, np.concatenate([given["x"][50:], half["x"]]))
        self.assertTrue(points.is_view)

    def test_points_in_several_layouts_are_copied_and_the_flag_says_so(self):
        producer = self.open()
        given = columns(1000)
        producer.publish_columns(given, batch=300)
        points = self.points()
        self.assertFalse(points.is_view)
        self.assert_same(points, given)
        # Copies outlive what they were made of.
        for _ in range(3000):
            producer.publish_columns(columns(10), batch=1)
        self.assertTrue(points.is_whole())

    def test_texts_of_uneven_lengths_are_copied_while_numbers_stay_in_place(self):
        given = columns(1000)
        given["episode_id"] = np.array(["e" * (1 + 400 * (i == 7)) + str(i) for i in range(1000)])
        self.open("batch").publish_columns(given)
        points = self.points(name="batch")
        self.assertTrue(points.is_view)
        self.assertNotIn("episode_id", points.text_views)
        self.assert_same(points, given)
        self.open("each").publish_columns(given, batch=1)  # too long for even records
        points = self.points(name="each")
        self.assertFalse(points.is_view)
        self.assert_same(points, given)

    def test_points_from_json_are_read_whatever_their_layout(self):
        # The schema's own defaults are left out there, so layouts differ from point to point.
        producer = self.open("json")
        bodies = [
            '{"episode_id": "e1", "x": 1.5}',
            '{"episode_id": "longer than the other", "host_id": "h", "is_train": true}',
        ]
        for body in bodies:
            producer.publish_json('{"body_type": "Embedding", "body": %s}' % body)
        points = self.points(name="json")
        self.assertFalse(points.is_view)
        self.assertEqual(points.episode_id.tolist(), [b"e1", b"longer than the other"])
        self.assertEqual(points.x.tolist(), [1.5, 0])
        self.assertEqual(points.host_id.tolist(), [b"", b"h"])
        self.assertEqual(points.cluster.tolist(), [-1, -1])
        self.assertEqual(points.is_train.tolist(), [False, True])

    def test_a_lapped_view_says_so_and_a_copy_stays(self):
        producer = self.open(capacity=1 << 20)
        given = columns(1000)
        producer.publish_columns(given)
        points = self.points()
        copy = points.copy()
        for i in range(40):
            producer.publish_columns(columns(1000, seed=i))
        self.assertFalse(points.is_whole())
        with self.assertRaises(ringside.Overwritten):
            points.check()
        with self.assertRaises(ringside.Overwritten):
            points.copy()
        self.assert_same(copy, given)

    def test_columns_have_the_names_of_the_schema_alone(self):
        self.open().publish_columns(columns(10))
        points = self.points()
        self.assertEqual(set(points.columns()), set(ringside.POINT_COLUMNS))
        columns_there = {
            name
            for name in dir(points)
            if not name.startswith("_") and isinstance(getattr(points, name), np.ndarray)
        }
        self.assertEqual(columns_there, set(ringside.POINT_COLUMNS))

    def test_a_copy_shares_nothing_also_if_it_is_one_of_a_copy(self):
        given = columns(100)
        self.open().publish_columns(given)
        points = self.points()
        first = points.copy()
        second = first.copy()
        for name, column in second.columns().items():
            self.assertFalse(np.shares_memory(column, getattr(first, name)), name)
            column[:] = column[::-1].copy()
        self.assert_same(first, given)
        self.assert_same(points, given)

    def test_views_outlive_their_reader_and_its_file(self):
        self.open().publish_columns(columns(100))
        points = self.points()
        x = points.x
        before = x.copy()
        del points
        os.remove(os.path.join(self.bus, "embedding", "p.ring"))
        np.testing.assert_array_equal(x, before)

    def test_a_channel_of_other_events_has_no_points(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            self.assertEqual(len(ringside.Reader("load", bus=self.bus).points()), 0)
            producer.publish({"seed": 1})
            with self.assertRaises(ringside.InvalidEvent):
                ringside.Reader("load", bus=self.bus).points()
            with self.assertRaises(ringside.InvalidArgument):
                producer.publish_columns(columns(10))

    def test_points_that_lie_are_refused_or_read_inside_their_event(self):
        given = columns(20)
        producer = self.open("good", capacity=1 << 20)
        for batch in (0, 1):
            producer.publish_columns(given, batch=batch)
        path = os.path.join(self.bus, "embedding", "good.ring")
        with open(path, "r+b") as file:
            content = bytearray(file.read())
        reader = ringside.Reader("embedding", "good", bus=self.bus)
        base, _ = reader.mapping
        run = reader.run()
        start = content.index(bytes(run.bytes[:64]))
        read = 0
        with open(path, "r+b") as file:  # as a hostile process would, under the reader
            for at in range(start, start + len(run.bytes), 3):
                for value in (b"\xff", b"\x00", b"\x7f"):
                    file.seek(at)
                    file.write(value)
                    file.flush()
                    for which in ("latest", "window"):
                        try:
                            points = reader.points(which)
                            read += sum(len(column) for column in points.columns().values())
                        except ringside.RingsideError:
                            pass
                    file.seek(at)
                    file.write(content[at : at + 1])
                    file.flush()
        self.assertGreater(read, 0)
        self.assert_same(reader.points(), given)


if __name__ == "__main__":
    unittest.main()
