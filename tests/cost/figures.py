"""The figures: what is done how often, and of which program it is counted."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from typing import Callable

import counting
import streams
from counting import Failed

HERE = pathlib.Path(__file__).resolve().parent
# As many records of 120 bytes as a run of 256 KiB holds.
RUN_RECORDS = 2184
RUNS = 3
# A read of `ringside publish` is 256 KiB: as many lines of 128 bytes.
PIPE_LINES = 2048
# Between two looks of a writer at its file.
LOOK_NS = 100_000_000


@dataclass(frozen=True)
class Figure:
    """What `do(counter, programs, count)` counts, for a few operations and for many. The difference is that
    of the operations alone: start and end are in both."""

    name: str
    do: Callable
    few: int
    many: int
    needs: str = ""  # beside the compiler and the libraries of all: "python"

    def measure(self, counter_type, programs):
        counts = []
        for count in (self.few, self.many):
            with scratch() as folder:
                counts.append(self.do(counter_type(folder), programs, folder / "bus", count))
        few, many = counts
        operations = self.many - self.few
        names = sorted({*few, *many})
        costs = {name: Fraction(many[name] - few[name], operations) for name in names}
        return {name: cost for name, cost in costs.items() if cost != 0}


@contextlib.contextmanager
def scratch():
    """A folder whose name is always of one length."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-cost-", dir=counting.memory_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cost(form, clock_step_ns=0):
    def do(counter, programs, bus, count):
        command = [programs.bin / "ringside_cost", form, count, "--bus", bus]
        return counting.run(counter, command, programs.environment(clock_step_ns))

    return do


def python(form):
    def do(counter, programs, bus, count):
        command = [programs.python, "-B", "-s", HERE / "python_forms.py", form, count, bus]
        return counting.run(counter, command, programs.environment())

    return do


def pipe(counter, programs, bus, count):
    """From a file: how a pipe's bytes fall into reads is the writing program's doing."""
    lines = bus.with_name("lines.json")
    text = json.dumps({"body_type": "Embedding", "body": {"episode_id": "e1", "x": 0.5, "cluster": 4}})
    lines.write_text((text.ljust(127) + "\n") * count)
    command = [programs.bin / "ringside", "publish", "embedding", "--producer", "p", "--type", "embedding",
               "--capacity", "64KiB", "--bus", bus]
    with lines.open("rb") as source:
        return counting.run(counter, command, programs.environment(), stdin=source)


def fill(programs, bus, count):
    """A segment of that many records, and its epoch."""
    def ringside(*arguments):
        return subprocess.run(
            [programs.bin / "ringside", *arguments, "--bus", bus],
            env=programs.environment(), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout

    ringside("load", "events", "--producer", "p", "--count", str(count), "--size", "96", "--seed", "1",
             "--capacity", "4MiB")
    (segment,) = json.loads(ringside("ls", "--json"))
    if segment["next"] != count or segment["oldest"] != 0:
        raise Failed(f"a segment for the dashboard has {segment['oldest']} to {segment['next']}, not {count}")
    return segment["epoch"]


def served(counter, programs, bus, query, clients, runs, records):
    """Clients with one query, each of which has to get so many runs and records."""
    epoch = fill(programs, bus, RUN_RECORDS * RUNS)
    dashboard = streams.Dashboard(counter, programs, bus)
    try:
        for _ in range(clients):
            got = streams.stream(dashboard, query.format(epoch=epoch))
            if (got.runs, got.records) != (runs, records):
                raise Failed(f"{query}: {got.runs} runs with {got.records} records, not {runs} with {records}")
        return dashboard.end()
    finally:
        dashboard.abandon()


def replay(counter, programs, bus, count):
    """One client, which gets so many runs."""
    return served(counter, programs, bus, f"from=last:{RUN_RECORDS * count}", 1, count, RUN_RECORDS * count)


def upgrade(counter, programs, bus, count):
    return served(counter, programs, bus, f"from=last:{RUN_RECORDS}", count, 1, RUN_RECORDS)


def resume(counter, programs, bus, count):
    return served(counter, programs, bus, f"resume={{epoch}}:{RUN_RECORDS * RUNS - 10}", count, 1, 10)


# The few are a lap of the ring already, so that no page is touched for the first time.
FIGURES = [
    Figure("publish: raw writer", cost("publish"), 2_000, 6_000),
    Figure("publish: raw writer, claim and commit", cost("claim"), 2_000, 6_000),
    Figure("publish: raw writer, a reader sleeps", cost("wake"), 2_000, 3_000),
    Figure("publish: raw writer, a look at the file", cost("publish", LOOK_NS), 2_000, 3_000),
    Figure("publish: C++ Producer, verified", cost("verified"), 2_000, 4_000),
    Figure("publish: C++ point, built", cost("built"), 2_000, 4_000),
    Figure("publish: C++ batch of 1,000 points", cost("batches"), 40, 60),
    Figure("publish: C event, verified", cost("c-events"), 2_000, 4_000),
    Figure("publish: C point", cost("c-points"), 2_000, 4_000),
    Figure("publish: C columns of 1,000 points", cost("c-columns"), 40, 60),
    Figure("publish: Python event", python("events"), 1_000, 2_000, "python"),
    Figure("publish: Python columns of 1,000 points", python("columns"), 40, 60, "python"),
    Figure("publish: a line of JSON", pipe, PIPE_LINES, 3 * PIPE_LINES),
    Figure("reopen: a segment, for writing", cost("reopen"), 10, 60),
    Figure("attach: a segment, for reading", cost("attach"), 10, 60),
    Figure("replay: a run of 256 KiB", replay, 1, RUNS),
    Figure("upgrade, and its first run", upgrade, 2, 12),
    Figure("resume, 10 events behind", resume, 2, 12),
]
