#!/usr/bin/env python3
"""Writes Parquet files that are unusual, or that are corrupt: unusual.py FOLDER.

cases.json beside them says what a reader makes of each: it `reads` as the four points of a usual file
(unusual_files/parquet.py), but for the columns that are listed, and for `rows` that go round again, or
is `refused` with these words. ringside-feed (unusual_test.cpp) and the page (unusual.test.js of
dashboard_reader/web) are both held to it.
"""
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is left in the source tree

from unusual_files import columns, footers, pages  # noqa: E402, F401: each adds its cases
from unusual_files.case import CASES  # noqa: E402


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (data, _) in CASES.items():
        (folder / (name + ".parquet")).write_bytes(data)
    outcomes = {name: outcome for name, (_, outcome) in CASES.items()}
    (folder / "cases.json").write_text(json.dumps(outcomes, indent=1))


main()
