"""One point as a row: from a dict to what the library takes, by the rules of its columns."""

from __future__ import annotations

import itertools
import struct
from collections import abc
from typing import Any, Dict, Mapping, Tuple

from . import _arguments
from ._errors import InvalidArgument
from ._values import POINT_COLUMNS, value_of

# struct ringside_point: x y z, phase predicted cluster, is_train, index, cycle, total.
_POINT = struct.Struct("=fffiiiB3xIQI4x")
_SLOT = {"index": _arguments.U32, "cycle": _arguments.U64, "total": _arguments.U32}
_POINT_KEYS = frozenset(POINT_COLUMNS) | set(_SLOT)

#: The types that the fields of a point may have to be packed as they are.
_PLAIN = frozenset(
    (str, str, str, *reals, int, int, int, bool, int, int, int)
    for reals in itertools.product((float, int), repeat=3)
)


def pack(event: Mapping[str, Any]) -> Tuple[bytes, bytes, bytes, bytes]:
    """Its three texts and its struct ringside_point."""
    get = event.get
    texts = (event["episode_id"], get("host_id", ""), get("profile", ""))
    numbers = (
        get("x", 0.0),
        get("y", 0.0),
        get("z", 0.0),
        get("phase_int", -1),
        get("predicted_int", -1),
        get("cluster", -1),
        get("is_train", False),
        get("index", 0),
        get("cycle", 0),
        get("total", 0),
    )
    try:
        # What is of plain types is stored as it is, if it can be; anything else is looked at.
        if (*map(type, texts), *map(type, numbers)) not in _PLAIN:
            raise TypeError
        episode, host, profile = texts[0].encode(), texts[1].encode(), texts[2].encode()
        point = _POINT.pack(*numbers)
        if b"\0" in episode or b"\0" in host or b"\0" in profile:
            raise ValueError
    except (TypeError, ValueError, struct.error, OverflowError):
        episode, host, profile, point = _checked(event)
    if not _POINT_KEYS.issuperset(event):
        raise InvalidArgument(unknown_names(event, "a point has"))
    return episode, host, profile, point


def _checked(point: Mapping[str, Any]) -> Tuple[bytes, bytes, bytes, bytes]:
    """The fields of a point by the rules of its columns, or the error that names the first that is
    none."""
    given = {name: value_of(name, None, point[name]) for name in POINT_COLUMNS if name in point}
    values = {**_DEFAULTS, **given}
    slot = [_arguments.whole(name, point.get(name, 0), most) for name, most in _SLOT.items()]
    packed = _POINT.pack(*(values[name] for name in POINT_COLUMNS[3:]), *slot)
    return values["episode_id"], values["host_id"], values["profile"], packed


_DEFAULTS: Dict[str, Any] = {
    **dict.fromkeys(POINT_COLUMNS[:3], b""),
    **dict.fromkeys(POINT_COLUMNS[3:6], 0.0),
    **dict.fromkeys(POINT_COLUMNS[6:9], -1),
    "is_train": False,
}


def unknown_names(given: Any, what: str) -> str:
    """Which names are none of a point's, and what to do."""
    unknown = sorted(str(name) for name in set(given) - _POINT_KEYS)
    if not unknown:  # the slot of a point, among columns
        unknown = sorted(set(given) - set(POINT_COLUMNS))
    names = ", ".join(unknown[:12]) + (" and more" if len(unknown) > 12 else "")
    return (
        f"{what} no {names}; there are {', '.join(POINT_COLUMNS)} "
        "(of a DataFrame take those that it has: df[[*ringside.POINT_COLUMNS]])"
    )


def row_of(event: Any) -> Dict[str, Any]:
    """A row of a table, or anything with names and values, as a dict."""
    names = getattr(getattr(event, "dtype", None), "names", None)
    if names:  # of a structured array
        return {name: event[name] for name in names}
    if isinstance(event, abc.Mapping) or (hasattr(event, "keys") and hasattr(event, "__getitem__")):
        return {name: event[name] for name in event.keys()}
    if hasattr(event, "_asdict"):  # a namedtuple
        return dict(event._asdict())
    raise TypeError(
        f"an event is bytes or a mapping, for example a dict or a row of a DataFrame, not {event!r}"
    )
