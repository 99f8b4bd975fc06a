"""Each rule of what a fit may hold, by every way in that is not a file: the table that the feeder and
the page are held to as well (tests/feed/rules.json)."""

import ctypes
import datetime
import decimal
import json
import os
import subprocess
import unittest

import numpy as np
import ringside
from ringside import _library as c
from support import BIN, BusTest

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "feed", "rules.json")
KINDS = {"TINYINT": "i1", "INTEGER": "i4", "BIGINT": "i8", "UINTEGER": "u4", "FLOAT": "f4", "DOUBLE": "f8"}
C_KINDS = {"i1": c.INT8, "i4": c.INT32, "i8": c.INT64, "f4": c.FLOAT, "f8": c.DOUBLE}
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class RulesTest(BusTest):
    def setUp(self):
        super().setUp()
        with open(TABLE) as file:
            self.cases = json.load(file)["cases"]
        self.assertGreater(len(self.cases), 50)
        self.producer = ringside.Producer("embedding", "p", bus=self.bus)
        self.addCleanup(self.producer.close)
        self.walked = 0

    def cases_of(self, way):
        for one in self.cases:
            # Those of files alone are of interest too, where a way can express them.
            if one.get("rows", 3) and (way in one.get("only", (way, "columns", "rows"))):
                self.walked += 1
                yield one

    def check(self, way, one, publish):
        """Publishes a case by `publish`, which raises if it is refused."""
        with self.subTest(way=way, case=one):
            first = self.producer.info.next
            try:
                publish()
                why = None
            except (TypeError, ValueError) as error:
                why = str(error)
            if "refused" in one:
                self.assertIsNotNone(why, "it was taken")
                self.assertIn(one["refused"], why)
                self.assertIn(one["column"] + ": ", why)
                self.assertEqual(self.producer.info.next, first)
                return
            self.assertIsNone(why)
            read = getattr(ringside.Reader("embedding/p", bus=self.bus).points(), one["column"])[-1]
            read = read.decode() if isinstance(read, bytes) else read.item()
            self.assertEqual(read, one["reads"])

    def test_rows_keep_each_rule(self):
        for one in self.cases_of("rows"):
            point = {"episode_id": "e", one["column"]: value_of(one)}
            self.check("row", one, lambda: self.producer.publish(point))
        self.assertGreater(self.walked, 45)

    def test_columns_keep_each_rule(self):
        for one in self.cases_of("columns"):
            value = value_of(one)
            kinds = [[value] * 3, np.array([None] * 3, object)]
            for i in range(3):
                kinds[1][i] = value
            if one["type"] in KINDS and value is not None:
                kinds.append(np.array([value] * 3, KINDS[one["type"]]))
            if one["type"] == "BOOLEAN" and value is not None:
                kinds.append(np.array([value] * 3))
            if isinstance(value, (str, bytes)):
                kinds.append(np.array([value] * 3))
            for values in kinds:
                columns = {"episode_id": ["a", "b", "c"], one["column"]: values}
                self.check(
                    f"column {type(values)} {getattr(values, 'dtype', '')}",
                    one,
                    lambda: self.producer.publish_columns(columns),
                )
        self.assertGreater(self.walked, 45)

    def test_the_c_abi_keeps_each_rule_of_numbers(self):
        walked = 0
        for one in self.cases_of("c"):
            kind = C_KINDS.get(KINDS.get(one["type"]))
            value = value_of(one)
            if kind is None or value is None or one["column"] in ("episode_id", "host_id", "profile"):
                continue
            walked += 1
            held = np.array([value] * 3, KINDS[one["type"]])
            points = c.sized(c.PointColumns)
            points.count, points.cycle = 3, c.NEXT_CYCLE
            points.episode_id.data = ctypes.cast(ctypes.c_char_p(b"e"), ctypes.c_void_p)
            points.episode_id.bytes = 1
            column = getattr(points, one["column"])
            column.kind, column.data = kind, held.ctypes.data

            def publish():
                if c.publish_points(self.producer._handle, ctypes.byref(points)) < 0:
                    raise c.failure()

            self.check("c", one, publish)
        self.assertGreater(walked, 15)

    def test_lines_of_json_keep_each_rule(self):
        cases = [one for one in self.cases_of("publish") if one["type"] not in ("BLOB", "DATE", "TIME")]
        self.producer.close()
        lines = []
        for one in cases:
            value = one["value"]
            if one["type"] in ("DOUBLE", "FLOAT"):
                value = WORDS.get(value, value)
            elif one["type"] == "BIGINT" and isinstance(value, str):
                value = int(value)
            body = {"episode_id": "e", one["column"]: value}
            lines.append(json.dumps({"body_type": "Embedding", "body": body}))
        # In one go: a process for each would be most of the time.
        done = subprocess.run(
            [os.path.join(BIN, "ringside"), "--bus", self.bus, "publish", "embedding", "--producer", "p",
             "--type", "embedding"],
            input="\n".join(lines), stderr=subprocess.PIPE, universal_newlines=True,
        )  # fmt: skip
        why = dict(line.split(": ", 2)[1:] for line in done.stderr.splitlines() if ": line " in line)
        events = iter(list(ringside.Reader("embedding/p", bus=self.bus)))
        for number, one in enumerate(cases, 1):
            with self.subTest(way="publish", case=one):
                refused = why.get(f"line {number}")
                if "refused" in one:
                    self.assertIsNotNone(refused, "it was taken")
                    self.assertIn(one["refused"], refused)
                    self.assertIn(f"body.{one['column']}: ", refused)
                else:
                    self.assertIsNone(refused)
                    read = next(events).value["body"].get(one["column"], "")
                    if one["column"] in "xyz":  # the shortest text that is this float
                        read = float(np.float32(read))
                    self.assertEqual(read, one["reads"])
        self.assertGreater(len(cases), 45)


def value_of(one):
    """The value of a case as Python has it."""
    kind, value = one["type"], one["value"]
    if value is None:
        return None
    if kind in ("DOUBLE", "FLOAT"):
        return float(value)
    if kind.startswith("DECIMAL"):
        return decimal.Decimal(str(value))
    if kind == "BLOB":
        return value.encode()
    if kind == "DATE":
        return datetime.date.fromisoformat(value)
    if kind == "TIME":
        return datetime.time.fromisoformat(value)
    if kind in ("BIGINT", "INTEGER", "TINYINT", "UINTEGER"):
        return int(value)
    return value


if __name__ == "__main__":
    unittest.main()
