"""Arguments that cannot be are refused by name: none is cut off at a NUL, or taken modulo 2**64."""

import math
import os
import pathlib
import shlex
import time
import unittest

import ringside
from support import SCHEMAS, BusTest


class ArgumentsTest(BusTest):
    def assert_refused(self, name, call, error=ringside.InvalidArgument):
        with self.assertRaises(error) as caught:
            call()
        self.assertTrue(str(caught.exception).startswith(name + ": "), str(caught.exception))

    def test_whole_numbers_out_of_range_are_refused_by_name(self):
        for name in ("capacity_bytes", "retain_events"):
            for value, error in (
                (-1, ringside.InvalidArgument),
                (2**64 + 65536, ringside.InvalidArgument),
                (1e6, TypeError),
            ):
                with self.subTest(name=name, value=value):
                    self.assert_refused(
                        name, lambda: ringside.Producer("load/p", bus=self.bus, **{name: value}), error
                    )
        self.assertEqual(ringside.segments(self.bus), [])
        with ringside.Producer("embedding/p", bus=self.bus) as producer:
            for name, most in (("index", 2**32 - 1), ("total", 2**32 - 2), ("cycle", 2**64 - 2)):
                for value in (-1, most + 1, most + 7):
                    with self.subTest(name=name, value=value):
                        given = {name: value}
                        self.assert_refused(
                            name, lambda: producer.publish_columns(episode_id="e", x=[1.0], **given)
                        )
            self.assert_refused(
                "batch", lambda: producer.publish_columns(episode_id="e", x=[1.0], batch=-1)
            )
            self.assertEqual(producer.info.next, 0)
            producer.publish_columns(episode_id="e", x=[1.0], index=5, total=2**32 - 2, cycle=2**64 - 2)
            reader = ringside.Reader("embedding", bus=self.bus)
            self.assertEqual(
                next(iter(reader)).value["body"]["slot"],
                {"cycle": 2**64 - 2, "index": 5, "total": 2**32 - 2},
            )
            self.assert_refused("max_bytes", lambda: reader.run(max_bytes=-1))

    def test_a_duration_that_is_none_leaves_the_segment_as_it_is(self):
        with ringside.Producer("load/p", bus=self.bus) as producer:
            producer.publish({"seed": 1})
        for name in ("retain_age_ns", "sync_interval_ms"):
            for value, error in (
                (-5, ringside.InvalidArgument),
                (2**64, ringside.InvalidArgument),
                (-1e-9, TypeError),
                (math.nan, TypeError),
                (math.inf, TypeError),
            ):
                with self.subTest(name=name, value=value):
                    self.assert_refused(
                        name, lambda: ringside.Producer("load/p", bus=self.bus, **{name: value}), error
                    )
        with ringside.Producer("load/p", bus=self.bus, sync_interval_ms=1) as producer:
            self.assertEqual((producer.info.origin, producer.info.next), ("reopened", 1))

    def test_a_wait_that_is_none_is_refused_and_does_not_hang(self):
        with ringside.Producer("load/p", bus=self.bus) as producer:
            producer.publish({"seed": 1})
        reader = ringside.Reader("load/p", bus=self.bus)
        for value in (math.nan, -1.0):
            with self.subTest(value=value):
                self.assert_refused("wait", lambda: ringside.Reader("load/q", bus=self.bus, wait=value))
                self.assert_refused("timeout", lambda: next(reader.follow(timeout=value)))
        self.assertEqual(next(reader.follow(timeout=math.inf)).sequence, 0)

    def test_a_channel_of_two_producers_is_not_waited_for(self):
        with ringside.Producer("load/p", bus=self.bus), ringside.Producer("load/q", bus=self.bus):
            start = time.monotonic()
            with self.assertRaisesRegex(ringside.NotFound, "load/p, load/q"):
                ringside.Reader("load", bus=self.bus, wait=5)
            self.assertLess(time.monotonic() - start, 2)

    def test_a_text_with_a_nul_is_refused_and_not_cut_off(self):
        bus = self.bus
        with ringside.Producer("load/p", bus=bus) as producer:
            producer.publish({"seed": 1})
        for name, call in (
            ("channel", lambda: ringside.Producer("load\0x", "q", bus=bus, type="load")),
            ("producer", lambda: ringside.Producer("load", "q\0/../../x", bus=bus)),
            ("type", lambda: ringside.Producer("load", "q", bus=bus, type="load\0x")),
            ("bus", lambda: ringside.Producer("load", "q", bus=bus + "\0x")),
            ("channel", lambda: ringside.Reader("load\0x", "p", bus=bus)),
            ("producer", lambda: ringside.Reader("load", "p\0x", bus=bus)),
            ("bus", lambda: ringside.Reader("load", "p", bus=bus + "\0x")),
            ("bus", lambda: ringside.segments(bus + "\0x")),
            ("start", lambda: ringside.Reader("load", bus=bus).run("latest\0junk")),
            ("start", lambda: next(ringside.Reader("load", bus=bus).events("oldest\0junk"))),
        ):
            with self.subTest(name=name):
                self.assert_refused(name, call)
        self.assert_refused("producer", lambda: ringside.Reader("load", 5, bus=bus), TypeError)
        self.assertEqual([one.producer for one in ringside.segments(bus)], ["p"])

    def test_a_schema_may_be_any_bytes_or_any_path(self):
        path = os.path.join(SCHEMAS, "load.bfbs")
        with open(path, "rb") as file:
            content = file.read()
        for given in (path, pathlib.Path(path), content, bytearray(content), memoryview(content)):
            with ringside.Producer("mine/p", bus=self.bus, schema=given) as producer:
                self.assertEqual(producer.publish({"seed": 8}), producer.info.next - 1)
        self.assertEqual(ringside.Reader("mine", bus=self.bus).schema, content)

    def test_the_source_of_a_schema_is_refused_with_the_command_that_compiles_it(self):
        source = os.path.join(self.bus, "my step.fbs")
        with self.assertRaises(ringside.InvalidArgument) as caught:
            ringside.Producer("steps/p", bus=self.bus, schema=source)
        command = f"`flatc --binary --schema -o {self.bus} {shlex.quote(source)}`"
        self.assertIn(command, str(caught.exception))
        self.assertIn("my step.bfbs", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
