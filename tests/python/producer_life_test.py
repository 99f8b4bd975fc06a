"""The life of a producer in Python: how it opens, who else may have its name, and how it ends."""

import gc
import os
import signal
import sys
import threading
import unittest

import ringside
from support import BusTest

PRODUCE_FOREVER = """
import sys, ringside
producer = ringside.Producer("load", "killed", bus=sys.argv[1], capacity_bytes=1 << 20)
print(producer.info.next, flush=True)
while True:
    print(producer.publish({"seed": 1, "words": [producer.info.next]}), flush=True)
"""


class ProducerLifeTest(BusTest):
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
