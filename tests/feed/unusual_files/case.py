"""Cases: a file by what it changes in a usual one, and what a reader makes of it."""
from unusual_files.parquet import BYTES, ROWS, Column, File

CASES = {}


def case(**outcome):
    """A file by what it changes; `reads` of columns that read otherwise, or `refused`."""

    def add(change):
        name = change.__name__
        assert name not in CASES, name
        file = File()
        change(file)
        CASES[name] = (file.bytes(), {"reads": {}} | outcome if "refused" not in outcome else outcome)
        return change

    return add


def decimal(scale, precision, logical=False, old=True, **more):
    mark = {"converted": 5, "scale": scale, "precision": precision} if old else {}
    return mark | ({"logical": {5: {1: scale, 2: precision}}} if logical else {}) | more


def another(f, at, name, physical=BYTES, values=("other",) * ROWS):
    column = Column(name, physical, list(values))
    f.columns.insert(at, column)
    return column
