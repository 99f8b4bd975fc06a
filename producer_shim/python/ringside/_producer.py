"""Publishing: one event, or columns of points, in one call."""

from __future__ import annotations

import os
import shlex
import warnings
import weakref
from typing import Any, Mapping, NamedTuple, Optional, Union

from . import _arguments, _columns, _json
from . import _library as c
from ._errors import InvalidArgument, Replaced, RingsideError
from ._guards import OneOfAKind, call_reentrant
from ._mapping import Mapping as Segment
from ._point import pack, row_of, unknown_names
from ._values import POINT_COLUMNS, TEXTS

_BUILT_IN = ("embedding", "load")

#: How a producer came by its segment.
_ORIGINS = ("created", "reopened", "replaced", "recovered")


class ProducerInfo(NamedTuple):
    """A producer's segment, as it is now.

    epoch         its identity: a random number of 64 bits, another one when it is recreated
    oldest, next  the retained window [oldest, next); next is the sequence that comes next
    capacity_bytes, retain_events
                  the caps: bytes of the ring, and the most events that are kept
    max_event     bytes of the largest event that fits
    origin        "created": there was none; "reopened": the last producer's, as it stood;
                  "replaced": its schema or caps changed: a new epoch, empty; "recovered": it was
                  damaged: a new epoch with its intact events
    sync_error    errno of the last attempt to reach the disk, or 0
    """

    epoch: int
    oldest: int
    next: int
    capacity_bytes: int
    retain_events: int
    max_event: int
    origin: str
    sync_error: int


class Producer(OneOfAKind):
    """The one writer of a segment.

    >>> with ringside.Producer("embedding", "notebook") as producer:
    ...     producer.publish({"episode_id": "e1", "x": 0.1, "y": 0.2, "z": 0.3})

    A channel named "embedding" or "load" has the built-in type of that name; for any other give
    ``type=``, or ``schema=``, which is a binary schema (the path of a .bfbs file, or its bytes).
    ``capacity_bytes``, ``retain_events`` and ``retain_age_ns`` (how old an event may get) are the
    caps of the segment; 0 keeps the cap that the segment has. ``capacity_bytes`` is rounded up to a
    multiple of 64 KiB; ``info.capacity_bytes`` is the result. A schema or cap that differs from
    those of the segment makes a new epoch, and the old events are gone: a warning of the class
    Replaced says so, unless ``replace=True`` means it. ``sync_interval_ms`` brings what is published
    to the disk that often; with 0 the kernel does so when it likes.

    Raises InvalidArgument for a name, schema or number that cannot be; InUse while another has this
    producer, whose process the text names; OSError if the schema's file cannot be read; Corrupt for
    a file that is no segment; RingsideError for what the system refuses, such as space.

    Any thread may publish. Another process may open the same name once this one is closed, or has
    ended in whatever way, and goes on with the next sequence. After a fork the child has to open
    producers of its own: those that it inherits are closed.

    channel   the channel that this publishes on
    producer  the producer's name
    """

    _instead = "a segment has one writer; publish through this one, or open another name"
    _handle: Optional[int] = None  # until it is open, and when it is closed
    _is_child = False  # and was closed by a fork

    def __init__(
        self,
        channel: str,
        producer: Optional[str] = None,
        *,
        type: Optional[str] = None,  # noqa: A002
        schema: Union[_arguments.Path, bytes, bytearray, memoryview, None] = None,
        bus: Optional[_arguments.Path] = None,
        capacity_bytes: int = 0,
        retain_events: int = 0,
        retain_age_ns: int = 0,
        sync_interval_ms: int = 0,
        replace: bool = False,
    ) -> None:
        channel, producer = _arguments.split_name(channel, producer)
        if producer is None:
            raise InvalidArgument(f"a producer needs a name: Producer({channel!r}, NAME)", -2)
        if schema is None and type is None:
            if channel not in _BUILT_IN:
                raise InvalidArgument(
                    f"the channel {channel!r} has no built-in type; give schema= (a .bfbs file) or "
                    "type= (embedding or load)",
                )
            type = channel  # noqa: A001
        options = c.sized(c.ProducerOptions)
        options.bus = _arguments.path("bus", bus)
        options.channel = _arguments.text("channel", channel)
        options.producer = _arguments.text("producer", producer)
        if type is not None:
            options.type = _arguments.text("type", type)
        if schema is not None:
            options.schema = content = _schema(schema)
            options.schema_size = len(content)
        options.capacity_bytes = _arguments.whole("capacity_bytes", capacity_bytes)
        options.retain_events = _arguments.whole("retain_events", retain_events)
        options.retain_age_ns = _arguments.whole("retain_age_ns", retain_age_ns)
        options.sync_interval_ms = _arguments.whole("sync_interval_ms", sync_interval_ms)
        before = None if replace else _retained(options)
        self._handle = call_reentrant(c.opened, c.producer_open, options)
        # Other types may have a field episode_id too, and it makes no point of them.
        info = self._describe()
        self._takes_points = bool(info.takes_points)
        self.channel = channel
        self.producer = producer
        _open_producers.add(self)
        if before is not None and _ORIGINS[info.origin] == "replaced":
            warnings.warn(_loss(self, before, info), Replaced, stacklevel=2)

    # ---- one event -------------------------------------------------------------------------

    def publish(self, event: Union[bytes, bytearray, memoryview, Mapping[str, Any]]) -> int:
        """Publishes one event and returns its sequence.

        ``bytes`` are a finished FlatBuffer of the channel's schema. A mapping is an event by the
        schema's own names; on a channel of type embedding it may simply be a point, with the names
        of POINT_COLUMNS, and ``cycle``, ``index`` and ``total`` if it belongs to a cycle.

        Nothing is published where it raises: InvalidEvent for what does not verify against the
        schema, TypeError or another ValueError that names the field of a point, TooLarge for more
        than ``info.max_event`` bytes, Detached once the segment's file is gone, and
        InvalidArgument when this is closed.
        """
        if event.__class__ is bytes:
            sequence = c.publish(self._handle, event, len(event))
        else:
            if event.__class__ is not dict:
                if isinstance(event, (bytes, bytearray, memoryview)):
                    return self.publish(bytes(event))
                event = row_of(event)
            if not self._takes_points or "episode_id" not in event:
                return self.publish_json(_json.text_of(event))
            sequence = c.publish_point(self._handle, *pack(event))
        if sequence < 0:
            raise self._failure()
        return sequence  # type: ignore[no-any-return]

    def publish_json(self, text: Union[str, bytes]) -> int:
        """Publishes the event that a JSON object describes and returns its sequence.

        Raises as publish() does.
        """
        if isinstance(text, str):
            data = _arguments.utf8("the JSON", text)
        elif isinstance(text, (bytes, bytearray, memoryview)):
            data = bytes(text)
        else:
            raise TypeError(f"JSON is a text, or bytes in UTF-8, not {text!r}")
        sequence = c.publish_json(self._handle, data, len(data))
        if sequence < 0:
            raise self._failure()
        return sequence  # type: ignore[no-any-return]

    # ---- columns ---------------------------------------------------------------------------

    def publish_columns(
        self,
        columns: Optional[Mapping[str, Any]] = None,
        *,
        cycle: Optional[int] = None,
        index: int = 0,
        total: Optional[int] = None,
        batch: int = 0,
        **named: Any,
    ) -> int:
        """Publishes columns of points in one call; returns the last event's sequence.

        Columns are NumPy arrays, other buffers, lists or anything else that yields values, by the
        names of POINT_COLUMNS, given one by one or as one table: a dict, a DataFrame, an Arrow
        table, a structured array. ``episode_id`` is needed; any column may be one value for all
        points. ``batch`` is the number of points an event: 0 puts all of them into one, 1 makes an
        event of each.

        The same is taken as from a Parquet file: None, NaN and what is masked are "" for
        ``host_id`` and ``profile`` and -1 for ``phase_int``, ``predicted_int`` and ``cluster``,
        which are whole numbers of 32 bits in any type; whole numbers are texts by their digits;
        ``x``, ``y`` and ``z`` are finite and fit a float; ``is_train`` is true or false, or 1 or 0.

        The points are a cycle of their own, the one after the last, unless ``cycle`` names it.
        ``index`` is that of the first point in the cycle, ``total`` how many points the complete
        cycle has: by default all up to the last of these, and 0 says that nobody knows.

        All is checked before the first event is published. Raises TypeError or ValueError for a
        column that is none, and names it, the row and what is there; InvalidArgument for a channel
        of another type; else as publish().
        """
        given = {**_columns.items_of(columns), **named}
        if not set(POINT_COLUMNS).issuperset(given):
            raise InvalidArgument(unknown_names(given, "points have"))
        if "episode_id" not in given:
            raise ValueError("points need a column episode_id")
        table = [_columns.column_of(name, values) for name, values in given.items()]
        points = c.sized(c.PointColumns)
        points.count = _columns.count_of(table)
        held = []
        for one in table:
            column = getattr(points, one.name)
            ready = _columns.ready(one, points.count)
            column.kind, column.data = ready[0], ready[1]
            if one.name in TEXTS:
                column.bytes = ready[2]
            held.append(ready[3])
        points.cycle = c.NEXT_CYCLE
        if cycle is not None:
            points.cycle = _arguments.whole("cycle", cycle, c.NEXT_CYCLE - 1)
        points.index = _arguments.whole("index", index, _arguments.U32)
        if total is not None:
            points.total = _arguments.whole("total", total, c.TOTAL_UNKNOWN - 1) or c.TOTAL_UNKNOWN
        points.batch = _arguments.whole("batch", batch)
        sequence = c.publish_points(self._handle, points)
        del held
        if sequence < 0:
            raise self._failure()
        return sequence  # type: ignore[no-any-return]

    # ---- the segment -----------------------------------------------------------------------

    def _describe(self) -> c.ProducerInfo:
        info = c.sized(c.ProducerInfo)
        if c.producer_describe(self._handle, info) < 0:
            raise self._failure()
        return info  # type: ignore[no-any-return]

    def _failure(self) -> RingsideError:
        if self._handle is None:
            after = "; it was opened before the fork, and the child opens its own"
            return InvalidArgument("the producer is closed" + (after if self._is_child else ""))
        return c.failure()

    @property
    def info(self) -> ProducerInfo:
        """The segment as it is now. Raises InvalidArgument when this is closed."""
        info = self._describe()
        values = {name: getattr(info, name) for name in ProducerInfo._fields}
        return ProducerInfo(**{**values, "origin": _ORIGINS[info.origin]})

    def close(self) -> None:
        """Lets go of the segment, which stays; the name is free for the next producer."""
        handle, self._handle = self._handle, None
        if handle:
            c.producer_close(handle)

    def __enter__(self) -> "Producer":
        if self._handle is None:
            raise self._failure()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._handle else " (closed)"
        return f"<ringside.Producer {self.channel}/{self.producer}{state}>"


def _retained(options: c.ProducerOptions) -> Optional[c.ReaderInfo]:
    """The segment that a producer will find, if it can be read and holds anything."""
    try:
        info = Segment(options.bus, options.channel, options.producer).describe()
    except RingsideError:
        return None
    return info if info.next > info.oldest else None


def _loss(producer: Producer, old: c.ReaderInfo, now: c.ProducerInfo) -> str:
    """What a changed cap or schema has cost, and how to be spared it."""
    changed = [
        f"{name} was {getattr(old, name)} and is {getattr(now, name)}"
        for name in ("capacity_bytes", "retain_events")
        if getattr(old, name) != getattr(now, name)
    ]
    return (
        f"{producer.channel}/{producer.producer}: {'; '.join(changed) or 'another schema or retain_age_ns'}: the "
        f"segment was replaced, and the {old.next - old.oldest} events that it retained are gone "
        "(leave the caps out to keep a segment as it is; replace=True if that is meant)"
    )


def _schema(given: Any) -> bytes:
    """The binary schema that was given by its bytes or by its file."""
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    name = os.fsdecode(given)
    if name.endswith(".fbs"):
        folder, source = shlex.quote(os.path.dirname(name) or "."), shlex.quote(name)
        raise InvalidArgument(
            f"schema: {name} is the source of a schema; compile it with "
            f"`flatc --binary --schema -o {folder} {source}`, and give {name[:-4]}.bfbs"
        )
    with open(name, "rb") as file:
        return file.read()


_open_producers: "weakref.WeakSet[Producer]" = weakref.WeakSet()


def _close_in_child() -> None:
    """A child that keeps a producer's file open would keep its name taken."""
    for producer in list(_open_producers):
        producer._is_child = True
        producer.close()


os.register_at_fork(after_in_child=_close_in_child)
