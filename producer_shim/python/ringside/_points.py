"""Points as columns: views of the mapping where their events stand evenly, else copies."""

from __future__ import annotations

import array
import copy
import ctypes
import sys
from typing import Any, Dict, Iterable, List, Optional, Tuple

from . import _library as c
from ._errors import Corrupt, Overwritten
from ._guards import OneOfAKind, call_reentrant
from ._mapping import Mapping
from ._run import Run
from ._values import TEXTS

try:
    import numpy as _numpy
except ImportError:  # columns are then copies, as arrays of the standard library
    _numpy = None  # type: ignore[assignment]

_NUMBERS = {
    "x": ("f4", "f"),
    "y": ("f4", "f"),
    "z": ("f4", "f"),
    "phase_int": ("i4", "i"),
    "predicted_int": ("i4", "i"),
    "cluster": ("i4", "i"),
    "is_train": ("?", "B"),
}
#: How often points are copied again because the producer was faster.
_TRIES = 16
#: Texts are padded to the longest; that they take more than this, and more than so many times their
#: events, is nobody's data.
_MOST_TEXT = 1 << 28
_MOST_TEXT_TIMES = 64


def _column(name: str) -> Any:
    return property(lambda points: points._column(name))


class Points(OneOfAKind):
    """The points of a channel: ``x``, ``y``, ``z``, ``phase_int``, ``predicted_int``, ``cluster``,
    ``is_train``, ``episode_id``, ``host_id`` and ``profile``, all of the same length.

    With NumPy, and where ``is_view`` is true, the columns of numbers are strided views of the
    mapping, and nothing was copied. The producer may overwrite them at any moment: use them, then
    call check(), or take copy() first. Where the events differ in their layout, ``is_view`` is
    false, and the columns are copies that stay as they are; so they are without NumPy, as arrays of
    the standard library.

    Texts are UTF-8 bytes (NumPy's "S"): ``points.episode_id.astype(str)`` for ASCII, else
    ``numpy.char.decode(points.episode_id, "utf-8")``. Any thread may use the points, and the child
    of a fork too; they stay valid when their reader is closed.

    is_view     whether the numbers are views of the mapping
    text_views  the names of the columns of texts that are
    run         the events that the points are in; None if there are none
    damaged     how many records among them are damaged; their points are left out
    """

    _instead = "take copy().columns(), which are plain arrays"

    def __init__(self, mapping: Mapping, which: int) -> None:
        self._mapping = mapping
        self._columns: Dict[str, Any] = {}
        self._coded: Dict[str, Any] = {}
        self.text_views: "tuple[str, ...]" = ()
        self.is_view = False
        self.run: Optional[Run] = None
        self.damaged = 0
        self._count = 0
        for _ in range(_TRIES):
            found, names = call_reentrant(_find, mapping.handle, which)
            if found is None:
                self._copy(c.sized(c.FoundPoints))
                return
            self._take(found, names)
            if self.is_view or self.run is None or self._copy_is_valid:
                return
        raise Overwritten(
            "the producer overwrites the points faster than they can be copied; give its segment a "
            "larger capacity"
        )

    def _take(self, found: c.FoundPoints, names: Dict[str, List[bytes]]) -> None:
        run = c.RunStruct.from_buffer_copy(found.run)
        self.run = Run(self._mapping, run)
        self._found = found
        self._count = found.count
        self.damaged = found.damaged
        if _numpy is None or not found.is_in_place:
            self._copy(found)
            return
        self.is_view = True
        for name, (kind, _) in _NUMBERS.items():
            place = getattr(found, name)
            self._columns[name] = self._view(place.data, place.stride, kind)
        views = []
        for name in TEXTS:
            place = getattr(found, name)
            if place.data and not place.names:
                self._columns[name] = self._view(place.data, place.stride, f"S{place.width}")
                views.append(name)
            elif place.data:
                # "S1" where all names are empty: NumPy knows no type of no bytes.
                kind = "S" if any(names[name]) else "S1"
                codes = self._view(place.data, place.stride, f"u{place.width}")
                self._coded[name] = (_numpy.array(names[name], dtype=kind), codes)
        self.text_views = tuple(views)

    def _view(self, address: int, stride: int, kind: str) -> Any:
        assert self.run is not None
        # Of an array and not of the buffer itself, to which NumPy would allow writing again.
        return _numpy.ndarray(
            (self._count,),
            dtype=kind,
            buffer=self.run.array(),
            offset=address - self.run.address,
            strides=(stride,),
        )

    # ---- copies ------------------------------------------------------------------------------

    def _copy(self, found: c.FoundPoints, names: Iterable[str] = (*_NUMBERS, *TEXTS)) -> None:
        """Copies columns, all by default, and notes whether they are still valid."""
        to = c.sized(c.CopiedPoints)
        made: Dict[str, Any] = {}
        for name in names:
            if name in _NUMBERS:
                made[name] = _new_numbers(*_NUMBERS[name], self._count)
            else:
                width = max(1, getattr(found, name + "_bytes"))
                if width * self._count > max(_MOST_TEXT, _MOST_TEXT_TIMES * found.run.size):
                    raise Corrupt(
                        f"{name}: {self._count} texts of which one has {width} bytes do not make "
                        "a column; read them with events()"
                    )
                made[name] = _new_texts(width, self._count)
                setattr(to, name + "_bytes", width)
            setattr(to, name, _address_of(made[name]))
        self._copy_is_valid = True
        if self._count:
            code = c.copy_points(self._mapping.handle, ctypes.byref(found), ctypes.byref(to))
            if code == Overwritten.code:
                self._copy_is_valid = False
                return
            c.checked(code)
        self._columns.update(made)

    def copy(self) -> "Points":
        """The same points as copies that stay as they are, and share nothing with these.

        Raises Overwritten if a view was overwritten before it was copied.
        """
        for name in TEXTS:
            getattr(self, name)
        same = object.__new__(Points)
        same._mapping = self._mapping
        same._count = self._count
        same.run = self.run
        same.is_view = False
        same.text_views = ()
        same._columns = copy.deepcopy(self._columns)
        self.check()
        return same

    # ---- columns -----------------------------------------------------------------------------

    x = _column("x")
    y = _column("y")
    z = _column("z")
    phase_int = _column("phase_int")
    predicted_int = _column("predicted_int")
    cluster = _column("cluster")
    is_train = _column("is_train")
    episode_id = _column("episode_id")
    host_id = _column("host_id")
    profile = _column("profile")

    def _column(self, name: str) -> Any:
        if name not in self._columns:
            coded = self._coded.get(name)
            if coded is not None:
                names, codes = coded
                # A number that is none comes from a lapped view, which check() reports.
                self._columns[name] = names.take(codes, mode="clip")
            else:
                self._copy(self._found, (name,))
                if not self._copy_is_valid:
                    raise c.failure()
        return self._columns[name]

    def columns(self) -> Dict[str, Any]:
        """All ten by the names of the schema, as for a DataFrame or Producer.publish_columns()."""
        return {name: getattr(self, name) for name in (*TEXTS, *_NUMBERS)}

    # ---- valid or overwritten ----------------------------------------------------------------

    def is_still_valid(self) -> bool:
        """Whether no byte that the views show has been overwritten up to now; copies always are."""
        return not self.is_view or self.run is None or self.run.is_still_valid()

    def check(self) -> None:
        """Raises Overwritten if what the views show has been overwritten."""
        if self.is_view and self.run is not None:
            self.run.check()

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        kind = "in place" if self.is_view else "copied"
        return f"<ringside.Points: {self._count} {kind}>"


def _find(
    handle: Optional[int], which: int
) -> Tuple[Optional[c.FoundPoints], Dict[str, List[bytes]]]:
    """Where the points are, None if there are none, and the names that texts are numbers of."""
    found = c.sized(c.FoundPoints)
    if c.checked(c.find_points(handle, which, found)) != c.RUN:
        return None, {}
    return found, {name: _names(getattr(found, name)) for name in TEXTS}


def _names(texts: c.StridedTexts) -> List[bytes]:
    names = []
    at = texts.names
    for _ in range(texts.name_count if at else 0):
        names.append(ctypes.string_at(at))
        at += len(names[-1]) + 1
    return names


def _new_numbers(kind: str, code: str, count: int) -> Any:
    if _numpy is not None:
        return _numpy.empty(count, dtype=kind)
    return array.array(code, bytes(count * array.array(code).itemsize))


class FixedTexts:
    """Texts of one width in one piece of memory: what NumPy's "S" is, without NumPy."""

    def __init__(self, width: int, count: int) -> None:
        self._width = width
        self._count = count
        self._bytes = bytearray(width * count)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[at] for at in range(*i.indices(self._count))]
        at = i + self._count if i < 0 else i
        if not 0 <= at < self._count:
            raise IndexError("no such point")
        text = self._bytes[at * self._width : (at + 1) * self._width]
        return bytes(text).rstrip(b"\0")


def _new_texts(width: int, count: int) -> Any:
    if _numpy is not None:
        return _numpy.empty(count, dtype=f"S{width}")
    return FixedTexts(width, count)


def _address_of(column: Any) -> int:
    if isinstance(column, FixedTexts):
        column = column._bytes
    return ctypes.addressof(ctypes.c_char.from_buffer(column)) if len(column) else 0


assert sys.byteorder == "little", "segments are little-endian"
