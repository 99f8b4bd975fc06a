"""copy, deepcopy and pickle: what holds a handle refuses them, and says what to do instead; an event
is its own data."""

import copy
import gc
import pickle
import unittest

import ringside
from support import BusTest

UNPICKLE = """
import pickle, sys
event = pickle.loads(bytes.fromhex(sys.argv[2]))
print(event.sequence, event.timestamp_ns, event.data.hex(), event.gap.end, repr(event), sep="|")
"""


class CopiesTest(BusTest):
    def setUp(self):
        super().setUp()
        self.producer = ringside.Producer("embedding/p", bus=self.bus, retain_events=10)
        self.addCleanup(self.producer.close)
        for _ in range(50):
            self.producer.publish({"episode_id": "e", "x": 1.0})
        self.reader = ringside.Reader("embedding/p", bus=self.bus)

    def test_what_holds_a_handle_refuses_and_goes_on(self):
        points, run = self.reader.points(), self.reader.run()
        for one, instead in (
            (self.producer, "one writer"),
            (self.reader, "another Reader"),
            (self.reader.events(), "events()"),
            (run, "bytes(run.bytes)"),
            (points, "columns()"),
            (points.copy(), "columns()"),
            (points.run, "bytes(run.bytes)"),
        ):
            for call in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.subTest(one=one, call=call), self.assertRaises(TypeError) as caught:
                    call(one)
                self.assertIn(instead, str(caught.exception))
        gc.collect()
        self.assertEqual(self.producer.publish({"episode_id": "e"}), 50)
        self.assertEqual(self.reader.window, (41, 51))

    def test_an_event_is_copied_with_its_schema(self):
        event = next(self.reader.events("seq:0"))
        for again in (copy.copy(event), copy.deepcopy([event])[0]):
            self.assertIsNot(again, event)
            self.assertEqual((again.sequence, again.data, again.gaps), (40, event.data, event.gaps))
            self.assertEqual(again.value, event.value)
        del event
        self.reader.close()
        gc.collect()
        self.assertEqual(again.value["body"]["episode_id"], "e")

    def test_an_event_is_pickled_as_its_data(self):
        event = next(self.reader.events("seq:0"))
        child = self.start_python(UNPICKLE, pickle.dumps(event).hex())
        sequence, timestamp, data, end, shown = child.stdout.read().strip().split("|")
        self.assertEqual((int(sequence), int(timestamp)), (40, event.timestamp_ns))
        self.assertEqual((bytes.fromhex(data), int(end)), (event.data, 40))
        self.assertEqual(shown, f"<ringside.Event 40: {len(event.data)} bytes>")
        with self.assertRaisesRegex(ValueError, "pickled"):
            pickle.loads(pickle.dumps(event)).value

    def test_an_event_that_cannot_be_printed_has_a_repr(self):
        self.producer.publish({"episode_id": "abcdefgh"})
        (event,) = self.reader.events("last:1")
        self.assertIn("abcdefgh", repr(event))
        event.data = event.data.replace(b"abcdefgh", b"\xff" * 8)
        with self.assertRaises(ringside.InvalidEvent):
            event.json()
        self.assertEqual(repr(event), f"<ringside.Event 50: {len(event.data)} bytes>")


if __name__ == "__main__":
    unittest.main()
