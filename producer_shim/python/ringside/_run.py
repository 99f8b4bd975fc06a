"""Consecutive records as they stand in the ring."""

from __future__ import annotations

import ctypes
from typing import Any, Iterator, NamedTuple

from . import _library as c
from ._errors import Overwritten
from ._guards import OneOfAKind
from ._mapping import Mapping


class Record(NamedTuple):
    """A record in place, as iterating a Run gives it.

    sequence      its number in the segment
    timestamp_ns  when it was published: nanoseconds since 1970, UTC
    event         the FlatBuffer: a read-only view of the mapping, for which the Run's check() holds
    """

    sequence: int
    timestamp_ns: int
    event: memoryview


class Run(OneOfAKind):
    """Consecutive records as they stand in the ring: one span of memory, nothing copied.

    The producer may overwrite it at any moment. Use it, then call check() (or is_still_valid()): only
    then were the bytes the published ones. Iterating gives each Record in place, and raises
    Overwritten where the bytes are no records any more. Any thread may use it, and the child of a
    fork too; it stays valid when its reader is closed.

    first  the sequence of the first record
    count  how many records there are; also len(run)
    bytes  all of them, headers included: a read-only view of the mapping
    """

    _instead = "take bytes(run.bytes), and then check()"

    def __init__(self, mapping: Mapping, run: c.RunStruct) -> None:
        self._mapping = mapping
        self._run = run
        self.first: int = run.first
        self.count: int = run.count
        self.bytes = mapping.view(run.bytes, run.size)

    @property
    def address(self) -> int:
        """Where the run is in this process."""
        return int(self._run.bytes)

    def array(self) -> Any:
        """The bytes in place, as a read-only NumPy array of uint8; ImportError without NumPy."""
        import numpy

        return numpy.frombuffer(self.bytes, dtype=numpy.uint8)

    def is_still_valid(self) -> bool:
        """Whether no byte of it has been overwritten up to now."""
        return bool(c.is_still_valid(self._mapping.handle, ctypes.byref(self._run)))

    def check(self) -> None:
        """Raises Overwritten if a byte of it has been overwritten up to now."""
        if not self.is_still_valid():
            end = self.first + self.count
            raise Overwritten(
                f"sequences {self.first} to {end - 1} are not valid any more: the producer has "
                "overwritten the first of them; take the run again"
            )

    def __iter__(self) -> Iterator[Record]:
        offset = ctypes.c_size_t()
        record = c.RecordStruct()
        while True:
            step = c.next_record(self._run, offset, record)
            if step != c.RUN:
                break
            start = record.event - self._run.bytes
            yield Record(
                record.sequence, record.timestamp_ns, self.bytes[start : start + record.size]
            )
        if step < 0:
            failure = c.failure()
            self.check()  # what was overwritten is no record any more, and not for being damaged
            raise failure

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return f"<ringside.Run of {self.count} from {self.first}, {len(self.bytes)} bytes>"
