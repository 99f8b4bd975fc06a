"""Python's `websockets` as a client: the stream in each mode, and the echo."""

import asyncio
import os
import signal
import time
import unittest

import programs
import websockets
from stream_follower import StreamFollower

# One wraps around 2^64, the other passes 2^53: neither fits a double.
SEEDS = {"events/p": 18446744073709550000, "other/q": 9007199254740993}
# Frame heads of 2, 4 and 10 bytes, and records longer than a run would be.
REPLAY = [(3000, 64), (3000, 126), (2000, 1000), (200, 70000), (3, 300000)]
REPLAYED = sum(count for count, _ in REPLAY)
LIVE = 12000
LIVE_OTHER = 3000
RATE = 4000
ALL = REPLAYED + LIVE + LIVE_OTHER
DOWN_S = 0.3
# For a connection that hangs; the machine may be busy.
LIMIT_S = 300
# A Close that is not taken and answered within this time ends without it (docs/protocol.md, 7).
CLOSE_LIMIT_S = 2
LONGEST_ECHO = 16 * 2**20


class Clients(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.bus = programs.new_bus()
        self.addCleanup(programs.remove, self.bus)
        self.dashboard = None

    async def start(self, *options):
        port = self.dashboard.port if self.dashboard else 0
        self.dashboard = await programs.Dashboard.start(self.bus, port, *options)
        self.addAsyncCleanup(self.dashboard.stop, signal.SIGKILL)
        return self.dashboard.origin


class Stream(Clients):
    async def come_back(self, follower, by):
        """The dashboard ends and is started again; gives its status, how the stream ended, and whether the
        dashboard waited in vain for the answer to its Close."""
        begin = time.monotonic()
        status = await self.dashboard.stop(by)
        is_hurried = time.monotonic() - begin >= CLOSE_LIMIT_S
        code = await follower.until_closed()
        await asyncio.sleep(DOWN_S)
        await follower.connect(await self.start())
        return status, code, is_hurried

    async def lives(self, mode):
        for count, size in REPLAY:
            await programs.load(self.bus, "events/p", SEEDS["events/p"], count, size)
        follower = StreamFollower(mode, SEEDS)
        await follower.connect(await self.start())
        await follower.until_records(REPLAYED // 10)
        _, code, _ = await self.come_back(follower, signal.SIGKILL)
        self.assertEqual(code, 1006)
        await follower.until_live()
        self.assertEqual(follower.records, REPLAYED)

        paced = ["--rate", str(RATE)]
        publishing = asyncio.gather(
            programs.load(self.bus, "events/p", SEEDS["events/p"], LIVE, 96, *paced),
            programs.load(self.bus, "other/q", SEEDS["other/q"], LIVE_OTHER, 200, *paced),
        )
        await follower.until_records(REPLAYED + 1000)
        _, code, _ = await self.come_back(follower, signal.SIGKILL)
        self.assertEqual(code, 1006)
        await follower.until_records(REPLAYED + 8000)
        status, code, is_hurried = await self.come_back(follower, signal.SIGTERM)
        self.assertEqual(status, 0)
        self.assertIn(code, (1001, 1006) if is_hurried else (1001,))
        await follower.until_records(ALL)
        await publishing

        published = programs.segments(self.bus)
        for segment in follower.known.values():
            self.assertEqual(segment.begin, 0)
            self.assertEqual(segment.had, published[segment.name]["next"])
            self.assertEqual(segment.gaps, [])
        self.assertEqual(len(follower.known), 2)
        self.assertEqual(follower.messages == ALL, mode != "run")
        # The server answers while there is nothing to send, and closes with the same code.
        pong = await follower.socket.ping(b"are you there")
        await pong
        await follower.socket.close(4321, "enough")
        self.assertEqual(follower.socket.close_code, 4321)

    async def gap(self, mode):
        retain = ["--retain", "1000"]
        await programs.load(self.bus, "events/p", SEEDS["events/p"], 1500, 96, *retain)
        before = programs.segments(self.bus)["events/p"]
        follower = StreamFollower(mode, SEEDS)
        await follower.connect(await self.start())
        await follower.until_live()
        self.assertEqual(follower.records, before["next"] - before["oldest"])
        await self.dashboard.stop(signal.SIGKILL)
        self.assertEqual(await follower.until_closed(), 1006)
        await programs.load(self.bus, "events/p", SEEDS["events/p"], 4000, 96, *retain)
        now = programs.segments(self.bus)["events/p"]
        await follower.connect(await self.start())
        await follower.until_live()
        (segment,) = follower.known.values()
        self.assertEqual(segment.wanted, now["next"])
        self.assertEqual(segment.gaps, [(before["next"], now["oldest"])])
        self.assertEqual(segment.had, follower.records)
        await follower.socket.close()


def add_modes():
    """Each scenario in each mode is a test of its own."""
    for mode in ("run", "event", "json"):
        for name, scenario in (
            ("each_event_comes_once_over_dashboards_that_die", Stream.lives),
            ("what_was_overwritten_meanwhile_is_told", Stream.gap),
        ):

            async def test(self, scenario=scenario, mode=mode):
                await asyncio.wait_for(scenario(self, mode), LIMIT_S)

            setattr(Stream, f"test_mode_{mode}_{name}", test)


add_modes()


class Echo(Clients):
    async def connect(self):
        if not self.dashboard:
            await self.start("--echo")
        address = f"{self.dashboard.origin}/v1/echo"
        return await websockets.connect(address, max_size=2 * LONGEST_ECHO)

    async def test_messages_of_each_length_come_back(self):
        socket = await self.connect()
        for size in (0, 1, 125, 126, 127, 65535, 65536, 2**20, LONGEST_ECHO):
            sent = os.urandom(size)
            await socket.send(sent)
            self.assertEqual(await socket.recv(), sent)
            text = "\u00e4\u20ac\U0001f600"[: size % 4] + "x" * min(size, 2**20)
            await socket.send(text)
            self.assertEqual(await socket.recv(), text)
        await socket.close()
        self.assertEqual(socket.close_code, 1000)

    async def test_fragments_come_back_as_one_message_with_a_ping_between(self):
        socket = await self.connect()
        parts = [os.urandom(size) for size in (0, 1, 70000, 0, 5)]

        async def slowly():
            for part in parts:
                pong = await socket.ping()
                await asyncio.wait_for(pong, LIMIT_S)
                yield part

        await socket.send(slowly())
        self.assertEqual(await socket.recv(), b"".join(parts))
        await socket.close()

    async def test_a_message_over_the_limit_is_too_big(self):
        socket = await self.connect()
        try:
            await socket.send(bytes(LONGEST_ECHO + 1))
            await socket.recv()
        except websockets.ConnectionClosed:
            pass
        await socket.wait_closed()
        self.assertEqual(socket.close_code, 1009)

    async def test_each_close_is_answered_with_its_code(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1011, 3000, 3999, 4000, 4999):
            socket = await self.connect()
            await socket.close(code, "\u00e4" * 61)
            self.assertEqual(socket.close_code, code)


if __name__ == "__main__":
    unittest.main(verbosity=2)
