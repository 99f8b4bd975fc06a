"""Publishing from Python: what the command and readers then see, and what is refused."""

import gc
import os
import signal
import sys
import threading
import types
import unittest

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
producer = ringside.Producer("load", "killed", bus=sys.argv[1], capacity=1 << 20)
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
        place = {name: POINT[name] for name in ("cycle", "index", "total")}
        values = {name: POINT[name] for name in ringside.POINT_COLUMNS}
        self.assertEqual(first["body"], {**values, "place": place})
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
            self.assertEqual(producer.info.origin, "taken up")

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
                ("episode_id", 5, TypeError),
                ("host_id", None, TypeError),
                ("profile", "\ud800", ValueError),
                ("host_id", "a\0b", ValueError),
                ("x", 1e300, ValueError),
                ("z", "far", ValueError),
                ("cluster", 2**31, ValueError),
                ("phase_int", 1.0, ValueError),
                ("index", -1, ValueError),
                ("cycle", 2**64, ValueError),
                ("total", 2**32, ValueError),
            ]:
                with self.subTest(name=name, bad=bad), self.assertRaises(error) as caught:
                    producer.publish({**POINT, name: bad})
                self.assertTrue(str(caught.exception).startswith(name + ": "), str(caught.exception))
            for bad in ("my episode_id", None, ["episode_id"]):
                with self.subTest(bad=bad), self.assertRaisesRegex(TypeError, "bytes or a mapping"):
                    producer.publish(bad)
            self.assertEqual(producer.info.next, 0)

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
            self.assertEqual(producer.info.origin, "taken up")
        with ringside.Producer("load", "p", bus=self.bus, capacity=1 << 20) as producer:
            self.assertEqual(producer.info.origin, "replaced")
            self.assertEqual(producer.info.capacity, 1 << 20)

    def test_a_forked_child_has_not_got_the_producer_and_does_not_keep_its_name(self):
        producer = ringside.Producer("load", "p", bus=self.bus)
        ready, done = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            try:
                producer.publish({"seed": 1})
                os.write(ready[1], b"published")
            except ringside.RingsideError as error:
                os.write(ready[1], b"closed" if "is closed" in str(error) else b"refused")
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
            with self.assertRaises(ringside.Displaced):
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
            ((("load", "p"), {"capacity": 2**60}), "capacity"),
        ]:
            with self.subTest(word=word), self.assertRaises(ringside.InvalidArgument) as caught:
                ringside.Producer(*arguments[0], bus=self.bus, **arguments[1])
            self.assertIn(word, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
