"""What a reader missed is reported whenever it is learned: before the next event, and behind the last."""

import ctypes
import os
import shutil
import threading
import unittest

import ringside
from ringside import Gap
from ringside._events import retained
from support import BusTest

_claim = ctypes.PyDLL(ringside.library_path).ringside_claim
_claim.restype = ctypes.c_void_p
_claim.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def begin_large_event(producer):
    """Room for it overwrites all that is retained, while there is nothing yet in its place."""
    assert _claim(producer._handle, producer.info.max_event)


class GapsTest(BusTest):
    def open(self, **options):
        options = {"capacity_bytes": 65536, **options}
        producer = ringside.Producer("load/p", bus=self.bus, **options)
        self.addCleanup(producer.close)
        return producer

    def publish(self, producer, seeds):
        for seed in seeds:
            producer.publish({"seed": seed})

    def follow(self, **options):
        return ringside.Reader("load/p", bus=self.bus).follow(**{"timeout": 5, **options})

    def test_what_was_missed_behind_the_last_event_is_told_by_the_iterator(self):
        producer = self.open()
        self.publish(producer, range(5))
        reader = ringside.Reader("load/p", bus=self.bus)
        events = reader.events()
        self.assertEqual(next(events).sequence, 0)
        self.assertEqual(events.gaps, ())
        begin_large_event(producer)
        self.assertEqual(list(events), [])
        self.assertEqual(events.gaps, (Gap(1, 5, "overwritten"),))
        self.publish(producer, [5])
        # It is reported once: here by the iterator, there by the event of one that begins as early.
        (event,) = reader.events("seq:1")
        self.assertEqual((event.sequence, event.gaps), (5, (Gap(1, 5, "overwritten"),)))

    def test_a_gap_with_nothing_behind_it_waits_for_the_next_event(self):
        producer = self.open()
        self.publish(producer, range(5))
        events = self.follow()
        self.assertEqual(next(events).sequence, 0)
        begin_large_event(producer)
        timer = threading.Timer(0.3, self.publish, (producer, [5]))
        timer.start()
        event = next(events)
        timer.join()
        self.assertEqual((event.sequence, event.gap), (5, Gap(1, 5, "overwritten")))
        self.assertEqual(events.gaps, ())

    def test_gaps_that_adjoin_are_one(self):
        producer = self.open()
        self.publish(producer, range(5))
        # A follower's two looks, without the wait between them.
        cursor = ringside.Reader("load/p", bus=self.bus)._cursor("seq:1")
        begin_large_event(producer)
        self.assertEqual(list(retained(cursor)), [])
        self.publish(producer, range(5, 5000))
        event = next(retained(cursor))
        self.assertGreater(event.sequence, 5)
        self.assertEqual(event.gaps, (Gap(1, event.sequence, "overwritten"),))

    def test_what_the_new_epoch_has_lost_already_is_told_behind_the_reset(self):
        producer = self.open()
        self.publish(producer, range(3))
        events = self.follow()
        self.assertEqual([next(events).sequence for _ in range(3)], [0, 1, 2])
        producer.close()
        producer = self.open(retain_events=10)
        self.publish(producer, range(50))
        event = next(events)
        self.assertEqual(event.sequence, 40)
        self.assertEqual(event.gaps, (Gap(3, 3, "reset"), Gap(0, 40, "overwritten")))
        self.assertEqual(event.gap, event.gaps[0])
        self.assertEqual(next(events).gaps, ())

    def test_what_the_old_epoch_had_lost_is_told_before_the_reset(self):
        producer = self.open()
        self.publish(producer, range(3))
        events = self.follow()
        self.assertEqual(next(events).sequence, 0)
        begin_large_event(producer)
        producer.close()
        producer = self.open(retain_events=10)
        self.publish(producer, range(50))
        self.assertEqual(
            next(events).gaps,
            (Gap(1, 3, "overwritten"), Gap(3, 3, "reset"), Gap(0, 40, "overwritten")),
        )

    def test_behind_a_copy_of_the_segment_in_its_place_the_producer_begins_a_new_epoch(self):
        producer = self.open()
        self.publish(producer, range(3))
        events = self.follow()
        self.assertEqual([next(events).sequence for _ in range(3)], [0, 1, 2])
        producer.close()
        path = os.path.join(self.bus, "load", "p.ring")
        shutil.copy(path, path + ".copy")
        os.replace(path + ".copy", path)
        # A copy may be older than what readers saw of the original: no sequence is given twice.
        producer = self.open()
        self.assertEqual(producer.publish({"seed": 3}), 3)
        event = next(events)
        self.assertEqual((event.sequence, event.gaps), (0, (Gap(3, 3, "reset"),)))

    def test_a_reader_that_is_closed_stays_closed_where_its_segment_is_made_anew(self):
        producer = self.open()
        self.publish(producer, range(1))
        reader = ringside.Reader("load/p", bus=self.bus)
        events = reader.follow(timeout=5)
        self.assertEqual(next(events).sequence, 0)
        reader.close()
        producer.close()
        producer = self.open(retain_events=10)
        self.publish(producer, range(1))
        self.assertEqual(next(events).gap.reason, "reset")
        with self.assertRaisesRegex(ValueError, "closed"):
            reader.window


if __name__ == "__main__":
    unittest.main()
