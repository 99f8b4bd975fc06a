"""Reading: the retained window where it stands, events as they come, and points as arrays."""

from __future__ import annotations

import ctypes
import json
import math
import time
from types import TracebackType
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple, Type

from . import _arguments
from . import _library as c
from ._errors import NotFound, Overwritten
from ._points import Points
from ._segments import segments

#: How many seconds a wait goes on before Python gets to look for Ctrl-C.
_SLICE = 0.1


class Gap(NamedTuple):
    """Sequences [first, end) that a reader missed. ``reason`` is "overwritten": the producer was
    faster; or "reset": the segment was made anew, and sequences begin again."""

    first: int
    end: int
    reason: str


class Event:
    """One event: a private copy, checked against its checksum."""

    __slots__ = ("sequence", "timestamp_ns", "data", "gap", "_mapping")

    def __init__(
        self, sequence: int, timestamp_ns: int, data: bytes, gap: Optional[Gap], mapping: "_Mapping"
    ) -> None:
        #: The number of the event in its segment.
        self.sequence = sequence
        #: When it was published: nanoseconds since 1970, UTC.
        self.timestamp_ns = timestamp_ns
        #: The FlatBuffer.
        self.data = data
        #: What was missed between the event before and this one; mostly None.
        self.gap = gap
        self._mapping = mapping

    def json(self) -> str:
        """The event as one line of JSON, by the schema of its segment."""
        return self._mapping.json(self.data)

    @property
    def value(self) -> Dict[str, Any]:
        """The event as a dict, by the schema's own names."""
        return json.loads(self.json())  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<ringside.Event {self.sequence}: {self.json()}>"


class Record(NamedTuple):
    """A record in place: ``event`` is a view of the mapping."""

    sequence: int
    timestamp_ns: int
    event: memoryview


class _Mapping:
    """An open segment. Views hold it, so that it lives as long as the last of them."""

    handle: Optional[int] = None

    def __init__(self, bus: Optional[bytes], channel: bytes, producer: bytes) -> None:
        handle = c.reader_open(bus, channel, producer)
        if not handle:
            raise c.failure()
        self.handle = handle

    def __del__(self) -> None:
        if self.handle:
            c.reader_close(self.handle)

    def describe(self) -> c.ReaderInfo:
        info = c.sized(c.ReaderInfo)
        c.checked(c.reader_describe(self.handle, ctypes.byref(info)))
        return info  # type: ignore[no-any-return]

    def view(self, address: int, size: int) -> memoryview:
        """Bytes of the mapping, read-only; they keep it open."""
        held = (ctypes.c_ubyte * size).from_address(address)
        held.mapping = self  # type: ignore[attr-defined]
        return memoryview(held).cast("B").toreadonly()

    def json(self, data: bytes) -> str:
        length = ctypes.c_size_t()
        text = c.event_json(self.handle, data, len(data), ctypes.byref(length))
        if not text:
            raise c.failure()
        return ctypes.string_at(text, length.value).decode()


class Run:
    """Consecutive records as they stand in the ring: one span of memory, nothing copied.

    The producer may overwrite it at any moment. Use it, then call check() (or is_whole()): only
    then were the bytes the published ones.
    """

    def __init__(self, mapping: _Mapping, run: c.RunStruct) -> None:
        self._mapping = mapping
        self._run = run
        #: The sequence of the first record.
        self.first: int = run.first
        #: How many records there are.
        self.count: int = run.count
        #: All of them, headers included, as a view of the mapping.
        self.bytes = mapping.view(run.bytes, run.size)

    @property
    def address(self) -> int:
        """Where the run is in this process."""
        return int(self._run.bytes)

    def array(self) -> Any:
        """The bytes as a NumPy array, in place."""
        import numpy

        return numpy.frombuffer(self.bytes, dtype=numpy.uint8)

    def is_whole(self) -> bool:
        """Whether no byte of it has been overwritten up to now."""
        return bool(c.is_whole(self._mapping.handle, ctypes.byref(self._run)))

    def check(self) -> None:
        """Raises Overwritten if a byte of it has been overwritten up to now."""
        if not self.is_whole():
            end = self.first + self.count
            raise Overwritten(
                f"sequences {self.first} to {end - 1} are not whole any more: the producer has "
                "overwritten the first of them; take the run again"
            )

    def __iter__(self) -> Iterator[Record]:
        offset = ctypes.c_size_t()
        record = c.RecordStruct()
        while (
            c.checked(
                c.next_record(ctypes.byref(self._run), ctypes.byref(offset), ctypes.byref(record))
            )
            == c.RUN
        ):
            start = record.event - self._run.bytes
            yield Record(
                record.sequence, record.timestamp_ns, self.bytes[start : start + record.size]
            )

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return f"<ringside.Run of {self.count} from {self.first}, {len(self.bytes)} bytes>"


class Reader:
    """A segment, open for reading; the producer never notices.

    >>> points = ringside.Reader("embedding").points()

    ``channel`` may name the producer too ("embedding/knn"); if neither does and the channel has
    more than one, the error names them. ``wait`` is how many seconds a segment that is not there
    yet is waited for. Views that come out of it (runs, points) stay valid after it is closed.
    """

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
            name = producer if producer is not None else _only_producer(channel, bus)
            try:
                if name is None:
                    raise NotFound(f"the channel {channel!r} has no segment; see ringside ls")
                self._producer = _arguments.text("producer", name)
                self._mapping: Optional[_Mapping] = self._map()
                break
            except NotFound:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.02)
        #: The channel.
        self.channel = channel
        #: The producer's name.
        self.producer = name

    def _map(self) -> _Mapping:
        """The segment of that name, as it is now."""
        return _Mapping(self._bus, self._channel, self._producer)

    def _open(self) -> _Mapping:
        if self._mapping is None:
            raise ValueError("the reader is closed")
        return self._mapping

    # ---- what there is -----------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The identity of the segment."""
        return int(self._open().describe().epoch)

    @property
    def window(self) -> Tuple[int, int]:
        """The retained window [oldest, next) of sequences, now."""
        info = self._open().describe()
        return info.oldest, info.next

    @property
    def capacity(self) -> int:
        """Bytes of the ring."""
        return int(self._open().describe().capacity)

    @property
    def retain(self) -> int:
        """The most events that are kept."""
        return int(self._open().describe().retain)

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

        ``start`` is oldest, latest, last:N, seq:N or since:10s. ``max_bytes`` limits the run.
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
        has. "window" is every point that is retained.
        """
        mapping = self._open()
        kinds = {"latest": c.LATEST, "window": c.WINDOW}
        if which not in kinds:
            raise ValueError(f'points("latest") or points("window"), not {which!r}')
        return Points(mapping, kinds[which])

    # ---- events --------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Event]:
        """The retained events, up to what is there when the iteration gets there."""
        return self.events()

    def events(self, start: str = "oldest") -> Iterator[Event]:
        """The events from ``start`` on; ends with the newest. What was missed is told by gap."""
        mapping = self._open()
        return self._events(mapping, self._seek(mapping, start), None)

    def follow(
        self, timeout: Optional[float] = None, start: str = "oldest"
    ) -> Iterator[Event]:
        """The events from ``start`` on, and then those to come, as they come.

        Ends when nothing was published for ``timeout`` seconds; without one it never ends. Where
        the segment is made anew, it goes on there, and the first event's gap has the reason
        "reset".
        """
        mapping = self._open()
        cursor = self._seek(mapping, start)
        silence = math.inf if timeout is None else _arguments.seconds("timeout", timeout)
        reset: Optional[Gap] = None
        silent_since = time.monotonic()
        while True:
            for event in self._events(mapping, cursor, reset):
                reset = None
                yield event
                silent_since = time.monotonic()
            left = silent_since + silence - time.monotonic()
            if left <= 0:
                return
            left_ms = max(1, int(min(_SLICE, left) * 1000))
            if c.checked(c.wait(mapping.handle, cursor.value, left_ms)) != c.ENDED:
                continue
            try:
                mapping = self._map()
            except NotFound:
                time.sleep(left_ms / 1000)
                continue
            self._mapping = mapping
            reset = Gap(cursor.value, cursor.value, "reset")
            cursor = self._seek(mapping, "oldest")

    @staticmethod
    def _seek(mapping: _Mapping, start: str) -> ctypes.c_uint64:
        cursor = ctypes.c_uint64()
        place = _arguments.text("start", start)
        c.checked(c.seek(mapping.handle, place, ctypes.byref(cursor)))
        return cursor

    @staticmethod
    def _events(
        mapping: _Mapping, cursor: ctypes.c_uint64, gap: Optional[Gap]
    ) -> Iterator[Event]:
        record = c.RecordStruct()
        place, found = ctypes.byref(cursor), ctypes.byref(record)
        while True:
            step = c.copy_record(mapping.handle, place, found)
            if step == c.RUN:
                data = ctypes.string_at(record.event, record.size)
                yield Event(record.sequence, record.timestamp_ns, data, gap, mapping)
                gap = None
            elif step == c.GAP:
                first = record.sequence
                if gap is not None and gap.reason == "overwritten":
                    first = gap.first
                if gap is None or gap.reason == "overwritten":
                    gap = Gap(first, cursor.value, "overwritten")
            elif step == c.NOTHING:
                return
            else:
                raise c.failure()

    def close(self) -> None:
        """Lets go of the segment once the last view of it is gone."""
        self._mapping = None

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._mapping is None:
            return f"<ringside.Reader {self.channel}/{self.producer} (closed)>"
        oldest, following = self.window
        return f"<ringside.Reader {self.channel}/{self.producer} [{oldest}, {following})>"


def _only_producer(channel: str, bus: Optional[_arguments.Path]) -> Optional[str]:
    """The producer of a channel that has just one; None if it has none."""
    names = [one.producer for one in segments(bus) if one.channel == channel]
    if len(names) > 1:
        raise NotFound(
            f"the channel {channel!r} has {len(names)} producers; say which: "
            + ", ".join(f"{channel}/{name}" for name in names)
        )
    return names[0] if names else None
