"""What keeps others out between a call of libringside and the copying out of what it gave.

Events need none of it: they are copied into memory of their iteration's own.
"""

from __future__ import annotations

import _thread
import threading
from typing import Any, Callable, List, Tuple, TypeVar

Result = TypeVar("Result")


class _Thread(threading.local):
    is_inside = False


_this_thread = _Thread()


def alone(call: Callable[..., Result], *arguments: Any) -> Result:
    """``call(*arguments)``, which calls libringside and copies out what stays the thread's until its
    next call: names, or the text of an error.

    Between the two a signal's handler or a finalizer may run, and do the same on the same thread. It
    is given another thread then, and with it memory of its own.
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
