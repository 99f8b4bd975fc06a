"""Points as columns: NumPy in, NumPy out, without a copy where it can be, and reported where it cannot."""

import ctypes
import os
import time
import unittest

import numpy as np
import ringside
from points_support import PointsBusTest, columns


class PointsTest(PointsBusTest):
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
                producer = self.open(f"p{batch}", capacity_bytes=64 << 20)
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
            self.assertEqual(body.pop("slot"), {"cycle": 3, "index": i, "total": 50})
            for name, values in given.items():
                if values.dtype.kind == "f":
                    self.assertEqual(np.float32(body[name]), values[i])
                else:
                    self.assertEqual(body[name], values[i])

    def test_a_flag_that_is_neither_1_nor_0_is_true_and_no_view(self):
        for batch in (0, 1):
            with self.subTest(batch=batch):
                self.fresh_bus()
                self.open().publish_columns(columns(50), batch=batch)
                reader = ringside.Reader("embedding", "p", bus=self.bus)
                points = reader.points()
                expected = list(points.is_train)
                expected[7] = True
                # Whoever publishes bytes may put any there.
                at = points.is_train.ctypes.data + 7 * points.is_train.strides[0]
                with open(os.path.join(self.bus, "embedding", "p.ring"), "r+b") as file:
                    file.seek(72)
                    data = int.from_bytes(file.read(8), "little")
                    file.seek(data + at - reader.mapping[0])
                    file.write(b"\xfe")
                points = reader.points()
                self.assertFalse(points.is_view)
                self.assertEqual(list(points.is_train), expected)
                self.assertEqual(int(points.is_train.sum()), sum(expected))

    def test_a_batch_is_what_the_command_prints_too(self):
        given = columns(50)
        self.open().publish_columns(given)
        (line,) = self.tail("embedding/p")
        body = line["event"]["body"]
        self.assertEqual(line["event"]["body_type"], "EmbeddingBatch")
        self.assertEqual(body["slot"], {**body["slot"], "index": 0, "total": 50})
        for i, point in enumerate(body["points"]):
            self.assertEqual(body["episodes"][point["episode"]], given["episode_id"][i])
            self.assertEqual(body["hosts"][point["host"]], given["host_id"][i])
            self.assertEqual(body["profiles"][point["profile"]], given["profile"][i])
            self.assertEqual(point["phase_int"], given["phase_int"][i])
            self.assertEqual(point["is_train"], given["is_train"][i])
            self.assertEqual(np.float32(point["x"]), given["x"][i])

    def test_cycles_follow_each_other_also_after_a_restart(self):
        for cycle in range(3):
            producer = self.open(capacity_bytes=1 << 20)
            producer.publish_columns(columns(10, seed=cycle))
            producer.close()
        cycles = [e.value["body"]["slot"]["cycle"] for e in ringside.Reader("embedding", bus=self.bus)]
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
        self.assertTrue(points.is_still_valid())

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
        producer = self.open(capacity_bytes=1 << 20)
        given = columns(1000)
        producer.publish_columns(given)
        points = self.points()
        copy = points.copy()
        for i in range(40):
            producer.publish_columns(columns(1000, seed=i))
        self.assertFalse(points.is_still_valid())
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
        producer = self.open("good", capacity_bytes=1 << 20)
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
