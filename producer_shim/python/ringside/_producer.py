"""Publishing: one event, or whole columns of points, in one call."""

from __future__ import annotations

import json
import os
import shlex
import struct
import weakref
from collections import abc
from types import TracebackType
from typing import Any, Mapping, NamedTuple, Optional, Type, Union

from . import _arguments, _columns
from . import _library as c
from ._errors import InvalidArgument, RingsideError
from ._guards import OneOfAKind, alone

_BUILT_IN = ("embedding", "load")

#: The ten columns of a point, under the names of the schema.
POINT_COLUMNS = (
    "episode_id",
    "host_id",
    "profile",
    "x",
    "y",
    "z",
    "phase_int",
    "predicted_int",
    "cluster",
    "is_train",
)
_TEXTS = POINT_COLUMNS[:3]
_REALS = POINT_COLUMNS[3:6]
# struct ringside_point: x y z, phase predicted cluster, is_train, index, cycle, total.
_POINT = struct.Struct("=fffiiiB3xIQI4x")
_LETTERS = {
    **dict.fromkeys(POINT_COLUMNS[3:6], "f"),
    **dict.fromkeys(POINT_COLUMNS[6:9], "i"),
    "index": "I",
    "cycle": "Q",
    "total": "I",
}
_POINT_KEYS = frozenset(POINT_COLUMNS) | {"cycle", "index", "total"}

#: How a producer came by its segment.
_ORIGINS = ("created", "taken up", "replaced", "recovered")


class ProducerInfo(NamedTuple):
    """A producer's segment, as it is now.

    epoch         its identity: a random number of 64 bits, another one when it is made anew
    oldest, next  the retained window [oldest, next); next is the sequence that comes next
    capacity      bytes of the ring
    retain        the most events that are kept
    max_event     bytes of the largest event that fits
    origin        "created": there was none; "taken up": the last producer's, as it stood;
                  "replaced": its schema or caps changed, and it began anew, empty; "recovered": it
                  was damaged, and began anew with what was whole of it
    sync_error    errno of the last attempt to reach the disk, or 0
    """

    epoch: int
    oldest: int
    next: int
    capacity: int
    retain: int
    max_event: int
    origin: str
    sync_error: int


class Producer(OneOfAKind):
    """The one writer of a segment.

    >>> with ringside.Producer("embedding", "notebook") as producer:
    ...     producer.publish({"episode_id": "e1", "x": 0.1, "y": 0.2, "z": 0.3})

    A channel named "embedding" or "load" has the built-in type of that name; for any other give
    ``type=``, or ``schema=``, which is a binary schema (the path of a .bfbs file, or its bytes).
    ``capacity`` (bytes), ``retain`` (events) and ``retain_age`` (seconds; kept with each publish)
    are the caps of the segment, where 0 is as the segment has it; a cap or schema that differs from
    those of the segment that is there makes a new epoch, and the old events are gone.
    ``sync_interval`` (seconds) brings what is published to the disk that often; 0 is when the
    kernel likes.

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

    def __init__(
        self,
        channel: str,
        producer: Optional[str] = None,
        *,
        type: Optional[str] = None,  # noqa: A002
        schema: Union[_arguments.Path, bytes, bytearray, memoryview, None] = None,
        bus: Optional[_arguments.Path] = None,
        capacity: int = 0,
        retain: int = 0,
        retain_age: float = 0.0,
        sync_interval: float = 0.0,
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
        options.capacity = _arguments.whole("capacity", capacity)
        options.retain = _arguments.whole("retain", retain)
        options.retain_age_ms = _arguments.milliseconds("retain_age", retain_age)
        options.sync_interval_ms = _arguments.milliseconds("sync_interval", sync_interval)
        self._handle = alone(c.opened, c.producer_open, options)
        # Other types may have a field episode_id too, and it makes no point of them.
        self._takes_points = bool(self._describe().takes_points)
        self.channel = channel
        self.producer = producer
        _open_producers.add(self)

    # ---- one event -------------------------------------------------------------------------

    def publish(self, event: Union[bytes, bytearray, memoryview, Mapping[str, Any]]) -> int:
        """Publishes one event and returns its sequence.

        ``bytes`` are a finished FlatBuffer of the channel's schema. A mapping is an event by the
        schema's own names; on a channel of type embedding it may simply be a point, with the names
        of POINT_COLUMNS, and ``cycle``, ``index`` and ``total`` if it belongs to a cycle.

        Nothing is published where it raises: InvalidEvent for what does not verify against the
        schema, TypeError or another ValueError that names the field of a point, TooLarge for more
        than ``info.max_event`` bytes, Displaced once the segment's file is gone, and
        InvalidArgument when this is closed.
        """
        if event.__class__ is bytes:
            sequence = c.publish(self._handle, event, len(event))
            if sequence < 0:
                raise self._failure()
            return sequence  # type: ignore[no-any-return]
        if event.__class__ is not dict:
            if isinstance(event, (bytes, bytearray, memoryview)):
                return self.publish(bytes(event))
            if not isinstance(event, abc.Mapping):
                raise TypeError(f"an event is bytes or a mapping, not {event!r}")
            event = dict(event)
        if self._takes_points and "episode_id" in event:
            return self._publish_point(event)
        return self.publish_json(json.dumps(event, ensure_ascii=False))

    def publish_json(self, text: Union[str, bytes]) -> int:
        """Publishes the event that a JSON object describes and returns its sequence.

        Raises as publish() does.
        """
        data = text.encode() if isinstance(text, str) else text
        sequence = c.publish_json(self._handle, data, len(data))
        if sequence < 0:
            raise self._failure()
        return sequence  # type: ignore[no-any-return]

    def _publish_point(self, event: Mapping[str, Any]) -> int:
        get = event.get
        try:
            episode = event["episode_id"].encode()
            host = get("host_id", "").encode()
            profile = get("profile", "").encode()
            point = _POINT.pack(
                get("x", 0.0),
                get("y", 0.0),
                get("z", 0.0),
                get("phase_int", -1),
                get("predicted_int", -1),
                get("cluster", -1),
                1 if get("is_train") else 0,
                get("index", 0),
                get("cycle", 0),
                get("total", 0),
            )
        except (AttributeError, UnicodeEncodeError, struct.error, OverflowError):
            _name_what_is_refused(event)
            raise
        if not _POINT_KEYS.issuperset(event):
            unknown = ", ".join(sorted(set(event) - _POINT_KEYS))
            raise ValueError(f"a point has no {unknown}")
        if b"\0" in episode or b"\0" in host or b"\0" in profile:
            _name_what_is_refused(event)
        sequence = c.publish_point(self._handle, episode, host, profile, point)
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
        """Publishes whole columns of points in one call; returns the last event's sequence.

        Columns are NumPy arrays, other buffers, or lists, by the names of POINT_COLUMNS, given one
        by one or as one mapping (a dict, a pandas DataFrame). ``episode_id`` is needed; it,
        ``host_id`` and ``profile`` may be one text for all points. ``batch`` is the number of
        points an event: 0 puts all of them into one, 1 makes an event of each.

        The points are a cycle of their own, the one after the last, unless ``cycle`` names it.
        ``index`` is that of the first point in the cycle, ``total`` how many points the whole cycle
        has: by default all up to the last of these, and 0 says that nobody knows.

        All is checked before the first event is published. Raises TypeError or ValueError for a
        column that cannot be stored as it is, and names it; InvalidArgument for a number out of its
        range or a channel of another type; else as publish().
        """
        given = dict(_items(columns))
        given.update(named)
        unknown = sorted(set(given) - set(POINT_COLUMNS))
        if unknown:
            raise ValueError("points have no " + ", ".join(unknown))
        if "episode_id" not in given:
            raise ValueError("points need a column episode_id")
        points = c.sized(c.PointColumns)
        points.count = _count(given)
        held = []
        for name, values in given.items():
            column = getattr(points, name)
            if name in _TEXTS:
                ready = _columns.texts(name, values)
                column.bytes = ready[2]
            else:
                ready = _columns.numbers(name, values, name in _REALS)
            column.kind, column.data = ready[0], ready[1]
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
            return InvalidArgument("the producer is closed; after a fork the child opens its own")
        return c.failure()

    @property
    def info(self) -> ProducerInfo:
        """The segment as it is now. Raises InvalidArgument when this is closed."""
        info = self._describe()
        return ProducerInfo(
            info.epoch,
            info.oldest,
            info.next,
            info.capacity,
            info.retain,
            info.max_event,
            _ORIGINS[info.origin],
            info.sync_error,
        )

    def close(self) -> None:
        """Lets go of the segment, which stays; the name is free for the next producer."""
        handle, self._handle = self._handle, None
        if handle:
            c.producer_close(handle)

    def __enter__(self) -> "Producer":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._handle else " (closed)"
        return f"<ringside.Producer {self.channel}/{self.producer}{state}>"


def _name_what_is_refused(point: Mapping[str, Any]) -> None:
    """Raises the error that names the first field that no point can have."""
    for name in _TEXTS:
        _arguments.text(name, point.get(name, ""))
    for name, letter in _LETTERS.items():
        try:
            struct.pack("=" + letter, point.get(name, 0))
        except (struct.error, OverflowError) as error:
            raise ValueError(f"{name}: {point[name]!r} cannot be stored ({error})") from None


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


def _items(columns: Any) -> Any:
    if columns is None:
        return ()
    names = getattr(getattr(columns, "dtype", None), "names", None)
    if names:  # a structured array
        return ((name, columns[name]) for name in names)
    return ((name, columns[name]) for name in columns)


def _count(columns: Mapping[str, Any]) -> int:
    counts = {}
    for name, values in columns.items():
        count = _columns.length_of(values)
        if count >= 0:
            counts[name] = count
        elif name not in _TEXTS:
            raise TypeError(f"{name}: a column of numbers is needed, not a text")
    if not counts:
        raise ValueError("no column says how many points there are")
    if len(set(counts.values())) > 1:
        lengths = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ValueError(f"the columns differ in length: {lengths}")
    return next(iter(counts.values()))


_open_producers: "weakref.WeakSet[Producer]" = weakref.WeakSet()


def _close_in_child() -> None:
    """A child that keeps a producer's file open would keep its name taken."""
    for producer in list(_open_producers):
        producer.close()


os.register_at_fork(after_in_child=_close_in_child)
