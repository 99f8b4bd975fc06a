"""What keeps handles of libringside from being doubled, and what it gives from being mixed up."""

from __future__ import annotations

import _thread
import threading
from typing import Any, Callable, List, Tuple, TypeVar

Result = TypeVar("Result")


class OneOfAKind:
    """What holds a handle or views of this process: of two with the same one, the first to go would
    close it under the other."""

    #: What to do instead of copying or pickling it.
    _instead = ""

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} is not copied or pickled: {self._instead}")


class _Thread(threading.local):
    is_inside = False


_this_thread = _Thread()


def call_reentrant(call: Callable[..., Result], *arguments: Any) -> Result:
    """``call(*arguments)``, which calls libringside and copies out what the library keeps for the
    thread until its next call: names, or the text of an error.

    Between the two a signal's handler or a finalizer may run, and do the same on the same thread.
    It is given another thread then, and with it memory of its own.
    """
    if _this_thread.is_inside:
        return _elsewhere(call, arguments)
    try:
        _this_thread.is_inside = True
        return call(*arguments)
    finally:
        _this_thread.is_inside = False


def _elsewhere(call: Callable[..., Result], arguments: Tuple[Any, ...]) -> Result:
    """The same on a thread of its own, whose end is waited for."""
    results: List[Result] = []
    errors: List[BaseException] = []
    running = _thread.allocate_lock()

    def run() -> None:
        try:
            results.append(call(*arguments))
        except BaseException as error:
            errors.append(error)
        finally:
            running.release()

    # threading.Thread takes locks that are everyone's: a second handler would wait for the first.
    running.acquire()
    _thread.start_new_thread(run, ())
    running.acquire()
    if errors:
        raise errors[0]
    return results[0]
