"""The real producer of the scatter, written in C++, read from Python: equal to what the command
prints, however many points an event has."""

import os
import subprocess
import unittest

import numpy as np
import ringside
from support import BIN, BusTest


class KnnTest(BusTest):
    def setUp(self):
        super().setUp()
        self.fit = os.path.join(self.bus, "fashion.fit")
        self.knn("produce", "--fit-out", self.fit)

    def knn(self, *arguments):
        subprocess.run(
            [os.path.join(BIN, "ringside-knn"), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def printed(self, target):
        """The ten columns, put together from the events as the command prints them."""
        rows = []
        for line in self.tail(target):
            body = line["event"]["body"]
            if line["event"]["body_type"] == "Embedding":
                rows.append([body[name] for name in ringside.POINT_COLUMNS])
                continue
            tables = (body["episodes"], body["hosts"], body["profiles"])
            for point in body["points"]:
                texts = [
                    table[point[name]] for table, name in zip(tables, ("episode", "host", "profile"))
                ]
                rows.append(texts + [point[name] for name in ringside.POINT_COLUMNS[3:]])
        return dict(zip(ringside.POINT_COLUMNS, zip(*rows)))

    def test_the_columns_are_those_that_the_command_prints(self):
        for batch in (1, 1000, 70000):
            with self.subTest(batch=batch):
                name = f"knn-{batch}"
                self.knn(
                    "stream", "--bus", self.bus, "--fit", self.fit, "--batch", str(batch),
                    "--producer", name,
                )
                points = ringside.Reader("embedding", name, bus=self.bus).points()
                self.assertEqual(len(points), 70000)
                for column, values in self.printed(f"embedding/{name}").items():
                    there = getattr(points, column)
                    if there.dtype.kind == "S":
                        values = [text.encode() for text in values]
                    if there.dtype.kind == "f":
                        values = np.array(values, dtype="f4")  # which the text gives to the bit
                    np.testing.assert_array_equal(there, values, err_msg=column)
                points.check()


if __name__ == "__main__":
    unittest.main()
