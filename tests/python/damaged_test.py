"""A record that is damaged costs its own points, and no others."""

import os
import struct
import unittest

import numpy as np
import ringside
from points_support import PointsBusTest

COUNT = 30
SEQUENCE_AT = 8  # in a record
EVENT_AT = 24


class DamagedTest(PointsBusTest):
    def publish(self, batch, cycle=1):
        producer = self.open(capacity_bytes=1 << 20)
        # Names of many lengths, so that events differ in their layout too.
        ids = ["e" * (1 + i % 5) + str(i) for i in range(COUNT)]
        producer.publish_columns(
            episode_id=ids, host_id="h", x=np.arange(COUNT) + 1000 * cycle, batch=batch, cycle=cycle
        )
        producer.close()

    def damage(self, sequence, at, value):
        """Writes a word of 32 bits into a record of the segment's file."""
        with open(os.path.join(self.bus, "embedding", "p.ring"), "r+b") as file:
            file.seek(72)
            (record,) = struct.unpack("<Q", file.read(8))
            for _ in range(sequence):
                file.seek(record)
                (size,) = struct.unpack("<I", file.read(4))
                record += (EVENT_AT + size + 7) // 8 * 8
            file.seek(record + at)
            file.write(struct.pack("<I", value))

    def assert_without(self, which, lost, batch, cycle=1):
        points = self.points(which)
        expected = [i + 1000 * cycle for i in range(COUNT) if i // batch not in lost]
        self.assertEqual(list(points.x), expected)
        self.assertEqual(len(points.episode_id), len(expected))
        self.assertEqual(points.damaged, len(lost))
        points.check()

    def test_a_header_that_is_damaged(self):
        for batch in (1, 10):
            for sequence in range(0, COUNT // batch, 2):
                with self.subTest(batch=batch, sequence=sequence):
                    self.fresh_bus()
                    self.publish(batch)
                    self.damage(sequence, SEQUENCE_AT, 12345)
                    for which in ("latest", "window"):
                        self.assert_without(which, {sequence}, batch)

    def test_an_event_that_is_damaged(self):
        for batch in (1, 10):
            for sequence in range(0, COUNT // batch, 2):
                with self.subTest(batch=batch, sequence=sequence):
                    self.fresh_bus()
                    self.publish(batch)
                    self.damage(sequence, EVENT_AT, 0xFFFFFFF0)
                    for which in ("latest", "window"):
                        self.assert_without(which, {sequence}, batch)

    def test_several_that_are_damaged(self):
        self.publish(1)
        self.damage(3, SEQUENCE_AT, 12345)
        self.damage(4, EVENT_AT, 0xFFFFFFF0)
        self.damage(COUNT - 1, SEQUENCE_AT, 12345)
        for which in ("latest", "window"):
            self.assert_without(which, {3, 4, COUNT - 1}, 1)

    def test_the_cycle_before_does_not_stand_in(self):
        for batch in (1, 10):
            for at, value in ((SEQUENCE_AT, 12345), (EVENT_AT, 0xFFFFFFF0)):
                with self.subTest(batch=batch, at=at):
                    self.fresh_bus()
                    self.publish(batch, cycle=1)
                    self.publish(batch, cycle=2)
                    self.damage(COUNT // batch, at, value)
                    self.assert_without("latest", {0}, batch, cycle=2)

    def test_an_event_of_another_kind_is_no_damage(self):
        with ringside.Producer("embedding", "p", type="load", bus=self.bus, capacity_bytes=1 << 20) as producer:
            producer.publish({"seed": 1})
        with self.assertRaises(ringside.RingsideError):
            self.points()


if __name__ == "__main__":
    unittest.main()
