"""Columns of any kind as what the C ABI takes: a pointer, and the kind of what it points to.

NumPy arrays and other buffers are used where they are, if their type is one of those that the C ABI
knows; what is not is converted. NumPy itself is looked for only in what is given.
"""

from __future__ import annotations

import array
import ctypes
import sys
from typing import Any, List, Sequence, Tuple

from . import _library as c

# A column that is ready: kind, address, bytes (texts) and what must live until the call is over.
Ready = Tuple[int, int, int, Any]

_KIND_OF_FORMAT = {
    "f": c.FLOAT,
    "d": c.DOUBLE,
    "b": c.INT8,
    "h": c.INT16,
    "i": c.INT32,
    "q": c.INT64,
    "l": c.INT64 if ctypes.sizeof(ctypes.c_long) == 8 else c.INT32,
    "B": c.UINT8,
    "?": c.UINT8,
}


def _is_numpy(values: Any) -> bool:
    return hasattr(values, "__array_interface__")


def _unwrap(values: Any) -> Any:
    """What pandas, polars and others wrap, as NumPy's own."""
    if not _is_numpy(values) and hasattr(values, "to_numpy"):
        return values.to_numpy()
    return values


def _address(view: memoryview) -> Tuple[int, Any]:
    """Where a buffer is; read-only ones are copied, which ctypes asks for."""
    size = view.nbytes
    if view.readonly:
        copy = ctypes.create_string_buffer(bytes(view), max(size, 1))
        return ctypes.addressof(copy), copy
    held = (ctypes.c_char * size).from_buffer(view) if size else ctypes.create_string_buffer(1)
    return ctypes.addressof(held), held


def length_of(values: Any) -> int:
    """How many values there are, or -1 for one text that counts for all."""
    if isinstance(values, (str, bytes)):
        return -1
    shape = getattr(values, "shape", None)
    if shape is not None and len(shape) != 1:
        raise ValueError(f"a column has one dimension, and this has the shape {tuple(shape)}")
    return len(values)


def numbers(name: str, values: Any, real: bool) -> Ready:
    """A column of numbers: floats if ``real``, else whole numbers."""
    values = _unwrap(values)
    if _is_numpy(values):
        return _numpy_numbers(name, values, real)
    if isinstance(values, (list, tuple, range)):
        values = array.array("d" if real else "q", values)
    try:
        view = memoryview(values)
    except TypeError:
        raise TypeError(f"{name}: neither an array, nor a buffer, nor a list of numbers") from None
    if not view.contiguous:
        view = memoryview(view.tobytes()).cast("B").cast(view.format)  # type: ignore[call-overload]
    code = view.format.lstrip("@=<" if sys.byteorder == "little" else "@=")
    if code not in _KIND_OF_FORMAT:
        raise TypeError(f"{name}: the type {view.format!r} is none that a column can have")
    address, held = _address(view)
    return _KIND_OF_FORMAT[code], address, 0, held


def _numpy_numbers(name: str, values: Any, real: bool) -> Ready:
    import numpy

    dtype = values.dtype
    wanted = dtype
    if dtype.kind == "O":
        wanted = numpy.dtype("float64" if real else "int64")
    elif dtype.kind in "fiub":
        if real and (dtype.kind != "f" or dtype.itemsize not in (4, 8)):
            wanted = numpy.dtype("float64")
        elif dtype.kind == "u" and dtype.itemsize > 1:
            wanted = numpy.dtype("int64")
        elif not dtype.isnative:
            wanted = dtype.newbyteorder("=")
    else:
        raise TypeError(f"{name}: the type {dtype} is none that a column of numbers can have")
    if dtype.kind == "f" and not real:
        raise TypeError(f"{name}: whole numbers are needed, and the type is {dtype}")
    ready = numpy.ascontiguousarray(values, dtype=wanted)
    if dtype.kind == "u" and dtype.itemsize == 8 and len(ready) and ready.min() < 0:
        raise ValueError(f"{name}: a number is out of the range that the column has")
    code = "?" if wanted.kind == "b" else wanted.char
    return _KIND_OF_FORMAT[code], ready.ctypes.data, 0, ready


def texts(name: str, values: Any) -> Ready:
    """A column of texts, or one text for all points."""
    if isinstance(values, str):
        values = values.encode()
    if isinstance(values, bytes):
        held = ctypes.create_string_buffer(values, len(values) + 1)
        return c.TEXT_SAME, ctypes.addressof(held), len(values), held
    values = _unwrap(values)
    if _is_numpy(values):
        kind = values.dtype.kind
        if kind in "SU" and values.dtype.itemsize > 0:
            import numpy

            ready = numpy.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
            if kind == "S":
                return c.TEXT_FIXED, ready.ctypes.data, ready.dtype.itemsize, ready
            return c.TEXT_UTF32, ready.ctypes.data, ready.dtype.itemsize // 4, ready
        values = values.tolist()
    return _joined(name, values)


def _joined(name: str, values: Sequence[Any]) -> Ready:
    items: List[Any] = values if isinstance(values, list) else list(values)
    try:
        if items and isinstance(items[0], bytes):
            joined = b"\0".join(items) + b"\0"
        else:
            joined = ("\0".join(items) + "\0").encode() if items else b""
    except TypeError as error:
        raise TypeError(f"{name}: texts are needed ({error})") from None
    address = ctypes.cast(ctypes.c_char_p(joined), ctypes.c_void_p).value or 0
    return c.TEXT_JOINED, address, len(joined), joined
