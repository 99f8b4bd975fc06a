"""A signal's handler, or a finalizer, may use the bus between any two lines of the package on the same
thread: what it interrupts is none the worse."""

import os
import signal
import sys
import unittest

import ringside
from support import BusTest


def interrupt(call, handler):
    """What the call gives while the handler runs before each line of the package that it goes
    through, as one of a signal or of a finalizer can."""
    folder = os.path.dirname(ringside.__file__)

    def trace(frame, event, argument):
        if not frame.f_code.co_filename.startswith(folder):
            return None
        if event == "line":
            handler()
        return trace

    sys.settrace(trace)
    try:
        return call()
    finally:
        sys.settrace(None)


class InterruptTest(BusTest):
    def open(self, name, channel="load"):
        producer = ringside.Producer(channel, name, bus=self.bus, capacity_bytes=1 << 20)
        self.addCleanup(producer.close)
        return producer, ringside.Reader(channel, name, bus=self.bus)

    def test_an_event_is_the_right_one_where_the_handler_reads_others(self):
        producer, reader = self.open("p")
        other_producer, other = self.open("other")
        for i in range(20):
            producer.publish({"seed": i, "words": [i] * i})
            other_producer.publish({"seed": 10**9, "words": [10**9] * (40 - i)})
        expected = [(event.data, event.json()) for event in reader]
        (large,) = other.events("last:1")

        def handler():
            self.assertEqual([event.value["seed"] for event in other.events("last:2")], [10**9] * 2)
            large.json()

        found = interrupt(lambda: [(event.data, event.json()) for event in reader], handler)
        self.assertEqual(found, expected)

    def test_points_have_their_own_names_where_the_handler_finds_others(self):
        producer, reader = self.open("p", "embedding")
        other_producer, other = self.open("other", "embedding")
        hosts = ["host-%04d" % i for i in range(300)]
        producer.publish_columns(episode_id="e", host_id=hosts, x=[0.0] * 300)
        other_producer.publish_columns(episode_id="e", host_id=["other"], x=[0.0])
        handler = lambda: self.assertEqual(other.points().host_id[0], b"other")  # noqa: E731
        found = interrupt(lambda: reader.points().host_id.tolist(), handler)
        self.assertEqual(found, [host.encode() for host in hosts])

    def test_an_error_is_the_calls_own_where_the_handler_has_another(self):
        def fail(call):
            try:
                call()
            except ringside.RingsideError as error:
                return error
            self.fail("no error")

        self.open("p")
        for call in (
            lambda: ringside.Reader("mine/there", bus=self.bus),
            lambda: ringside.Producer("load", "p", bus=self.bus),
            lambda: ringside.segments(os.path.join(self.bus, "load", "p.ring")),
        ):
            expected = fail(call)
            with self.subTest(expected=expected):
                found = interrupt(
                    lambda: fail(call), lambda: fail(lambda: ringside.Reader("no/no", bus=self.bus))
                )
                self.assertEqual((type(found), str(found)), (type(expected), str(expected)))

    def test_handlers_that_come_faster_than_they_end_wait_for_nobody(self):
        producer, reader = self.open("p")
        for i in range(200):
            producer.publish({"seed": i})
        expected = [event.data for event in reader]
        fired = []

        def handler(number, frame):
            fired.append(next(reader.events("last:1")).sequence)

        before = signal.signal(signal.SIGALRM, handler)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        try:
            while len(fired) < 500:
                self.assertEqual([event.data for event in reader], expected)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertEqual(set(fired), {199})


if __name__ == "__main__":
    unittest.main()
