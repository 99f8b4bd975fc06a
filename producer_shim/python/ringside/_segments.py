"""What a bus holds: the figures that `ringside ls` prints."""

from __future__ import annotations

import ctypes
from typing import List, NamedTuple, Optional

from . import _arguments
from . import _library as c
from ._guards import call_reentrant


class Segment(NamedTuple):
    """One segment of a bus.

    channel       its channel
    producer      the name of its producer
    epoch         its identity: a random number of 64 bits, another one when it is recreated
    schema_id     the FlatBuffers file identifier of its events, or ""
    is_live       whether a producer has it open now; None if a reader's lock hides that
    pid           of the process that has it open, or had it last; None if it is one of another
                  container
    oldest, next  the retained window [oldest, next) of sequences
    bytes         of the retained events
    capacity_bytes, retain_events
                  the caps: bytes of the ring, and the most events that are kept
    oldest_age_s  age of the oldest event in seconds; None if there is none
    fault         why it cannot be read, or ""; a channel whose folder cannot be read has it
                  in a segment without a producer
    """

    channel: str
    producer: str
    epoch: int
    schema_id: str
    is_live: Optional[bool]
    pid: Optional[int]
    oldest: int
    next: int
    bytes: int
    capacity_bytes: int
    retain_events: int
    oldest_age_s: Optional[float]
    fault: str


def segments(bus: Optional[_arguments.Path] = None) -> List[Segment]:
    """The segments of the bus now, sorted by name.

    Raises NotFound, which names the bus, if there is none, and RingsideError if it cannot be read. Any thread may call it, and any process.
    """
    handle = call_reentrant(c.opened, c.list_open, _arguments.path("bus", bus))
    try:
        found = []
        one = c.sized(c.SegmentStruct)
        for i in range(c.list_count(handle)):
            c.checked(c.list_get(handle, i, ctypes.byref(one)))
            age = one.oldest_age_s if one.oldest_age_s >= 0 else None
            found.append(
                Segment(
                    one.channel.decode(),
                    one.producer.decode(),
                    one.epoch,
                    one.schema_id.decode(),
                    None if one.is_live < 0 else bool(one.is_live),
                    one.pid or None,
                    one.oldest,
                    one.next,
                    one.bytes,
                    one.capacity_bytes,
                    one.retain_events,
                    age,
                    one.fault.decode("utf-8", "replace"),
                )
            )
        return found
    finally:
        c.list_close(handle)
