"""Columns of any kind as what the C ABI takes: a pointer, and the kind of what it points to.

NumPy arrays and other buffers are used where they are, if their type is one of those that the C ABI
knows; it sees to the rules for their numbers then. Everything else is gone through value by value
(_values). NumPy itself is looked for only in what is given.
"""

from __future__ import annotations

import array
import ctypes
import sys
from collections import abc
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import _library as c
from ._errors import InvalidArgument, WrongType
from ._values import LABELS, REALS, TEXTS, plain, shown, value_of, wanted

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
}
_CONVERTED = ("H", "I", "Q")
_LONG = {("l", 4): "i", ("l", 8): "q", ("L", 4): "I", ("L", 8): "Q"}


class Column(NamedTuple):
    """A column as it was given: ``values`` is a NumPy array, a buffer or a list; one value for all
    points where ``is_one``."""

    name: str
    values: Any
    is_one: bool

    def count(self) -> int:
        return -1 if self.is_one else len(self.values)


def column_of(name: str, values: Any) -> Column:
    """What was given as a column, unwrapped. Raises TypeError or ValueError that names it."""
    values = _unwrapped(name, values)
    shape = getattr(values, "shape", None)
    if shape == () or _is_one_value(values):
        if values is None:
            raise WrongType(f"{name}: a column is needed, not None; leave it out instead")
        return Column(name, plain(values), True)
    if shape is not None and len(shape) != 1:
        raise InvalidArgument(
            f"{name}: a column has one dimension, and this has the shape {tuple(shape)}"
        )
    if _is_numpy(values) or isinstance(values, list):
        return Column(name, values, False)
    if isinstance(values, (bytearray, memoryview, array.array, ctypes.Array)):
        return Column(name, values, False)
    is_view = isinstance(values, abc.KeysView)
    if isinstance(values, (abc.Mapping, abc.Set)) and not is_view:
        raise WrongType(f"{name}: a {type(values).__name__} is no column; give a list or an array")
    if not isinstance(values, abc.Iterable):
        raise WrongType(f"{name}: a column is needed, not {shown(values)}")
    return Column(name, list(values), False)


def _is_numpy(values: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(values, numpy.ndarray)


def _is_one_value(values: Any) -> bool:
    """One value that counts for all points."""
    if values is None or isinstance(values, (str, bytes, bool, int, float)):
        return True
    return not isinstance(values, abc.Iterable) and (
        hasattr(values, "__float__") or hasattr(values, "__index__")
    )


def _unwrapped(name: str, values: Any) -> Any:
    """What pandas, polars, Arrow, torch and others wrap, as NumPy's own where it is there."""
    if isinstance(values, (str, bytes, list, tuple)) or values is None:
        return values
    if hasattr(values, "filled") and hasattr(values, "mask"):
        import numpy

        # What is masked is missing, and a list has None for it.
        return values.tolist() if numpy.ma.count_masked(values) else values.data
    if _is_numpy(values) or isinstance(values, type):
        return values
    failure: Optional[Exception] = None
    # Where Arrow has nulls it makes no array unless it may copy, and a list always.
    for method in ("to_numpy", "to_pylist", "__array__"):
        if hasattr(values, method):
            try:
                if method != "__array__":
                    return getattr(values, method)()
                import numpy

                return numpy.asarray(values)
            except Exception as error:  # theirs, whatever it is
                failure = error
    if failure is not None:
        raise WrongType(f"{name}: {type(values).__name__} makes no array: {failure}")
    return values


def ready(column: Column, count: int) -> Ready:
    """A column of ``count`` points as the C ABI takes it. Raises TypeError or ValueError that names
    column and row."""
    name, values, is_one = column
    if name in TEXTS:
        return _texts(name, values, is_one)
    if is_one:
        return _array(name, [value_of(name, None, values)] * count)
    if _is_numpy(values):
        if values.dtype.kind in "fiub":
            return _numpy_numbers(name, values)
        if values.dtype.kind != "O":
            raise _wrong_type(name, str(values.dtype))
        values = values.tolist()
    if isinstance(values, list):
        return _numbers(name, values)
    return _buffer_numbers(name, memoryview(values))


def _wrong_type(name: str, what: str) -> WrongType:
    return WrongType(f"{name}: {what}, and should be {wanted(name)}")


def _numbers(name: str, values: List[Any]) -> Ready:
    """A list: at once where all are of one plain type, else one by one."""
    kinds = set(map(type, values))
    try:
        if kinds == {float} or (name in REALS and kinds <= {float, int}):
            return _held("d", array.array("d", values))
        if kinds == {int}:
            return _held("q", array.array("q", values))
    except OverflowError:
        pass  # the row is named below
    return _array(name, [value_of(name, row, value) for row, value in enumerate(values)])


def _array(name: str, values: List[Any]) -> Ready:
    letter = "d" if name in REALS else "i" if name in LABELS else "B"
    return _held(letter, array.array(letter, values))


def _held(letter: str, values: "array.array[Any]") -> Ready:
    return _KIND[letter], values.buffer_info()[0], 0, values


def _buffer_numbers(name: str, view: memoryview) -> Ready:
    letter = view.format.lstrip("@=<" if sys.byteorder == "little" else "@=")
    letter = _LONG.get((letter, view.itemsize), letter)
    if letter == "?":
        if name != "is_train":
            raise _wrong_type(name, "bool")
        letter = "B"
    if letter in _CONVERTED or letter not in _KIND:
        if letter not in _CONVERTED:
            raise _wrong_type(name, f"a buffer of {view.format!r}")
        return _numbers(name, memoryview(view.tobytes()).cast(letter).tolist())
    if not view.contiguous:
        view = memoryview(view.tobytes())
    address, held = _address(view)
    return _KIND[letter], address, 0, held


def _address(view: memoryview) -> Tuple[int, Any]:
    """Where a buffer is; read-only ones are copied, which ctypes asks for."""
    size = view.nbytes
    if view.readonly:
        copy = ctypes.create_string_buffer(bytes(view), max(size, 1))
        return ctypes.addressof(copy), copy
    held = (ctypes.c_char * size).from_buffer(view) if size else ctypes.create_string_buffer(1)
    return ctypes.addressof(held), held


def _numpy_numbers(name: str, values: Any) -> Ready:
    import numpy

    dtype = values.dtype
    if dtype.kind == "b" and name != "is_train":
        raise _wrong_type(name, str(dtype))
    wanted = dtype.newbyteorder("=")
    if dtype.kind == "f" and dtype.char not in "fd":
        wanted = numpy.dtype("float64")
    elif dtype.kind == "u" and dtype.itemsize > 1:
        wanted = numpy.dtype("float64" if name in REALS else "int64")
    elif dtype.kind == "b":
        # Whatever its bytes are, true is 1.
        values, wanted = values.view("u1") != 0, numpy.dtype("u1")
    with numpy.errstate(over="ignore"):  # an infinity is refused below
        made = numpy.ascontiguousarray(values, dtype=wanted)
    if dtype.kind == "u" and dtype.itemsize == 8 and name not in REALS:
        too_large = numpy.flatnonzero(made < 0)
        if len(too_large):
            row = int(too_large[0])
            value_of(name, row, int(values[row]))
    letter = _LONG.get((wanted.char, wanted.itemsize), wanted.char)
    return _KIND[letter], made.ctypes.data, 0, made


def _texts(name: str, values: Any, is_one: bool) -> Ready:
    """A column of texts, or one text for all points."""
    if is_one:
        value = value_of(name, None, values)
        held = ctypes.create_string_buffer(value, len(value) + 1)
        return c.TEXT_SAME, ctypes.addressof(held), len(value), held
    if _is_numpy(values):
        kind = values.dtype.kind
        if kind in "SU" and values.dtype.itemsize > 0:
            import numpy

            made = numpy.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
            if kind == "S":
                return c.TEXT_FIXED, made.ctypes.data, made.dtype.itemsize, made
            return c.TEXT_UTF32, made.ctypes.data, made.dtype.itemsize // 4, made
        if kind not in "SUOTiu":
            raise _wrong_type(name, str(values.dtype))
        values = values.tolist()
    return _joined(name, values)


def _joined(name: str, given: Any) -> Ready:
    values = list(given)
    kinds = set(map(type, values))
    joined = None
    try:
        if kinds == {str}:
            joined = "\0".join(values).encode() + b"\0"
        elif kinds == {bytes}:
            joined = b"\0".join(values) + b"\0"
    except UnicodeEncodeError:
        pass  # the row is named below
    if joined is None or joined.count(b"\0") != len(values):
        texts = [value_of(name, row, value) for row, value in enumerate(values)]
        joined = b"\0".join(texts) + b"\0" if texts else b""
    address = ctypes.cast(ctypes.c_char_p(joined), ctypes.c_void_p).value or 0
    return c.TEXT_JOINED, address, len(joined), joined


def items_of(columns: Any) -> Dict[str, Any]:
    """The columns of a table by name."""
    if columns is None:
        return {}
    names = getattr(getattr(columns, "dtype", None), "names", None)
    if names is None:
        names = getattr(columns, "column_names", None)  # Arrow's
    if names is None and isinstance(columns, abc.Mapping):
        names = columns.keys()
    if names is None:
        names = getattr(columns, "columns", None)  # pandas' and polars'
    if names is None and hasattr(columns, "keys"):
        names = columns.keys()
    if names is None or callable(names) or not hasattr(columns, "__getitem__"):
        raise TypeError(
            "columns: a table with names is needed (a dict, a DataFrame, an Arrow table, a "
            f"structured array), not {type(columns).__name__}"
        )
    names = list(names)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"columns: {name!r} is no name of a column")
        if names.count(name) > 1:
            raise ValueError(f"columns: {name} is there {names.count(name)} times")
    return {name: columns[name] for name in names}


def count_of(table: List[Column]) -> int:
    counts = {one.name: one.count() for one in table if not one.is_one}
    if not counts:
        raise ValueError("no column says how many points there are: each is one value for all")
    if len(set(counts.values())) > 1:
        lengths = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ValueError(f"the columns differ in length: {lengths}")
    return next(iter(counts.values()))
