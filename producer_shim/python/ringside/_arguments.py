"""Arguments as the C ABI takes them, or a refusal that names them: ctypes itself would cut a text
off at its first NUL, and take a number modulo 2**64."""

from __future__ import annotations

import operator
import os
from typing import Any, Optional, Tuple, Union

from ._errors import InvalidArgument

#: What names a file or folder.
Path = Union[str, "os.PathLike[str]"]

U32 = 2**32 - 1
U64 = 2**64 - 1


def text(name: str, value: Any) -> bytes:
    """A text in UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: a text is needed, not {value!r}")
    return _without_nul(name, value, utf8(name, value))


def utf8(name: str, value: str) -> bytes:
    """A text in UTF-8, which half of a surrogate pair has no place in."""
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{name}: {value!r} is no text ({error.reason})") from None


def path(name: str, value: Optional[Path]) -> Optional[bytes]:
    """A path in the encoding of the file system, or None."""
    return None if value is None else _without_nul(name, value, os.fsencode(value))


def _without_nul(name: str, value: Any, encoded: bytes) -> bytes:
    if b"\0" in encoded:
        raise InvalidArgument(f"{name}: {value!r} holds a NUL character")
    return encoded


def whole(name: str, value: Any, most: int = U64) -> int:
    """A whole number from 0 to ``most``."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: a whole number is needed, not {value!r}") from None
    if not 0 <= number <= most:
        raise InvalidArgument(f"{name}: {number} is not from 0 to {most}")
    return number


def seconds(name: str, value: Any) -> float:
    """A duration; ``math.inf`` is for ever."""
    try:
        duration = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: a number of seconds is needed, not {value!r}") from None
    if not duration >= 0:  # which NaN is not either
        raise InvalidArgument(f"{name}: {value!r} is not 0 seconds or more")
    return duration


def split_name(channel: str, producer: Optional[str]) -> Tuple[str, Optional[str]]:
    """``CHANNEL/PRODUCER`` in one, as the command line writes it, or apart."""
    if producer is None and isinstance(channel, str) and "/" in channel:
        channel, _, producer = channel.partition("/")
    return channel, producer
