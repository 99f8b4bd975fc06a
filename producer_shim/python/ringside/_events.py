"""Events as private copies, one after the other, and what was missed between them."""

from __future__ import annotations

import ctypes
import itertools
import json
from typing import TYPE_CHECKING, Any, Dict, Iterator, NamedTuple, Optional, Tuple

from . import _library as c
from ._errors import TooLarge
from ._guards import OneOfAKind
from ._mapping import Mapping

if TYPE_CHECKING:
    _Chain = itertools.chain["Event"]
else:
    _Chain = itertools.chain


#: Bytes of the memory that events are copied to; it grows where one is larger.
_FIRST_SIZE = 4096


class Gap(NamedTuple):
    """Sequences [first, end) that a reader missed.

    first   the first sequence that is gone
    end     the first that is not
    reason  "overwritten": the producer was faster; "invalid": these records are damaged, and all
            others can be read; or "reset": the segment was recreated, and sequences begin again.
            first and end are then the sequence that was to come next.
    """

    first: int
    end: int
    reason: str


class Event:
    """One event: a private copy, checked against its checksum, that stays as it is.

    sequence      its number in the segment
    timestamp_ns  when it was published: nanoseconds since 1970, UTC
    data          the FlatBuffer, as bytes
    gaps          what was missed before it, in order; mostly (). There is more than one only where
                  the segment was recreated: what was missed of the old one, the reset, and what was
                  missed of the new one.

    It may be copied, and pickled: then it is these four, and json() and value, which need the
    schema of its segment, raise ValueError.
    """

    __slots__ = ("sequence", "timestamp_ns", "data", "gaps", "_mapping")

    def __init__(
        self,
        sequence: int,
        timestamp_ns: int,
        data: bytes,
        gaps: Tuple[Gap, ...] = (),
        mapping: Optional[Mapping] = None,
    ) -> None:
        self.sequence = sequence
        self.timestamp_ns = timestamp_ns
        self.data = data
        self.gaps = gaps
        self._mapping = mapping

    @property
    def gap(self) -> Optional[Gap]:
        """The first of gaps, or None if nothing was missed."""
        return self.gaps[0] if self.gaps else None

    def json(self) -> str:
        """The event as one line of JSON, by the schema of its segment.

        Raises InvalidEvent if it holds a text that is not UTF-8, and ValueError if it was pickled.
        """
        if self._mapping is None:
            raise ValueError("an event that was pickled has no schema; take its data")
        return self._mapping.json(self.data)

    @property
    def value(self) -> Dict[str, Any]:
        """The event as a dict, by the schema's own names. Raises as json() does."""
        return json.loads(self.json())  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        try:
            shown = self.json()
        except ValueError:
            shown = f"{len(self.data)} bytes"
        return f"<ringside.Event {self.sequence}: {shown}>"

    def __copy__(self) -> "Event":
        return Event(self.sequence, self.timestamp_ns, self.data, self.gaps, self._mapping)

    def __deepcopy__(self, memo: Any) -> "Event":
        return self.__copy__()

    def __reduce__(self) -> Any:
        return Event, (self.sequence, self.timestamp_ns, self.data, self.gaps)


class Cursor:
    """Where an iteration is: the segment, the next sequence, and the gaps before the next event."""

    __slots__ = ("mapping", "sequence", "gaps")

    def __init__(self, mapping: Mapping, sequence: ctypes.c_uint64) -> None:
        self.mapping = mapping
        self.sequence = sequence
        self.gaps: Tuple[Gap, ...] = ()

    def miss(self, first: int, end: int, reason: str) -> None:
        """Sequences [first, end) are missing; one gap with those before them, if for one reason."""
        last = self.gaps[-1] if self.gaps else None
        if last is not None and last.reason == reason:
            self.gaps = (*self.gaps[:-1], Gap(last.first, end, reason))
        else:
            self.gaps = (*self.gaps, Gap(first, end, reason))

    def move(self, mapping: Mapping) -> None:
        """Goes on in the segment that is there now.

        A new epoch is read from sequence 0 on, so that what it has lost already is a gap too.
        """
        if mapping.describe().epoch != self.mapping.describe().epoch:
            following = self.sequence.value
            self.gaps = (*self.gaps, Gap(following, following, "reset"))
            self.sequence = ctypes.c_uint64(0)
        self.mapping = mapping


class Events(OneOfAKind, _Chain):
    """Events one after the other, as Reader.events() and Reader.follow() give them.

    Iterate it, or take them with next(). For one thread at a time.
    """

    _instead = "begin another with Reader.events()"
    # A chain of one iterator, since its step from event to event is C.
    _cursor: Cursor

    def __new__(cls, cursor: Cursor, events: Iterator[Event]) -> "Events":
        made = super().__new__(cls, events)
        made._cursor = cursor
        return made

    @property
    def gaps(self) -> Tuple[Gap, ...]:
        """What was missed behind the last event; mostly ().

        Look here when the iteration has ended: no event has these gaps.
        """
        return self._cursor.gaps


def retained(cursor: Cursor) -> Iterator[Event]:
    """The retained events from a cursor on; gaps stay with the cursor until an event has them."""
    mapping, sequence, record = cursor.mapping, cursor.sequence, c.RecordStruct()
    # Memory of this iteration's own: whoever interrupts it reads into another.
    size = _FIRST_SIZE
    buffer = ctypes.create_string_buffer(size)
    while True:
        step = c.copy_record_into(mapping.handle, sequence, buffer, size, record)
        if step == c.RUN:
            gaps = cursor.gaps
            if gaps:
                cursor.gaps = ()
            yield Event(record.sequence, record.timestamp_ns, buffer[: record.size], gaps, mapping)
        elif step in (c.GAP, c.INVALID):
            cursor.miss(
                record.sequence, sequence.value, "overwritten" if step == c.GAP else "invalid"
            )
        elif step == c.NOTHING:
            return
        elif step == TooLarge.code:
            size = max(record.size, 2 * size)
            buffer = ctypes.create_string_buffer(size)
        else:
            raise c.failure()
