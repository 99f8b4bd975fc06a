"""Reading: the retained window where it stands, events as they come, and points as arrays."""

from __future__ import annotations

import ctypes
import math
import time
from typing import Iterator, Optional, Tuple

from . import _arguments
from . import _library as c
from ._errors import InvalidArgument, NotFound, RingsideError
from ._events import Cursor, Event, Events, retained
from ._guards import OneOfAKind
from ._mapping import Mapping
from ._points import Points
from ._run import Run
from ._segments import segments

#: How many seconds a wait goes on before Python gets to look for Ctrl-C.
_SLICE = 0.1


class Reader(OneOfAKind):
    """A segment, open for reading; the producer never notices.

    >>> points = ringside.Reader("embedding").points()

    ``channel`` may name the producer too ("embedding/knn"); if neither does and the channel has
    more than one, the error names them. ``wait`` is how many seconds a segment that is not there
    yet is waited for; math.inf is for ever.

    Raises NotFound for what is not there, or not in that time, and at once where the channel has
    several producers; InvalidArgument for a name that cannot be; Corrupt for a file that is no
    segment. What it is asked once it is closed raises InvalidArgument, and Corrupt once the segment
    contradicts itself.

    Any number of threads may use it, and any number of readers one segment. Views that come out of
    it (runs, points) stay valid after it is closed. The child of a fork may use the views that it
    inherits, and opens readers of its own.

    channel   the channel
    producer  the producer's name
    """

    _instead = "open another Reader of the segment where it is needed"

    def __init__(
        self,
        channel: str,
        producer: Optional[str] = None,
        *,
        bus: Optional[_arguments.Path] = None,
        wait: float = 0.0,
    ) -> None:
        channel, producer = _arguments.split_name(channel, producer)
        end = time.monotonic() + _arguments.seconds("wait", wait)
        self._bus = _arguments.path("bus", bus)
        self._channel = _arguments.text("channel", channel)
        while True:
            try:
                name = producer if producer is not None else _only_producer(channel, bus)
                self._producer = _arguments.text("producer", name)
                self._mapping: Optional[Mapping] = self._map()
                break
            except _SeveralProducers:
                raise
            except NotFound:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.02)
        self.channel = channel
        self.producer = name

    def _map(self) -> Mapping:
        """The segment of that name, as it is now."""
        return Mapping(self._bus, self._channel, self._producer)

    def _open(self) -> Mapping:
        if self._mapping is None:
            raise InvalidArgument("the reader is closed")
        return self._mapping

    # ---- what there is -----------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The segment's identity: a random number of 64 bits, another when it is recreated."""
        return int(self._open().describe().epoch)

    @property
    def window(self) -> Tuple[int, int]:
        """The retained window [oldest, next) of sequences, now."""
        info = self._open().describe()
        return info.oldest, info.next

    @property
    def capacity_bytes(self) -> int:
        """Bytes of the ring."""
        return int(self._open().describe().capacity_bytes)

    @property
    def retain_events(self) -> int:
        """The most events that are kept."""
        return int(self._open().describe().retain_events)

    @property
    def schema(self) -> bytes:
        """The binary schema of the events."""
        info = self._open().describe()
        return ctypes.string_at(info.schema, info.schema_size) if info.schema_size else b""

    @property
    def schema_id(self) -> str:
        """The FlatBuffers file identifier of the events, or ""."""
        return self._open().describe().schema_id.decode()  # type: ignore[no-any-return]

    @property
    def mapping(self) -> Tuple[int, int]:
        """Where the ring is in this process: address and size. Views point into it."""
        info = self._open().describe()
        return info.mapping, info.mapping_size

    # ---- in place ------------------------------------------------------------------------------

    def run(self, start: str = "oldest", max_bytes: int = 0) -> Optional[Run]:
        """The retained window from ``start`` on as one run, nothing copied; None if it is empty.

        ``start`` is oldest, latest, last:N, seq:N or since:10s; where it is overwritten already,
        the run begins later, as its ``first`` says. It ends before a record that is damaged; the
        next one begins behind that. ``max_bytes`` limits the run, which has one record at least; 0
        is no limit. Raises InvalidArgument for another start.
        """
        mapping = self._open()
        cursor = self._seek(mapping, start)
        most = _arguments.whole("max_bytes", max_bytes)
        run = c.RunStruct()
        while True:
            step = c.checked(
                c.next_run(mapping.handle, ctypes.byref(cursor), most, ctypes.byref(run))
            )
            if step == c.NOTHING:
                return None
            if step == c.RUN:
                return Run(mapping, run)

    def points(self, which: str = "latest") -> Points:
        """The points of a channel of embedding events as columns: see Points.

        "latest" is each point of a cycle once: as many events as the newest says that its cycle
        has. "window" is every point that is retained. Raises InvalidEvent if the events are others,
        and Overwritten if the producer was faster several times over.
        """
        mapping = self._open()
        kinds = {"latest": c.LATEST, "window": c.WINDOW}
        if which not in kinds:
            raise ValueError(f'points("latest") or points("window"), not {which!r}')
        return Points(mapping, kinds[which])

    # ---- events --------------------------------------------------------------------------------

    def __iter__(self) -> Events:
        """The retained events, up to what is there when the iteration gets there."""
        return self.events()

    def events(self, start: str = "oldest") -> Events:
        """The events from ``start`` on; ends with the newest.

        What was missed before an event is in its ``gaps``, and what was missed behind the last one
        in the ``gaps`` of the iterator that this returns. ``start`` is as for run(). Raises
        InvalidArgument for another, and Corrupt, as it goes, if the segment is corrupt.
        """
        cursor = self._cursor(start)
        return Events(cursor, retained(cursor))

    def follow(self, timeout: Optional[float] = None, start: str = "oldest") -> Events:
        """The events from ``start`` on, and then those to come, as they come.

        Ends when nothing was published for ``timeout`` seconds; without one it never ends. Where
        the segment is recreated, it goes on there, and the first event's ``gaps`` have one whose
        reason is "reset", and then what the new segment has lost already. Gaps are reported, and
        errors raised, as by events().
        """
        cursor = self._cursor(start)
        silence = math.inf if timeout is None else _arguments.seconds("timeout", timeout)
        return Events(cursor, self._followed(cursor, silence))

    def _followed(self, cursor: Cursor, silence: float) -> Iterator[Event]:
        silent_since = time.monotonic()
        while True:
            for event in retained(cursor):
                yield event
                silent_since = time.monotonic()
            left = silent_since + silence - time.monotonic()
            if left <= 0:
                return
            left_ms = max(1, int(min(_SLICE, left) * 1000))
            if c.checked(c.wait(cursor.mapping.handle, cursor.sequence.value, left_ms)) != c.ENDED:
                continue
            try:
                mapping = self._map()
            except NotFound:
                time.sleep(left_ms / 1000)
                continue
            cursor.move(mapping)
            if self._mapping is not None:  # a reader that was closed meanwhile stays closed
                self._mapping = mapping

    def _cursor(self, start: str) -> Cursor:
        mapping = self._open()
        return Cursor(mapping, self._seek(mapping, start))

    @staticmethod
    def _seek(mapping: Mapping, start: str) -> ctypes.c_uint64:
        cursor = ctypes.c_uint64()
        text = _arguments.text("start", start)
        c.checked(c.seek(mapping.handle, text, ctypes.byref(cursor)))
        return cursor

    def close(self) -> None:
        """Lets go of the segment once the last view of it is gone; iterations go on."""
        self._mapping = None

    def __enter__(self) -> "Reader":
        self._open()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._mapping is None:
            return f"<ringside.Reader {self.channel}/{self.producer} (closed)>"
        oldest, following = self.window
        return f"<ringside.Reader {self.channel}/{self.producer} [{oldest}, {following})>"


class _SeveralProducers(NotFound):
    """Which waiting does not help against."""


def _only_producer(channel: str, bus: Optional[_arguments.Path]) -> str:
    """The producer of a channel that has just one."""
    found = segments(bus)
    for one in found:
        if one.channel == channel and not one.producer:  # the channel's folder cannot be read
            raise RingsideError(one.fault)
    names = [one.producer for one in found if one.channel == channel]
    if len(names) > 1:
        raise _SeveralProducers(
            f"the channel {channel!r} has {len(names)} producers; say which: "
            + ", ".join(f"{channel}/{name}" for name in names)
        )
    if not names:
        where = (c.bus_path(_arguments.path("bus", bus)) or b"").decode("utf-8", "replace")
        channels = ", ".join(sorted({one.channel for one in found})) or "no channel at all"
        raise NotFound(
            f"the channel {channel!r} has no segment on the bus {where}, which has {channels}; "
            "start a producer there, or name another bus with bus= or RINGSIDE_BUS"
        )
    return names[0]
