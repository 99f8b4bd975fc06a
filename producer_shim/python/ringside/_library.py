"""libringside: where it is, and what it declares (producer_shim/c/ringside.h and
ringside_points.h)."""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, List, Optional, Tuple

from ._errors import LibraryNotFound, RingsideError, error_of

_NAME = "libringside.so.0"
_ABI = 0


def _tree() -> Optional[str]:
    """The source tree: this package's own, or that which it was installed from; None if none."""
    try:
        from ._tree import TREE as tree  # type: ignore[import-not-found]
    except ImportError:
        here = os.path.dirname(os.path.abspath(__file__))
        tree = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    is_there = os.path.isfile(os.path.join(tree, "producer_shim", "c", "ringside.h"))
    return tree if is_there else None


def _candidates() -> List[Tuple[str, List[str]]]:
    """Where the library may be, in the order in which it is looked for."""
    named = os.environ.get("RINGSIDE_LIBRARY")
    if named:
        return [("RINGSIDE_LIBRARY", [named])]
    package = os.path.dirname(os.path.abspath(__file__))
    found = [("beside the package", [os.path.join(package, _NAME)])]
    tree = _tree()
    if tree is not None:
        preset = os.path.join(tree, "build", "release", "lib", _NAME)
        others = set(glob.glob(os.path.join(tree, "build", "*", "lib", _NAME))) - {preset}
        found.append(("the build tree", [preset, *sorted(others)]))
    program = shutil.which("ringside")
    if program is not None:
        # As `cmake --install` puts them; a link to the program leads there, too.
        prefix = glob.escape(os.path.dirname(os.path.dirname(os.path.realpath(program))))
        installed = [
            path
            for folder in ("lib", os.path.join("lib", "*"), "lib64")
            for path in sorted(glob.glob(os.path.join(prefix, folder, _NAME)))
        ]
        found.append(("beside the ringside in PATH", installed))
    return [
        *found,
        ("the system's libraries", [_NAME]),
        ("/usr/local", [os.path.join("/usr/local/lib", _NAME)]),
    ]


def _load() -> Tuple[ctypes.CDLL, ctypes.PyDLL, str]:
    tried = []
    for what, paths in _candidates():
        for path in paths:
            if os.path.isabs(path) and not os.path.exists(path):
                tried.append(f"{path} ({what}): not there")
                continue
            try:
                library = ctypes.CDLL(path)
                abi = library.ringside_abi()
            except (OSError, AttributeError) as error:
                tried.append(f"{path} ({what}): {error}")
                continue
            if abi == _ABI:
                return library, ctypes.PyDLL(path), path
            tried.append(f"{path} ({what}): has ABI {abi}, and this package needs {_ABI}")
    raise LibraryNotFound(
        "libringside is not found; build it (./run.sh --build-only), install it, or name it with "
        "RINGSIDE_LIBRARY. Looked at: " + "; ".join(tried)
    )


def _fields(kind: Any, names: str) -> List[Tuple[str, Any]]:
    """Fields of one type, as C declares them side by side."""
    return [(name, kind) for name in names.split()]


class ProducerOptions(Structure):
    _fields_ = [
        *_fields(c_size_t, "size"),
        *_fields(c_char_p, "bus channel producer type schema"),
        *_fields(c_size_t, "schema_size"),
        *_fields(c_uint64, "capacity_bytes retain_events retain_age_ns sync_interval_ms"),
    ]


class ProducerInfo(Structure):
    _fields_ = [
        *_fields(c_size_t, "size"),
        *_fields(c_uint64, "epoch oldest next capacity_bytes retain_events max_event"),
        *_fields(c_int32, "origin sync_error takes_points reserved"),
    ]


class Texts(Structure):
    _fields_ = [("kind", c_int32), ("data", c_void_p), ("bytes", c_size_t)]


TEXT_SAME, TEXT_EACH, TEXT_JOINED, TEXT_FIXED, TEXT_UTF32 = range(5)


class Numbers(Structure):
    _fields_ = [("kind", c_int32), ("data", c_void_p)]


FLOAT, DOUBLE, INT8, INT16, INT32, INT64, UINT8 = range(7)

NEXT_CYCLE = 2**64 - 1
TOTAL_UNKNOWN = 2**32 - 1

_TEXTS = "episode_id host_id profile"
_NUMBERS = "x y z phase_int predicted_int cluster is_train"
_WIDTHS = "episode_id_bytes host_id_bytes profile_bytes"


class PointColumns(Structure):
    _fields_ = [
        *_fields(c_size_t, "size count"),
        *_fields(Texts, _TEXTS),
        *_fields(Numbers, _NUMBERS),
        *_fields(c_uint64, "cycle"),
        *_fields(c_uint32, "index total"),
        *_fields(c_size_t, "batch"),
    ]


class ReaderInfo(Structure):
    _fields_ = [
        *_fields(c_size_t, "size"),
        *_fields(c_uint64, "epoch oldest next capacity_bytes retain_events"),
        ("schema", c_void_p),
        ("schema_size", c_size_t),
        ("mapping", c_void_p),
        ("mapping_size", c_size_t),
        ("schema_id", c_char * 8),
    ]


class RunStruct(Structure):
    _fields_ = [*_fields(c_uint64, "first count"), ("bytes", c_void_p), ("size", c_size_t)]


class RecordStruct(Structure):
    _fields_ = [
        *_fields(c_uint64, "sequence timestamp_ns"),
        ("event", c_void_p),
        ("size", c_size_t),
    ]


NOTHING, RUN, GAP, ENDED, INVALID = range(5)


class Strided(Structure):
    _fields_ = [("data", c_void_p), ("stride", c_ssize_t)]


class StridedTexts(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("stride", c_ssize_t),
        ("width", c_size_t),
        ("names", c_void_p),
        ("name_count", c_size_t),
    ]


class FoundPoints(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("run", RunStruct),
        ("count", c_uint64),
        ("is_in_place", c_int32),
        ("damaged", c_uint32),
        *_fields(Strided, _NUMBERS),
        *_fields(StridedTexts, _TEXTS),
        *_fields(c_size_t, _WIDTHS),
    ]


LATEST, WINDOW = range(2)


class CopiedPoints(Structure):
    _fields_ = [
        *_fields(c_size_t, "size"),
        *_fields(c_void_p, _NUMBERS),
        *_fields(c_void_p, _TEXTS),
        *_fields(c_size_t, _WIDTHS),
    ]


class SegmentStruct(Structure):
    _fields_ = [
        *_fields(c_size_t, "size"),
        *_fields(c_char_p, "channel producer schema_id fault"),
        *_fields(c_uint64, "epoch oldest next bytes capacity_bytes retain_events pid"),
        ("oldest_age_s", c_double),
        *_fields(c_int32, "is_live reserved"),
    ]


def _declare(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, "ringside_" + name)
    function.restype = result
    function.argtypes = arguments
    return function


# Producers are called with the interpreter's lock held: what they do is short and waits for nobody,
# and so Python's threads cannot meet in one. Readers let go of it.
_free, _held, path = _load()

last_error = _declare(_held, "last_error", c_char_p)
last_error_code = _declare(_held, "last_error_code", c_int)
version = _declare(_held, "version", c_char_p)

producer_open = _declare(_free, "producer_open", c_void_p, POINTER(ProducerOptions))
producer_close = _declare(_free, "producer_close", None, c_void_p)
producer_describe = _declare(_held, "producer_describe", c_int, c_void_p, POINTER(ProducerInfo))
publish = _declare(_held, "publish", c_int64, c_void_p, c_char_p, c_size_t)
publish_json = _declare(_held, "publish_json", c_int64, c_void_p, c_char_p, c_size_t)
publish_point = _declare(
    _held, "publish_point", c_int64, c_void_p, c_char_p, c_char_p, c_char_p, c_char_p
)
publish_points = _declare(_held, "publish_points", c_int64, c_void_p, POINTER(PointColumns))

reader_open = _declare(_free, "reader_open", c_void_p, c_char_p, c_char_p, c_char_p)
reader_close = _declare(_free, "reader_close", None, c_void_p)
reader_describe = _declare(_held, "reader_describe", c_int, c_void_p, POINTER(ReaderInfo))
seek = _declare(_held, "seek", c_int, c_void_p, c_char_p, POINTER(c_uint64))
next_run = _declare(
    _held, "next_run", c_int, c_void_p, POINTER(c_uint64), c_size_t, POINTER(RunStruct)
)
next_record = _declare(
    _held, "next_record", c_int, POINTER(RunStruct), POINTER(c_size_t), POINTER(RecordStruct)
)
is_still_valid = _declare(_held, "is_still_valid", c_int, c_void_p, POINTER(RunStruct))
copy_record_into = _declare(
    _held,
    "copy_record_into",
    c_int,
    c_void_p,
    POINTER(c_uint64),
    c_void_p,
    c_size_t,
    POINTER(RecordStruct),
)
# The text is the thread's, and ctypes copies that of a c_char_p before any more Python runs.
event_json = _declare(
    _held, "event_json", c_char_p, c_void_p, c_char_p, c_size_t, POINTER(c_size_t)
)
# Its names are the thread's until its next call: by _guards.call_reentrant().
find_points = _declare(_free, "find_points", c_int, c_void_p, c_int, POINTER(FoundPoints))
wait = _declare(_free, "wait", c_int, c_void_p, c_uint64, c_int64)
copy_points = _declare(
    _free, "copy_points", c_int, c_void_p, POINTER(FoundPoints), POINTER(CopiedPoints)
)

# Likewise.
bus_path = _declare(_held, "bus_path", c_char_p, c_char_p)
list_open = _declare(_free, "list_open", c_void_p, c_char_p)
list_count = _declare(_held, "list_count", c_size_t, c_void_p)
list_get = _declare(_held, "list_get", c_int, c_void_p, c_size_t, POINTER(SegmentStruct))
list_close = _declare(_held, "list_close", None, c_void_p)


def failure() -> RingsideError:
    """The last failure of this thread, to be raised."""
    return error_of(last_error_code(), (last_error() or b"").decode("utf-8", "replace"))


def checked(code: int) -> int:
    """``code``, unless it says that the call failed."""
    if code < 0:
        raise failure()
    return code


def opened(open_it: Any, *arguments: Any) -> int:
    """The handle that a function opens."""
    handle = open_it(*arguments)
    if not handle:
        raise failure()
    return handle  # type: ignore[no-any-return]


def sized(struct: Any) -> Any:
    """A struct that begins with its own size, otherwise zero."""
    return struct(ctypes.sizeof(struct))


