"""What the tests of the Python package share: a bus of their own, the programs, other processes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BIN = os.environ["RINGSIDE_BIN"]
SCHEMAS = os.environ["RINGSIDE_SCHEMAS"]
PACKAGE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "producer_shim",
    "python",
)

GOLDEN = 0x9E3779B97F4A7C15


class BusTest(unittest.TestCase):
    """A test with a bus in memory, which is removed after it."""

    def setUp(self):
        self.bus = tempfile.mkdtemp(prefix="ringside-python-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, self.bus, ignore_errors=True)

    def fresh_bus(self):
        """Goes on with another bus, which is empty."""
        shutil.rmtree(self.bus)
        os.mkdir(self.bus, 0o700)

    def ringside(self, *arguments, input=None):
        return subprocess.run(
            [os.path.join(BIN, "ringside"), "--bus", self.bus, *arguments],
            input=input,
            stdout=subprocess.PIPE,
            check=True,
            universal_newlines=True,
        ).stdout

    def tail(self, target, *arguments):
        """The events of a segment as the command prints them."""
        return [json.loads(line) for line in self.ringside("tail", target, "--json", *arguments).splitlines()]

    def start_python(self, code, *arguments):
        """Another Python with this bus as its first argument; its output is a pipe."""
        child = subprocess.Popen(
            [sys.executable, "-c", code, self.bus, *arguments],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            universal_newlines=True,
            env=environment(),
        )

        def stop():
            child.kill()
            child.wait()
            child.stdout.close()
            child.stdin.close()

        self.addCleanup(stop)
        return child


def environment(**more):
    """Ours, with the package where this test has it from."""
    return {**os.environ, "PYTHONPATH": PACKAGE, **more}


def load_words(seed, sequence, count):
    """What `ringside load` puts into an event."""
    return [((seed + sequence) * GOLDEN + i) % 2**64 for i in range(count)]
