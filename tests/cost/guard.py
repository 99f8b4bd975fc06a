#!/usr/bin/env python3
"""Counts what operations cost, in instructions and system calls, and compares with tests/cost/costs.txt.

Exit status: 0 all as it was; 1 a figure moved, or could not be counted; 2 not understood; 77 nothing moved,
but instructions could not be compared, because other tools made or counted them than those of the table, or
nothing could be counted, because this machine lets nobody trace a program.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from counting import Failed, Instructions, Programs, SystemCalls, run_text
from figures import FIGURES
from table import Table, print_calls

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLE = HERE / "costs.txt"
ACCEPT = "cmake --build --preset release --target ringside_cost_accept"
# Of instructions; system calls are compared exactly.
TOLERANCE = 0.01
# Counts of a figure before it is said to have moved.
ATTEMPTS = 3
SKIPPED = 77


def say(line):
    print(f"guard.py: {line}", flush=True)


def first_line(*command):
    return run_text(*command).splitlines()[0]


def compiler_and_flags(build):
    """Those of the bus, as CMake has written them down."""
    path = pathlib.Path(build) / "compile_commands.json"
    entries = json.loads(path.read_text())
    commands = [entry["command"] for entry in entries if entry["file"] == str(ROOT / "bus/writer.cpp")]
    if not commands:
        raise Failed(f"{path} has no bus/writer.cpp; configure with cmake --preset release")
    words = shlex.split(commands[0])
    flags = re.compile(r"-([fgmOU]|std=|D(NDEBUG|_FORTIFY))")
    compiler = next(word for word in words if not word.endswith("ccache"))
    return compiler, " ".join(word for word in words if flags.match(word))


def tools(options, programs):
    """What else than our sources decides how many instructions are run."""
    compiler, flags = compiler_and_flags(options.build)
    processor = ["valgrind", "-q", "--tool=none", programs.bin / "ringside_cost", "processor"]
    versions = "import sys, numpy; print(sys.version.split()[0] + ', NumPy ' + numpy.__version__)"
    return {
        "compiler": first_line(compiler, "--version"),
        "flags": flags,
        "libc": first_line("ldd", "--version"),
        "isa-l": run_text("dpkg-query", "--show", "--showformat", "${Version}", "libisal2"),
        "valgrind": first_line("valgrind", "--version"),
        "processor": first_line(*processor),
        "python": first_line(options.python, "-c", versions),
    }


def measure(counter_type, programs, figures, is_settled):
    """Costs by figure, counted again until they are settled, but not for ever: now and then the kernel takes
    less of a run than its socket has room for. Counts do not care for company, so all processors are used."""

    def count(figure):
        for _ in range(ATTEMPTS):
            costs = figure.measure(counter_type, programs)
            if is_settled(figure.name, costs):
                break
        return figure.name, costs

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(pool.map(count, figures))


def compare_calls(programs, figures, table):
    """What moved, a line each."""

    def as_before(name, costs):
        return costs == table.calls[name]

    for name, now in measure(SystemCalls, programs, figures, as_before).items():
        before = table.calls[name]
        changes = [
            f"{call} {now.get(call, 0)} instead of {before.get(call, 0)}"
            for call in sorted({*now, *before})
            if now.get(call, 0) != before.get(call, 0)
        ]
        if changes:
            yield f"{name}: system calls an operation: {', '.join(changes)} (now all in all: {print_calls(now)})"


def compare_instructions(programs, figures, table):
    """What moved, a line each. Says how far everything is from the table."""

    def share(name, costs):
        return float(costs["instructions"] / table.instructions[name]) - 1

    def within(name, costs):
        return abs(share(name, costs)) <= TOLERANCE

    for name, costs in measure(Instructions, programs, figures, within).items():
        now, before = float(costs["instructions"]), float(table.instructions[name])
        moved = share(name, costs)
        say(f"{name}: {now:,.1f} instructions, {moved:+.3%}")
        if not within(name, costs):
            yield (
                f"{name}: {now:,.1f} instructions an operation instead of {before:,.1f}: "
                f"{abs(moved):.1%} {'more' if moved > 0 else 'less'}, and {TOLERANCE:.0%} is allowed"
            )


def comparable_figures(options, programs, figures, table):
    """Those whose instructions the same tools made and counted as in the table."""
    here = tools(options, programs)
    differing = {name for name in here if here[name] != table.tools.get(name)}
    for name in sorted(differing):
        say(f"NOT THE SAME {name}: {here[name]!r} here, {table.tools.get(name)!r} in {TABLE.name}")
    return [figure for figure in figures if not differing - ({"python"} - {figure.needs})]


def check(options, programs, table):
    known = {figure.name for figure in FIGURES}
    moved = [f"{name}: it is in {TABLE.name}, and no figure any more" for name in table.calls if name not in known]
    moved += [f"{name}: it is not in {TABLE.name} yet" for name in known if name not in table.calls]
    figures = [figure for figure in FIGURES if options.only in figure.name and figure.name in table.calls]
    skipped = []
    if options.what != "instructions":
        moved += compare_calls(programs, figures, table)
    if options.what != "calls":
        counted = comparable_figures(options, programs, figures, table)
        skipped = [figure.name for figure in figures if figure not in counted]
        moved += compare_instructions(programs, counted, table)
    for line in moved:
        say(f"MOVED {line}")
    if moved:
        say(f"{len(moved)} moved. If that is meant: {ACCEPT}, and commit {TABLE.relative_to(ROOT)} with the reason")
        return 1
    if skipped:
        say(
            f"SKIPPED the instructions of {len(skipped)} of {len(figures)} figures: other tools than those of "
            f"{TABLE.name} made or counted them (above). System calls are compared all the same. To have a table "
            f"of this machine: {ACCEPT}"
        )
        return SKIPPED
    say(f"{len(figures)} figures, none moved")
    return 0


def accept(options, programs):
    seen = {}

    def is_twice_the_same(name, costs):
        before, seen[name] = seen.get(name), costs
        return costs == before

    calls = measure(SystemCalls, programs, FIGURES, is_twice_the_same)
    counted = measure(Instructions, programs, FIGURES, lambda name, costs: True)
    instructions = {name: costs["instructions"] for name, costs in counted.items()}
    Table(tools(options, programs), instructions, calls).write(TABLE)
    say(f"{TABLE.relative_to(ROOT)} is rewritten: {len(FIGURES)} figures; git diff shows what moved")
    return 0


def why_not_traced():
    """Why this user may not trace a program here, as in some containers; or nothing."""
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], stderr=subprocess.PIPE, text=True)
    if tried.returncode != 0:
        return tried.stderr.strip()
    return "" if os.access("/proc/self/syscall", os.R_OK) else "there is no /proc/self/syscall"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/release", help="the build (default: %(default)s)")
    parser.add_argument("--python", default="/usr/bin/python3", help="with NumPy (default: %(default)s)")
    parser.add_argument("--what", choices=["calls", "instructions"], help="to compare (default: both)")
    parser.add_argument("--only", default="", metavar="TEXT", help="figures whose name has this in it")
    parser.add_argument("--accept", action="store_true", help="rewrite the table instead")
    options = parser.parse_args()
    if platform.machine() != "x86_64":
        say(f"SKIPPED: {TABLE.name} is of x86-64, and this is {platform.machine()}")
        return SKIPPED
    try:
        if why := why_not_traced():
            say(f"SKIPPED: nothing can be counted here: {why}")
            return SKIPPED
        programs = Programs(options.build, ROOT, options.python)
        return accept(options, programs) if options.accept else check(options, programs, Table.read(TABLE))
    except (Failed, OSError, subprocess.SubprocessError) as failure:
        say(str(failure))
        return 1


if __name__ == "__main__":
    sys.exit(main())
