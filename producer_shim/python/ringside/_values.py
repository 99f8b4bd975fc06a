"""What single values of a point mean, by the rules for the columns of a fit (tests/feed/rules.json),
whichever type they came in: None, NaN and NA are what is missing, and a reason names what is wrong.
"""

from __future__ import annotations

import math
import operator
from typing import Any, Optional, Type, Union

from ._errors import InvalidArgument, WrongType

TEXTS = ("episode_id", "host_id", "profile")
REALS = ("x", "y", "z")
LABELS = ("phase_int", "predicted_int", "cluster")

#: The ten columns of a point, under the names of the schema.
POINT_COLUMNS = (*TEXTS, *REALS, *LABELS, "is_train")

_I32 = 2**31
#: Half a step above the largest float: from here on a number is rounded to infinity.
_BEYOND_FLOAT = float.fromhex("0x1.FFFFFFp127")


class _Refused(Exception):
    """Why a value is none of its column; and whether it is of a wrong type."""

    def __init__(self, why: str, kind: Type[InvalidArgument] = InvalidArgument) -> None:
        super().__init__(why)
        self.kind = kind


def shown(value: Any) -> str:
    """A value for a message, cut to a bearable length, with its type where that is not clear."""
    text = repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    plain = value is None or isinstance(value, (str, bytes, bool, int, float))
    return text if plain else f"{text} ({type(value).__name__})"


def _must_be_there() -> _Refused:
    return _Refused("it must be there")


def wanted(name: str) -> str:
    """What a column holds."""
    if name in TEXTS:
        return "text"
    if name in REALS:
        return "numbers"
    return "whole numbers" if name in LABELS else "true or false"


def _should_be(name: str) -> _Refused:
    return _Refused(f"should be {wanted(name)}", WrongType)


def plain(value: Any) -> Any:
    """The value as one of Python's own: a NumPy scalar or an array of no dimension is what it
    holds, pandas' NA and NaT are None, and so is what is masked."""
    if value is None or type(value) in (str, int, float, bool, bytes):
        return value
    kind = type(value).__name__
    if kind in ("NAType", "NaTType", "MaskedConstant"):
        return None
    dtype = getattr(value, "dtype", None)
    if dtype is not None and getattr(value, "shape", None) == ():
        # What NumPy has a float for and others do not (dates, durations, complex) stays what it is.
        return value.item() if dtype.kind in "biufSUOT" else value
    return value


def _number(name: str, value: Any) -> Union[int, float]:
    """A number as int where it is one, else as float."""
    if isinstance(value, bool) or isinstance(value, (str, bytes, bytearray, complex)):
        raise _should_be(name)
    try:
        return operator.index(value)
    except TypeError:
        pass
    if isinstance(value, float):
        return float(value)
    # Decimal, Fraction and the like. What is a date, a list or an array has no float.
    if not hasattr(type(value), "__float__") or getattr(value, "shape", None) is not None:
        raise _should_be(name)
    try:
        whole = int(value)
        return whole if whole == value else float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _should_be(name) from None


def _text(name: str, value: Any) -> bytes:
    if isinstance(value, float) and math.isnan(value):
        value = None  # what is missing among texts in pandas
    if value is None:
        if name == "episode_id":
            raise _must_be_there()
        return b""
    if isinstance(value, (str, bytes)):
        try:
            encoded = value.encode() if isinstance(value, str) else value.decode().encode()
        except (UnicodeEncodeError, UnicodeDecodeError) as error:
            raise _Refused(f"it is no text in UTF-8 ({error.reason})") from None
    else:
        if isinstance(value, bool):
            raise _should_be(name)
        try:
            encoded = str(operator.index(value)).encode()
        except TypeError:
            raise _should_be(name) from None
    if b"\0" in encoded:
        raise _Refused("it holds a NUL character, which no text can")
    return encoded


def _coordinate(name: str, value: Any) -> float:
    if value is None:
        raise _must_be_there()
    number = _number(name, value)
    try:
        real = float(number)
    except OverflowError:
        real = math.inf
    if not abs(real) < _BEYOND_FLOAT:  # which NaN is not either
        raise _Refused("it must be finite and fit a float")
    return real


def _label(name: str, value: Any) -> int:
    if value is None:
        return -1
    number = _number(name, value)
    if number != number:  # NaN
        return -1
    if not -_I32 <= number < _I32 or number % 1:
        raise _Refused("it must be a whole number of 32 bits")
    return int(number)


def _truth(name: str, value: Any) -> bool:
    if value is None:
        raise _must_be_there()
    if isinstance(value, bool):
        return value
    number = _number(name, value)
    if number not in (0, 1):
        raise _Refused("it must be true or false, or 1 or 0")
    return bool(number)


_RULES = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(REALS, _coordinate),
    **dict.fromkeys(LABELS, _label),
    "is_train": _truth,
}


def value_of(name: str, row: Optional[int], value: Any) -> Any:
    """A value of that column as the C ABI stores it: UTF-8, float, int or bool. The error names the
    column, the row, what is there, and what is wanted."""
    try:
        return _RULES[name](name, plain(value))  # type: ignore[operator]
    except _Refused as refused:
        where = f"{name}: " if row is None else f"{name}: row {row} is "
        raise refused.kind(f"{where}{shown(value)}, and {refused}") from None
