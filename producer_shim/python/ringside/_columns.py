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

# By the letters of the struct module.
_KIND = {
    "f": c.FLOAT,
    "d": c.DOUBLE,
    "b": c.INT8,
    "h": c.INT16,
    "i": c.INT32,
    "q": c.INT64,
    "B": c.UINT8,
    "?": c.UINT8,
}
_CONVERTED = ("H", "I", "Q")
_LONG = {("l", 4): "i", ("l", 8): "q", ("L", 4): "I", ("L", 8): "Q"}


def _is_numpy(values: Any) -> bool:
    return hasattr(values, "__array_interface__")


def _unwrap(name: str, values: Any) -> Any:
    """What pandas, polars and others wrap, as NumPy's own; masked arrays if they hide nothing."""
    if not _is_numpy(values) and hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if hasattr(values, "filled"):
        import numpy

        masked = int(numpy.ma.count_masked(values))
        if masked:
            raise ValueError(f"{name}: {masked} values are masked; fill them: column.filled(VALUE)")
        return values.data
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
    values = _unwrap(name, values)
    if _is_numpy(values):
        if values.dtype.kind != "O":
            return _numpy_numbers(name, values, real)
        values = values.tolist()
    if isinstance(values, (list, tuple, range)):
        values = _array(name, values, real)
    try:
        view = memoryview(values)
    except TypeError:
        raise TypeError(f"{name}: neither an array, nor a buffer, nor a list of numbers") from None
    return _buffer_numbers(name, view, real)


def _array(name: str, values: Any, real: bool) -> "array.array[Any]":
    """Each number as it is, or a refusal: no text becomes one, and no fraction is cut off."""
    try:
        return array.array("d" if real else "q", values)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    except OverflowError as error:
        raise ValueError(f"{name}: {error}") from None


def _buffer_numbers(name: str, view: memoryview, real: bool) -> Ready:
    letter = view.format.lstrip("@=<" if sys.byteorder == "little" else "@=")
    letter = _LONG.get((letter, view.itemsize), letter)
    if letter not in _KIND and letter not in _CONVERTED:
        raise TypeError(f"{name}: the type {view.format!r} is none that a column can have")
    is_real = letter in ("f", "d")
    if is_real and not real:
        raise TypeError(f"{name}: whole numbers are needed, and the type is {view.format!r}")
    if letter in _CONVERTED or is_real != real:
        values = memoryview(view.tobytes()).cast(letter).tolist()
        view, letter = memoryview(_array(name, values, real)), "d" if real else "q"
    elif not view.contiguous:
        view = memoryview(view.tobytes())
    address, held = _address(view)
    return _KIND[letter], address, 0, held


def _numpy_numbers(name: str, values: Any, real: bool) -> Ready:
    import numpy

    dtype = values.dtype
    if dtype.kind not in "fiub":
        raise TypeError(f"{name}: the type {dtype} is none that a column of numbers can have")
    if dtype.kind == "f" and not real:
        raise TypeError(f"{name}: whole numbers are needed, and the type is {dtype}")
    wanted = dtype.newbyteorder("=")
    if real and dtype.char not in ("f", "d"):
        wanted = numpy.dtype("float64")
    elif dtype.kind == "u" and dtype.itemsize > 1:
        wanted = numpy.dtype("int64")
    ready = numpy.ascontiguousarray(values, dtype=wanted)
    if dtype.kind == "u" and dtype.itemsize == 8 and len(ready) and ready.min() < 0:
        raise ValueError(f"{name}: a number is out of the range that the column has")
    letter = _LONG.get((wanted.char, wanted.itemsize), wanted.char)
    return _KIND[letter], ready.ctypes.data, 0, ready


def texts(name: str, values: Any) -> Ready:
    """A column of texts, or one text for all points."""
    if isinstance(values, str):
        values = _utf8(name, values)
    if isinstance(values, bytes):
        held = ctypes.create_string_buffer(values, len(values) + 1)
        return c.TEXT_SAME, ctypes.addressof(held), len(values), held
    values = _unwrap(name, values)
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


def _utf8(name: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name}: not a text ({error.reason})") from None


def _joined(name: str, values: Sequence[Any]) -> Ready:
    items: List[Any] = values if isinstance(values, list) else list(values)
    try:
        if items and isinstance(items[0], bytes):
            joined = b"\0".join(items) + b"\0"
        else:
            joined = _utf8(name, "\0".join(items) + "\0") if items else b""
    except TypeError as error:
        raise TypeError(f"{name}: texts are needed ({error})") from None
    address = ctypes.cast(ctypes.c_char_p(joined), ctypes.c_void_p).value or 0
    return c.TEXT_JOINED, address, len(joined), joined
