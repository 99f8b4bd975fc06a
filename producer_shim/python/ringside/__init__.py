"""ringside: events in shared memory, published and read where they stand.

>>> import ringside
>>> with ringside.Producer("embedding", "notebook") as producer:
...     producer.publish_columns(episode_id=ids, x=x, y=y, z=z, cluster=labels)
>>> points = ringside.Reader("embedding").points()
>>> sum(points.x) / len(points); points.check()

The bus is the directory that ``bus=`` names, else $RINGSIDE_BUS, else /run/ringside where that
exists, else /dev/shm/ringside. The package is pure Python over libringside, which it finds by
$RINGSIDE_LIBRARY, beside itself, in the build tree, or among the system's libraries.

NumPy is used where it is there, and not required: with it columns are arrays over the ring itself
(``points.x.mean()``), without it copies as arrays of the standard library.

__version__   the version of libringside
library_path  where libringside was found
"""

from . import _library
from ._errors import (
    Corrupt,
    Detached,
    InUse,
    InvalidArgument,
    InvalidEvent,
    LibraryNotFound,
    NotFound,
    Overwritten,
    Replaced,
    RingsideError,
    TooLarge,
    WrongType,
)
from ._events import Event, Events, Gap
from ._points import Points
from ._producer import Producer, ProducerInfo
from ._reader import Reader
from ._run import Record, Run
from ._segments import Segment, segments
from ._values import POINT_COLUMNS

__version__ = (_library.version() or b"").decode()
library_path = _library.path

__all__ = [
    "POINT_COLUMNS",
    "Corrupt",
    "Detached",
    "Event",
    "Events",
    "Gap",
    "InUse",
    "InvalidArgument",
    "InvalidEvent",
    "LibraryNotFound",
    "NotFound",
    "Overwritten",
    "Points",
    "Producer",
    "ProducerInfo",
    "Reader",
    "Record",
    "Replaced",
    "RingsideError",
    "Run",
    "Segment",
    "TooLarge",
    "WrongType",
    "library_path",
    "segments",
]
