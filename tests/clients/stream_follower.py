"""A client of /v1/stream, written from docs/protocol.md alone, in each mode, on `websockets`.

It checks every message: its form, that each sequence comes when it is due, and each event of
`ringside load` against the formula of schemas/load.fbs. Wrong raises Wrong at once.
"""

import json
import re
import struct

import websockets

GOLDEN = 0x9E3779B97F4A7C15
MODULO = 2**64
LONGEST_MESSAGE = 16 * 2**20


class Wrong(Exception):
    """The server did what docs/protocol.md does not allow."""


class Segment:
    """What is known of one epoch, across connections."""

    def __init__(self, name, begin):
        self.name = name
        self.begin = begin
        self.wanted = begin
        self.had = 0
        self.gaps = []
        self.time = 0


class StreamFollower:
    def __init__(self, mode, seeds):
        self.mode = mode
        self.seeds = seeds
        self.known = {}
        self.records = 0
        self.messages = 0
        self.announcements = 0
        self.socket = None

    async def connect(self, origin):
        """Goes on where the last connection ended; the first begins at the oldest."""
        token = ",".join(f"{epoch}:{one.wanted}" for epoch, one in self.known.items())
        resume = f"&resume={token}" if token else ""
        self.hello = self.live = False
        self.due = None
        self.announced = set()
        # It offers compression, as it does by default; the server must not take the offer.
        self.socket = await websockets.connect(
            f"{origin}/v1/stream?mode={self.mode}&from=oldest{resume}", max_size=LONGEST_MESSAGE
        )
        self._must(self.socket.subprotocol is None, "a subprotocol was selected")
        self._must(self.socket.extensions == [], "an extension was accepted")

    async def until(self, reached):
        """Takes messages until `reached`. A connection that ends before raises ConnectionClosed."""
        while not reached():
            self._take(await self.socket.recv())

    async def until_records(self, count):
        await self.until(lambda: self.records >= count)

    async def until_live(self):
        await self.until(lambda: self.live)

    async def until_closed(self):
        """Takes what there is, and gives the code of the Close, 1006 if there is none."""
        try:
            await self.until(lambda: False)
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def _must(self, holds, text):
        if not holds:
            raise Wrong(f"mode={self.mode}, record {self.records}: {text}")

    def _take(self, message):
        if isinstance(message, str):
            self._take_text(message)
            return
        self._must(self.hello and self.mode != "json", "a binary message")
        self.messages += 1
        if self.mode == "run":
            self._take_run(message)
        else:
            self._must(self.due in self.announced, "an event of nobody")
            self._take_load(self.known[self.due], message)

    def _take_text(self, text):
        message = json.loads(text)
        kind = message["type"]
        short = text[:300]
        self._must(self.hello != (kind == "hello"), f"hello is not first and once: {short}")
        if kind == "hello":
            self._must(message["protocol"] == 1, short)
            self.hello = True
        elif kind == "segment":
            self._take_segment(message, short)
        elif kind == "gap":
            segment = self.known[message["epoch"]]
            self._must(message["reason"] == "overwritten", short)
            self._must(segment.wanted == message["from"] < message["to"], short)
            segment.gaps.append((message["from"], message["to"]))
            segment.wanted = message["to"]
            self.due = message["epoch"]
        elif kind == "events":
            self._must(self.mode == "event" and message["epoch"] in self.announced, short)
            self._must(self.known[message["epoch"]].wanted == message["from"], short)
            self.due = message["epoch"]
            self.announcements += 1
        elif kind == "event":
            self._must(self.mode == "json" and message["epoch"] in self.announced, short)
            segment = self.known[message["epoch"]]
            self._must(f"{message['channel']}/{message['producer']}" == segment.name, short)
            self._must(message["sequence"] == segment.wanted, short)
            self._take_time(segment, int(message["timestamp_ns"]))
            self.messages += 1
            event = message["event"]
            self._take_words(segment, event["seed"], event["sequence"], tuple(event["words"]))
        elif kind == "live":
            self._must(not self.live, "live twice")
            self.live = True

    def _take_segment(self, message, short):
        epoch = message["epoch"]
        name = f"{message['channel']}/{message['producer']}"
        self._must(re.fullmatch("[0-9a-f]{16}", epoch) and message["schema"] == "RSLD", short)
        self._must(epoch not in self.announced, f"announced twice: {short}")
        self.announced.add(epoch)
        segment = self.known.setdefault(epoch, Segment(name, message["from"]))
        self._must(segment.name == name and segment.wanted == message["from"], short)
        self.due = epoch

    def _take_run(self, message):
        self._must(len(message) >= 32, "a message without a RunHeader")
        number, first, count, length, reserved = struct.unpack_from("<QQIIQ", message)
        epoch = f"{number:016x}"
        self._must(epoch in self.announced, f"a run of {epoch}, which was not announced")
        segment = self.known[epoch]
        self._must(first == segment.wanted and count >= 1, "not the run that is due")
        self._must(length == len(message) - 32 and reserved == 0, "a wrong RunHeader")
        at = 32
        for _ in range(count):
            self._must(at + 24 <= len(message), "a record that is not inside the message")
            size, _, sequence, time = struct.unpack_from("<IIQQ", message, at)
            end = at + 24 + (size + 7) // 8 * 8
            self._must(size >= 1 and end <= len(message), "a record that is not inside the message")
            self._must(sequence == segment.wanted, "not the record that is due")
            self._take_time(segment, time)
            self._take_load(segment, message[at + 24 : at + 24 + size])
            at = end
        self._must(at == len(message), "more than its records")

    def _take_time(self, segment, time):
        self._must(time >= segment.time, "time goes backwards")
        segment.time = time

    def _take_load(self, segment, event):
        """One FlatBuffer of the table Load."""
        table, identifier = struct.unpack_from("<I4s", event)
        self._must(identifier == b"RSLD", "not a Load event")
        fields = table - struct.unpack_from("<i", event, table)[0]
        (fields_length,) = struct.unpack_from("<H", event, fields)

        def field(index):
            """Where it stands; a field that has its default need not be there."""
            slot = 4 + 2 * index
            offset = slot < fields_length and struct.unpack_from("<H", event, fields + slot)[0]
            return table + offset if offset else None

        def number(at):
            return struct.unpack_from("<Q", event, at)[0] if at else 0

        vector = field(2) + struct.unpack_from("<I", event, field(2))[0]
        (length,) = struct.unpack_from("<I", event, vector)
        self._must(vector + 4 + 8 * length == len(event), "words that do not fill the event")
        words = struct.unpack_from(f"<{length}Q", event, vector + 4)
        self._take_words(segment, number(field(0)), number(field(1)), words)

    def _take_words(self, segment, seed, sequence, words):
        self._must(seed == self.seeds[segment.name], f"seed {seed} in {segment.name}")
        self._must(sequence == segment.wanted, f"event {sequence}, not {segment.wanted}")
        first = (seed + sequence) * GOLDEN
        expected = tuple((first + i) % MODULO for i in range(len(words)))
        self._must(words and words == expected, f"the words of event {sequence} are wrong")
        segment.wanted += 1
        segment.had += 1
        self.records += 1
