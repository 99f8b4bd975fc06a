"""An open segment: what every view, run and event of it holds on to."""

from __future__ import annotations

import ctypes
from typing import Optional

from . import _library as c
from ._guards import OneOfAKind, call_reentrant


class Mapping(OneOfAKind):
    """An open segment. Views hold it, so that it lives as long as the last of them."""

    _instead = "open a Reader of the segment"

    handle: Optional[int] = None

    def __init__(self, bus: Optional[bytes], channel: bytes, producer: bytes) -> None:
        self.handle = call_reentrant(c.opened, c.reader_open, bus, channel, producer)

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
        """An event of this segment as one line of JSON."""
        text = c.event_json(self.handle, data, len(data), None)
        if text is None:
            raise c.failure()
        return text.decode()  # type: ignore[no-any-return]
