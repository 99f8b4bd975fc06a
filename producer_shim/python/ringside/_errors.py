"""What can go wrong, as exceptions: each holds the code of the C ABI and its one line of text."""

from __future__ import annotations

from typing import Dict, Type


class RingsideError(Exception):
    """A call of libringside failed; ``code`` says how, the text what, where and what to do."""

    code: int = -16

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        if code:
            self.code = code


class Replaced(UserWarning):
    """A schema or cap that a producer was opened with differs from the segment's, which was replaced:
    the events that it retained are gone."""


class LibraryNotFound(ImportError):
    """libringside is not there, or is of another version."""


class NotFound(RingsideError, LookupError):
    """No such bus, channel or segment."""

    code = -4


class InvalidArgument(RingsideError, ValueError):
    """A name, size or value that cannot be."""

    code = -3


class WrongType(InvalidArgument, TypeError):
    """A value of a type that its column or field does not take."""


class Corrupt(RingsideError):
    """A segment whose header, checksums or file contradict each other."""

    code = -7


class Detached(RingsideError):
    """The producer's file was removed, replaced or shortened: open the producer again."""

    code = -8


class InUse(RingsideError):
    """Another process has this producer."""

    code = -9


class TooLarge(RingsideError, ValueError):
    """An event larger than the segment takes."""

    code = -11


class InvalidEvent(RingsideError, ValueError):
    """An event that does not verify against its schema; nothing was published."""

    code = -12


class Overwritten(RingsideError):
    """The producer overwrote what was being read: read it again."""

    code = -15


_BY_CODE: Dict[int, Type[RingsideError]] = {
    **{kind.code: kind for kind in RingsideError.__subclasses__()},
    -2: InvalidArgument,
    -5: Corrupt,
    -6: Corrupt,
}


def error_of(code: int, message: str) -> RingsideError:
    """The exception for a code of ringside.h's enum ringside_error."""
    return _BY_CODE.get(code, RingsideError)(message, code)
