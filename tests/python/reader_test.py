"""Reading from Python: the window in place, events, following, and what is never silent."""

import os
import subprocess
import threading
import time
import unittest

import ringside
from support import BIN, BusTest, load_words


class ReaderTest(BusTest):
    def test_values_of_the_command_are_read_back(self):
        self.ringside(
            "load", "load", "--producer", "c", "--count", "2000", "--size", "128", "--seed", "77"
        )
        printed = self.tail("load/c")
        events = list(ringside.Reader("load", bus=self.bus))
        self.assertEqual(len(events), 2000)
        for i, (event, line) in enumerate(zip(events, printed)):
            value = event.value
            self.assertEqual(event.sequence, i)
            self.assertEqual(value["seed"], 77)
            self.assertEqual(value["words"], load_words(77, i, len(value["words"])))
            self.assertEqual(value, line["event"])
            self.assertEqual(str(event.timestamp_ns), line["timestamp_ns"])
            self.assertIsNone(event.gap)

    def test_the_window_is_one_run_inside_the_mapping(self):
        # Beyond one lap, so that the window goes across the end of the ring.
        self.ringside("load", "load", "--producer", "c", "--count", "5000", "--capacity", "65536")
        reader = ringside.Reader("load/c", bus=self.bus)
        run = reader.run()
        oldest, following = reader.window
        self.assertGreater(oldest, 0)
        self.assertEqual((run.first, run.first + run.count), (oldest, following))
        base, size = reader.mapping
        self.assertTrue(base <= run.address and run.address + len(run.bytes) <= base + size)
        self.assertTrue(run.bytes.readonly)
        records = list(run)
        self.assertEqual([record.sequence for record in records], list(range(oldest, following)))
        copies = [event.data for event in reader]
        self.assertEqual([bytes(record.event) for record in records], copies)
        run.check()
        self.assertEqual(reader.run("last:3").count, 3)
        self.assertEqual(reader.run("last:100", max_bytes=1).count, 1)
        self.assertIsNone(reader.run("latest"))

    def test_a_run_that_the_producer_laps_says_so(self):
        with ringside.Producer("load", "p", bus=self.bus, capacity_bytes=65536) as producer:
            for _ in range(100):
                producer.publish({"seed": 1, "words": [1, 2, 3]})
            reader = ringside.Reader("load", bus=self.bus)
            run = reader.run()
            run.check()
            while producer.info.oldest == 0:
                producer.publish({"seed": 1, "words": [1, 2, 3]})
            self.assertFalse(run.is_still_valid())
            with self.assertRaises(ringside.Overwritten):
                run.check()
            # Where the first record began there is now the middle of a large event.
            for size in range(1000, 1100):
                producer.publish({"seed": 1, "words": [2**64 - 1] * size})
            with self.assertRaises(ringside.Overwritten):
                list(run)

    def test_what_was_overwritten_before_it_was_read_is_told(self):
        with ringside.Producer("load", "p", bus=self.bus, retain_events=10) as producer:
            for i in range(5):
                producer.publish({"seed": i})
            events = ringside.Reader("load", bus=self.bus).events()
            self.assertEqual(next(events).sequence, 0)
            for i in range(5, 100):
                producer.publish({"seed": i})
            rest = list(events)
        self.assertEqual([event.sequence for event in rest], list(range(90, 100)))
        self.assertEqual(rest[0].gap, ringside.Gap(1, 90, "overwritten"))
        self.assertTrue(all(event.gap is None for event in rest[1:]))

    def test_events_of_any_size_are_read(self):
        sizes = [0, 1, 400, 520, 3, 70_000, 9_000, 2]
        with ringside.Producer("load", "p", bus=self.bus, capacity_bytes=4 << 20) as producer:
            for size in sizes:
                producer.publish({"seed": size, "words": [size] * size})
        for event, size in zip(ringside.Reader("load", bus=self.bus), sizes):
            self.assertEqual(event.value["words"], [size] * size)

    def test_a_follower_gets_every_event_once_and_in_order(self):
        program = [os.path.join(BIN, "ringside"), "--bus", self.bus, "load", "load"]
        child = subprocess.Popen(
            [*program, "--producer", "c", "--count", "20000", "--rate", "20000"],
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(child.kill)
        sequences = []
        for event in ringside.Reader("load", bus=self.bus, wait=10).follow(timeout=5):
            sequences.append(event.sequence)
            self.assertIsNone(event.gap)
            if len(sequences) == 20000:
                break
        self.assertEqual(child.wait(), 0)
        self.assertEqual(sequences, list(range(20000)))

    def test_a_follower_is_woken_within_milliseconds_and_gives_up_after_its_timeout(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            reader = ringside.Reader("load", bus=self.bus)
            published = []

            def publish():
                time.sleep(0.2)
                published.append(time.monotonic())
                producer.publish({"seed": 1})

            thread = threading.Thread(target=publish)
            thread.start()
            event = next(reader.follow(timeout=10))
            seen = time.monotonic()
            thread.join()
            self.assertEqual(event.sequence, 0)
            self.assertLess(seen - published[0], 0.09)  # sooner than by looking now and then
            start = time.monotonic()
            self.assertEqual(list(reader.follow(timeout=0.3, start="latest")), [])
            self.assertTrue(0.25 < time.monotonic() - start < 3)

    def test_a_follower_goes_on_in_a_segment_that_is_made_anew(self):
        with ringside.Producer("load", "p", bus=self.bus, capacity_bytes=65536) as producer:
            producer.publish({"seed": 1})
            reader = ringside.Reader("load", bus=self.bus)
            epoch = reader.epoch
            events = reader.follow(timeout=5)
            self.assertEqual(next(events).value["seed"], 1)
            producer.publish({"seed": 2})
        with ringside.Producer("load", "p", bus=self.bus, capacity_bytes=131072) as producer:
            producer.publish({"seed": 3})
            last_of_the_old = next(events)
            self.assertEqual((last_of_the_old.value["seed"], last_of_the_old.gap), (2, None))
            first_of_the_new = next(events)
        self.assertEqual(first_of_the_new.value["seed"], 3)
        self.assertEqual((first_of_the_new.sequence, first_of_the_new.gap.reason), (0, "reset"))
        self.assertNotEqual(reader.epoch, epoch)

    def test_views_keep_their_mapping(self):
        with ringside.Producer("load", "p", bus=self.bus) as producer:
            producer.publish({"seed": 1, "words": [7]})
        reader = ringside.Reader("load", bus=self.bus)
        run = reader.run()
        record = next(iter(run)).event
        before = bytes(record)
        reader.close()
        del reader, run
        self.assertEqual(bytes(record), before)
        with self.assertRaises(ValueError):
            closed = ringside.Reader("load", bus=self.bus)
            closed.close()
            closed.run()

    def test_a_segment_that_is_cut_short_is_an_error_and_no_crash(self):
        self.ringside("load", "load", "--producer", "c", "--count", "1000", "--capacity", "1048576")
        reader = ringside.Reader("load", bus=self.bus)
        run = reader.run()
        os.truncate(os.path.join(self.bus, "load", "c.ring"), 65536)
        bytes(run.bytes)  # zeros, where SIGBUS would have been
        self.assertFalse(run.is_still_valid())
        with self.assertRaises(ringside.Corrupt):
            list(reader)

    def test_a_segment_is_found_by_its_channel_alone_if_there_is_one(self):
        with self.assertRaises(ringside.NotFound):
            ringside.Reader("load", bus=self.bus)
        with self.assertRaises(ringside.NotFound):
            ringside.Reader("load/p", bus=self.bus)
        with ringside.Producer("load", "p", bus=self.bus), ringside.Producer(
            "load", "q", bus=self.bus, retain_events=20
        ):
            with self.assertRaises(ringside.NotFound) as caught:
                ringside.Reader("load", bus=self.bus)
            self.assertIn("load/p, load/q", str(caught.exception))
            self.assertEqual(ringside.Reader("load/q", bus=self.bus).producer, "q")
            one, other = ringside.segments(self.bus)
        self.assertEqual((one.producer, one.is_live, one.pid), ("p", True, os.getpid()))
        self.assertEqual((other.producer, other.retain_events, other.oldest_age_s), ("q", 20, None))
        self.assertFalse(ringside.segments(self.bus)[0].is_live)

    def test_a_reader_can_wait_for_its_segment(self):
        producers = []
        timer = threading.Timer(
            0.2, lambda: producers.append(ringside.Producer("load", "late", bus=self.bus))
        )
        timer.start()
        reader = ringside.Reader("load", bus=self.bus, wait=10)
        timer.join()
        self.assertEqual(reader.producer, "late")
        producers[0].close()


if __name__ == "__main__":
    unittest.main()
