"""Publishing from Python: what the command and readers then see, and what is refused."""

import collections
import datetime
import decimal
import fractions
import math
import os
import types
import unittest
import warnings

import ringside
from support import SCHEMAS, BusTest

POINT = {
    "episode_id": "episode é",
    "host_id": "worker-1",
    "profile": "fast",
    "x": 0.5,
    "y": -1.25,
    "z": 3.0,
    "phase_int": 2,
    "predicted_int": 3,
    "cluster": 4,
    "is_train": True,
    "cycle": 9,
    "index": 1,
    "total": 5,
}

class ProducerTest(BusTest):
    def test_a_point_comes_out_of_the_command_as_it_went_in(self):
        with ringside.Producer("embedding", "p", bus=self.bus) as producer:
            self.assertEqual(producer.publish(POINT), 0)
            self.assertEqual(producer.publish({"episode_id": "bare"}), 1)
        first, bare = (line["event"] for line in self.tail("embedding/p"))
        self.assertEqual(first["body_type"], "Embedding")
        slot = {name: POINT[name] for name in ("cycle", "index", "total")}
        values = {name: POINT[name] for name in ringside.POINT_COLUMNS}
        self.assertEqual(first["body"], {**values, "slot": slot})
        self.assertEqual(bare["body"]["predicted_int"], -1)
        self.assertEqual(bare["body"]["x"], 0)

    def test_an_event_by_the_names_of_its_schema_is_published_by_way_of_json(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            event = {"seed": 2**64 - 1, "sequence": 3, "words": [1, 2**63]}
            producer.publish(types.MappingProxyType(event))
            producer.publish_json('{"seed": 5}')
        self.assertEqual(
            [line["event"]["seed"] for line in self.tail("load/p")], [2**64 - 1, 5]
        )

    def test_bytes_of_an_event_are_published_as_they_are(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            producer.publish({"seed": 5, "words": [1, 2, 3]})
            (event,) = ringside.Reader("load", bus=self.bus)
            for given in (event.data, bytearray(event.data), memoryview(event.data)):
                producer.publish(given)
        events = list(ringside.Reader("load", bus=self.bus))
        self.assertEqual({event.data for event in events}, {events[0].data})
        self.assertEqual([event.sequence for event in events], [0, 1, 2, 3])

    def test_a_schema_of_ones_own_makes_a_channel_of_ones_own(self):
        schema = os.path.join(SCHEMAS, "load.bfbs")
        with ringside.Producer("mine", "p", bus=self.bus, schema=schema) as producer:
            producer.publish({"seed": 8})
        with open(schema, "rb") as file:
            content = file.read()
        reader = ringside.Reader("mine/p", bus=self.bus)
        self.assertEqual(reader.schema, content)
        self.assertEqual(reader.schema_id, "RSLD")
        with ringside.Producer("mine/p", bus=self.bus, schema=content) as producer:
            self.assertEqual(producer.info.origin, "reopened")

    def test_a_schema_of_ones_own_may_have_a_field_episode_id(self):
        source = os.path.join(self.bus, "step.fbs")
        with open(source, "w") as file:
            file.write("table Step { episode_id:string; reward:double; } root_type Step;")
        self.ringside("publish", "steps", "--producer", "c", "--schema", source, input="{}\n")
        schema = ringside.Reader("steps", bus=self.bus).schema
        step = {"episode_id": "e1", "reward": 1.5}
        with ringside.Producer("steps/p", bus=self.bus, schema=schema) as producer:
            producer.publish(step)
        self.assertEqual([line["event"] for line in self.tail("steps/p")], [step])
        # What the type is decides, not how it was given.
        with open(os.path.join(SCHEMAS, "event.bfbs"), "rb") as file:
            embedding = file.read()
        with ringside.Producer("points/p", bus=self.bus, schema=embedding) as producer:
            producer.publish(POINT)
        self.assertEqual(len(ringside.Reader("points", bus=self.bus).points()), 1)

    def test_what_is_no_event_is_refused_and_nothing_is_published(self):
        with ringside.Producer("embedding", "p", bus=self.bus) as producer:
            producer.publish(POINT)
            (event,) = ringside.Reader("embedding", bus=self.bus)
            refused = [
                b"",
                b"no event",
                event.data[:-4],
                b"\xff" * 100,
                {"episode_id": "e", "nose": 1},
                {"episode_id": "e", "x": "far"},
                {"episode_id": "e", "cluster": 2**31},
                {"episode_id": "e\0f"},
                {"episode_id": "e", "index": 5, "total": 5},
                {"body": {}},
                {},
            ]
            for bad in refused:
                with self.subTest(bad=bad), self.assertRaises(ValueError):
                    producer.publish(bad)
            with self.assertRaises(ringside.InvalidEvent) as caught:
                producer.publish_json('{"body_type": "Embedding", "body": {"nose": 1}}')
            self.assertIn("nose", str(caught.exception))
            self.assertEqual(producer.info.next, 1)
            self.assertEqual(producer.publish(POINT), 1)

    def test_what_no_point_can_have_is_refused_and_the_field_named(self):
        with ringside.Producer("embedding", "p", bus=self.bus) as producer:
            for name, bad, error in [
                ("episode_id", 5.0, TypeError),
                ("episode_id", None, ValueError),
                ("host_id", True, TypeError),
                ("profile", ["p"], TypeError),
                ("profile", "\ud800", ValueError),
                ("host_id", "a\0b", ValueError),
                ("x", 1e300, ValueError),
                ("z", "far", ValueError),
                ("cluster", 2**31, ValueError),
                ("phase_int", 1.5, ValueError),
                ("cluster", True, TypeError),
                ("x", None, ValueError),
                ("x", True, TypeError),
                ("y", math.nan, ValueError),
                ("is_train", "False", TypeError),
                ("is_train", "0", TypeError),
                ("is_train", None, ValueError),
                ("is_train", math.nan, ValueError),
                ("is_train", 2, ValueError),
                ("is_train", [0], TypeError),
                ("predicted_int", datetime.date(2024, 1, 1), TypeError),
                ("z", 1j, TypeError),
                ("index", -1, ValueError),
                ("cycle", 2**64, ValueError),
                ("total", 2**32, ValueError),
            ]:
                with self.subTest(name=name, bad=bad), self.assertRaises(error) as caught:
                    producer.publish({**POINT, name: bad})
                self.assertTrue(str(caught.exception).startswith(name + ": "), str(caught.exception))
            with self.assertRaisesRegex(ValueError, "a point has no nose, toes; there are episode_id, "):
                producer.publish({**POINT, "nose": 1, "toes": 2})
            for bad in ("my episode_id", None, ["episode_id"]):
                with self.subTest(bad=bad), self.assertRaisesRegex(TypeError, "bytes or a mapping"):
                    producer.publish(bad)
            self.assertEqual(producer.info.next, 0)

    def test_a_point_takes_what_a_row_of_a_fit_may_have(self):
        class Series:  # a row of a DataFrame: names and values, and no Mapping
            def __init__(self, values):
                self.keys, self._values = values.keys, values

            def __getitem__(self, name):
                return self._values[name]

        given = {
            "episode_id": 7,
            "host_id": None,
            "profile": math.nan,
            "x": decimal.Decimal("0.5"),
            "y": fractions.Fraction(1, 4),
            "z": 2**30,
            "phase_int": 3.0,
            "predicted_int": None,
            "cluster": math.nan,
            "is_train": 1.0,
        }
        expected = {
            **{"episode_id": "7", "host_id": "", "profile": "", "x": 0.5, "y": 0.25, "z": 2.0**30},
            **{"phase_int": 3, "predicted_int": -1, "cluster": -1, "is_train": True},
        }
        Row = collections.namedtuple("Row", given)
        with ringside.Producer("embedding", "p", bus=self.bus) as producer:
            for row in (given, types.MappingProxyType(given), Series(given), Row(**given)):
                producer.publish(row)
        for event in ringside.Reader("embedding", bus=self.bus):
            body = event.value["body"]
            self.assertEqual({name: body[name] for name in expected}, expected)

    def test_an_event_may_have_any_number_that_json_has_not(self):
        source = os.path.join(self.bus, "any.fbs")
        with open(source, "w") as file:
            file.write("table Any { d:double; l:long; ds:[double]; inner:Any; } root_type Any;")
        self.ringside("publish", "any", "--producer", "c", "--schema", source, input="{}\n")
        schema = ringside.Reader("any", bus=self.bus).schema
        with ringside.Producer("any/p", bus=self.bus, schema=schema) as producer:
            producer.publish({"d": math.nan, "l": decimal.Decimal(3), "ds": (math.inf, -math.inf, 1)})
            (event,) = ringside.Reader("any/p", bus=self.bus)
            value = {"d": "NaN", "l": 3, "ds": ["Infinity", "-Infinity", 1.0]}
            self.assertEqual(event.value, value)
            producer.publish(event.value)  # as tail prints it
            for bad, error, name in [
                ({"d": b"1"}, TypeError, "d: "),
                ({"inner": {"l": datetime.date(2024, 1, 1)}}, TypeError, "inner.l: "),
                ({"ds": [0, "\ud800"]}, ValueError, r"ds\[1\]: "),
                ({"l": 2**64}, ValueError, "l: a whole number from "),
                ({"l": 0.5}, ValueError, "l: a whole number is wanted"),
                ({"l": True}, ValueError, "l: a whole number is wanted, not true"),
                ({"d": "1"}, ValueError, "d: a number is wanted"),
                ({1: math.nan}, TypeError, "the event: 1 "),
                ({1: 2}, ValueError, '"1": no such field'),
            ]:
                with self.subTest(bad=bad), self.assertRaisesRegex(error, "^" + name):
                    producer.publish(bad)
            looped = {}
            looped["inner"] = looped
            with self.assertRaisesRegex(ValueError, "nested deeper"):
                producer.publish(looped)
            self.assertEqual(producer.info.next, 2)

    def test_a_cap_that_costs_the_history_is_warned_of(self):
        def opened(**options):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                with ringside.Producer("load", "p", bus=self.bus, **options) as producer:
                    producer.publish({"seed": 1})
            return [one for one in caught if one.category is ringside.Replaced]

        self.assertEqual(opened(retain_events=1000), [])
        self.assertEqual(opened(), [])
        (warning,) = opened(retain_events=5)
        self.assertEqual(
            str(warning.message),
            "load/p: retain_events was 1000 and is 5: the segment was replaced, and the 2 events that it "
            "retained are gone (leave the caps out to keep a segment as it is; replace=True if that "
            "is meant)",
        )
        self.assertEqual(warning.filename, __file__)
        self.assertEqual(opened(retain_events=6, replace=True), [])

    def test_every_byte_of_an_event_may_be_wrong_without_harm(self):
        schema = os.path.join(SCHEMAS, "event.bfbs")
        with ringside.Producer("a", "p", bus=self.bus, type="embedding") as known:
            with ringside.Producer("b", "p", bus=self.bus, schema=schema) as by_schema:
                known.publish(POINT)
                (event,) = ringside.Reader("a", bus=self.bus)
                accepted = 0
                for i in range(len(event.data)):
                    for byte in (0x00, 0x7F, 0xFF):
                        changed = event.data[:i] + bytes([byte]) + event.data[i + 1 :]
                        for producer in (known, by_schema):
                            try:
                                producer.publish(changed)
                                accepted += 1
                            except ringside.InvalidEvent:
                                pass
        self.assertGreater(accepted, 100)  # numbers may be any
        for channel in ("a", "b"):
            for event in ringside.Reader(channel, bus=self.bus):
                try:
                    event.value
                except ringside.InvalidEvent:  # a text that is not UTF-8
                    pass


if __name__ == "__main__":
    unittest.main()
