"""Events as JSON, from whatever Python has for their values."""

from __future__ import annotations

import json
import math
from collections import abc
from typing import Any

from ._values import plain, shown

#: JSON that is nested deeper is refused by the schema, whatever it is.
_DEEPEST = 200


def text_of(event: Any) -> str:
    """One JSON object. NumPy's scalars and arrays, Decimal and Fraction are numbers and lists; NaN
    and the infinities the words that libringside has for them. Raises TypeError or ValueError that
    names what is none."""
    try:
        text = json.dumps(event, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):  # which lone surrogates raise too
        return json.dumps(_value("", event, 0), ensure_ascii=False)
    return text


def _value(where: str, value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(f"{where[:100]}...: nested deeper than {_DEEPEST} levels")
    value = plain(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{where}: {shown(value)} is no text ({error.reason})") from None
        return value
    if isinstance(value, abc.Mapping):
        members = {}
        for key, one in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where or 'the event'}: {shown(key)} is no name of a field")
            members[key] = _value(f"{where}.{key}" if where else key, one, depth + 1)
        return members
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{where}: {shown(value)}: a text, or a list of numbers, says which is meant")
    if hasattr(value, "tolist") and getattr(value, "shape", None):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_value(f"{where}[{i}]", one, depth + 1) for i, one in enumerate(value)]
    if hasattr(type(value), "__float__") and not hasattr(value, "dtype"):
        try:
            whole = int(value)
            return whole if whole == value else _real(float(value))
        except (ValueError, OverflowError):  # NaN and the infinities of Decimal
            return _real(float(value))
    raise TypeError(f"{where}: {shown(value)} is nothing that JSON has")


def _real(value: float) -> Any:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
