"""Publishing from Python: what the command and readers then see, and what is refused."""

import collections
import datetime
import decimal
import fractions
import gc
import math
import os
import signal
import sys
import threading
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

PRODUCE_FOREVER = """
import sys, ringside
producer = ringside.Producer("load", "killed", bus=sys.argv[1], capacity_bytes=1 << 20)
print(producer.info.next, flush=True)
while True:
    print(producer.publish({"seed": 1, "words": [producer.info.next]}), flush=True)
"""


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

    def test_a_producer_that_is_killed_goes_on_with_the_next_sequence(self):
        expected = 0
        for _ in range(5):
            child = self.start_python(PRODUCE_FOREVER)
            # The kill may come between an event and its line, but not the other way round.
            started = int(child.stdout.readline())
            self.assertGreaterEqual(started, expected)
            for _ in range(50):
                last = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            child.wait()
            expected = last + 1
        with ringside.Producer("load", "killed", bus=self.bus) as producer:
            self.assertGreaterEqual(producer.info.next, expected)
            following = producer.publish({"seed": 1, "words": [producer.info.next]})
        events = list(ringside.Reader("load", "killed", bus=self.bus))
        self.assertEqual([event.sequence for event in events], list(range(following + 1)))
        self.assertEqual([event.value["words"] for event in events], [[i] for i in range(following + 1)])

    def test_a_name_is_one_producers_at_a_time(self):
        with ringside.Producer("load", "p", bus=self.bus):
            with self.assertRaises(ringside.InUse) as caught:
                ringside.Producer("load", "p", bus=self.bus)
            self.assertIn(str(os.getpid()), str(caught.exception))
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            self.assertEqual(producer.info.origin, "reopened")
        with ringside.Producer("load", "p", bus=self.bus, capacity_bytes=1 << 20) as producer:
            self.assertEqual(producer.info.origin, "replaced")
            self.assertEqual(producer.info.capacity_bytes, 1 << 20)

    def test_a_capacity_is_rounded_up_to_64_KiB_and_the_info_says_so(self):
        for asked, given in ((1, 65536), (65536, 65536), (65537, 131072)):
            with ringside.Producer("load", f"p{asked}", bus=self.bus, capacity_bytes=asked) as producer:
                self.assertEqual(producer.info.capacity_bytes, given)

    def test_a_forked_child_has_not_got_the_producer_and_does_not_keep_its_name(self):
        producer = ringside.Producer("load", "p", bus=self.bus)
        ready, done = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            try:
                producer.publish({"seed": 1})
                os.write(ready[1], b"published")
            except ringside.RingsideError as error:
                os.write(ready[1], b"closed" if "before the fork" in str(error) else b"refused")
            os.read(done[0], 1)
            os._exit(0)
        self.assertEqual(os.read(ready[0], 20), b"closed")
        self.assertEqual(producer.publish({"seed": 2}), 0)
        producer.close()
        with ringside.Producer("load", "p", bus=self.bus) as again:  # the child still lives
            self.assertEqual(again.info.next, 1)
        os.write(done[1], b"x")
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        for descriptor in (*ready, *done):
            os.close(descriptor)

    def test_threads_may_share_a_producer(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            threads = [
                threading.Thread(target=lambda: [producer.publish({"seed": 1}) for _ in range(500)])
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(producer.info.next, 2000)

    def test_a_producer_whose_file_is_removed_says_so(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            producer.publish({"seed": 1})
            os.remove(os.path.join(self.bus, "load", "p.ring"))
            with self.assertRaises(ringside.Detached):
                for _ in range(10_000_000):
                    producer.publish({"seed": 1})

    def test_a_closed_producer_refuses(self):
        producer = ringside.Producer("load", "p", bus=self.bus)
        producer.close()
        producer.close()
        for call in (
            lambda: producer.publish(b"x"),
            lambda: producer.publish({"seed": 1}),
            lambda: producer.publish_json("{}"),
            lambda: producer.publish_columns(episode_id="e", x=[1.0]),
            lambda: producer.info,
        ):
            # A ValueError as a closed file's, and a RingsideError as all that libringside refuses.
            with self.assertRaisesRegex(ValueError, "the producer is closed") as caught:
                call()
            self.assertIsInstance(caught.exception, ringside.RingsideError)
        with self.assertRaisesRegex(ValueError, "the producer is closed$"):
            with producer:
                self.fail("a closed producer was entered")
        self.assertIn("closed", repr(producer))

    def test_what_was_never_opened_goes_without_a_word(self):
        caught = []
        hook, sys.unraisablehook = sys.unraisablehook, caught.append
        try:
            for kind in (ringside.Producer, ringside.Reader):
                with self.assertRaises(TypeError):
                    kind()
            gc.collect()
        finally:
            sys.unraisablehook = hook
        self.assertEqual(caught, [])

    def test_what_cannot_be_opened_says_why(self):
        for arguments, word in [
            ((("embedding",), {}), "needs a name"),
            ((("other", "p"), {}), "schema="),
            ((("load", "-p"), {}), "name"),
            ((("load", "p"), {"type": "lode"}), "lode"),
            ((("load", "p"), {"schema": b"junk"}), "schema"),
            ((("load", "p"), {"capacity_bytes": 2**60}), "capacity"),
        ]:
            with self.subTest(word=word), self.assertRaises(ringside.InvalidArgument) as caught:
                ringside.Producer(*arguments[0], bus=self.bus, **arguments[1])
            self.assertIn(word, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
