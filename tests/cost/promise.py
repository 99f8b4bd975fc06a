#!/usr/bin/env python3
"""Publishes 10,000,000 records and looks at every system call of it: nothing but a look at file and doorbell
every 100 ms, and the population of pages on the first lap (bus/writer.hpp).

    promise.py BUILD [RECORDS]

Exit status: 0 it is so; 1 it is not, with the calls that were made; 77 this machine lets nobody trace a program.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PER_LOOK = 2  # statx of the segment and of the doorbell
LOOK_S = 0.1
# The ring has 64 KiB, and pages are populated 256 KiB at a time.
MOST_POPULATIONS = 2


def calls_between_marks(trace):
    """How often each system call was made between the two getppid()."""
    calls = collections.Counter()
    marks = 0
    for line in trace.read_text().splitlines():
        call = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if call is None:
            continue
        if call[1] == "getppid":
            marks += 1
        elif marks == 1:
            calls[call[1]] += 1
    if marks != 2:
        raise SystemExit(f"promise.py: {marks} marks in the trace instead of 2")
    return calls


def main(build, records):
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("promise.py: SKIPPED: this machine lets nobody trace a program")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="ringside-promise-", dir="/dev/shm") as folder:
        trace = pathlib.Path(folder) / "trace"
        program = [f"{build}/bin/ringside_cost", "promise", records, "--bus", f"{folder}/bus"]
        start = time.monotonic()
        subprocess.run(["strace", "-f", "-qq", "-o", trace, *program], check=True)
        seconds = time.monotonic() - start
        calls = calls_between_marks(trace)
    looks = seconds / LOOK_S + 1
    allowed = {"statx": PER_LOOK * looks, "madvise": MOST_POPULATIONS}
    broken = {name: count for name, count in calls.items() if count > allowed.get(name, 0)}
    print(f"promise.py: {int(records):,} records in at most {seconds:.1f} s: {dict(calls)}")
    if broken:
        print(f"promise.py: more than is promised: {broken}, where {allowed} are allowed", file=sys.stderr)
    if calls["statx"] == 0:
        print("promise.py: no look at the file was seen; the run was too short", file=sys.stderr)
    return 1 if broken or calls["statx"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "10000000"))
