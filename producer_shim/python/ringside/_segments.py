"""What a bus holds: the figures that `ringside ls` prints."""

from __future__ import annotations

import ctypes
from typing import List, NamedTuple, Optional

from . import _arguments
from . import _library as c
from ._guards import alone


class Segment(NamedTuple):
    """What a bus has to tell of one segment."""

    channel: str
    producer: str
    epoch: int
    schema_id: str
    is_live: bool
    pid: int
    oldest: int
    next: int
    bytes: int
    capacity: int
    retain: int
    oldest_age_s: Optional[float]
    fault: str


def segments(bus: Optional[_arguments.Path] = None) -> List[Segment]:
    """The segments of the bus now, sorted by name; a bus that does not exist has none."""
    handle = alone(c.opened, c.list_open, _arguments.path("bus", bus))
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
                    bool(one.is_live),
                    one.pid,
                    one.oldest,
                    one.next,
                    one.bytes,
                    one.capacity,
                    one.retain,
                    age,
                    one.fault.decode("utf-8", "replace"),
                )
            )
        return found
    finally:
        c.list_close(handle)
