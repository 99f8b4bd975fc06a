"""The command line of bench/compare."""

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

from . import campaign, surroundings
from .build import Build, Missing
from .contenders import CONTENDERS, Machine
from .statistics import floor_of, ratio_interval, verdict
from .turns import Failed

DEFAULT_PAIRS = 30
FEWEST_PAIRS = 6
SOURCES = Path(__file__).resolve().parents[2]

EPILOG = f"""\
A build is a release build folder with the target ringside_benches, of any commit that has bench/compare; it may be a
copy. A verdict is never finer than the noise floor, which an old-against-old run beside it shows
(docs/performance.md). Contenders: {", ".join(CONTENDERS)}.
Exit status: 0 done, whatever the verdicts; 1 a contender failed or is missing; 2 not understood."""


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="compare", usage="compare [options] OLD_BUILD NEW_BUILD\n       compare [options] --floor RUNS BUILD",
        description="Compares two builds of ringside, pair by pair in one run on pinned CPUs.", epilog=EPILOG)
    parser.add_argument("builds", nargs="+", metavar="BUILD", help="a build folder, such as build/release")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="a contender, or the beginning of some; repeatable")
    parser.add_argument("--pairs", type=int, default=DEFAULT_PAIRS, metavar="N",
                        help=f"pairs of each contender (default: {DEFAULT_PAIRS})")
    parser.add_argument("--floor", type=int, metavar="RUNS",
                        help="compare BUILD with itself RUNS times, and print the table of noise floors")
    parser.add_argument("--cpus", default="0,1", metavar="SERVER,CLIENT", help="the CPUs to run on (default: 0,1)")
    parser.add_argument("--json", metavar="FILE", help="where all samples go (default: compare-TIME.json)")
    parser.add_argument("--parquet", metavar="FILE",
                        help="what to feed (default: data/processed/knn_v1.parquet of these sources)")
    given = parser.parse_args(arguments)
    if given.pairs < FEWEST_PAIRS:
        parser.error(f"--pairs {given.pairs}: an interval needs {FEWEST_PAIRS} or more")
    if given.floor is not None and given.floor < 1:
        parser.error(f"--floor {given.floor}: at least one run")
    wanted = 2 if given.floor is None else 1
    if len(given.builds) != wanted:
        parser.error(f"{len(given.builds)} builds given where {wanted} are due")
    given.names = [name for name in CONTENDERS if given.only is None or any(name.startswith(one) for one in given.only)]
    for one in given.only or []:
        if not any(name.startswith(one) for name in CONTENDERS):
            parser.error(f"--only {one}: no such contender; there are {', '.join(CONTENDERS)}")
    try:
        given.cpus = [int(cpu) for cpu in given.cpus.split(",")]
    except ValueError:
        given.cpus = []
    if len(given.cpus) != 2 or not set(given.cpus) <= os.sched_getaffinity(0):
        parser.error("--cpus takes two CPUs of this machine, such as 0,1")
    return given


def find_parquet(given):
    path = Path(given.parquet) if given.parquet else SOURCES / "data/processed/knn_v1.parquet"
    if given.parquet and not path.exists():
        raise Missing(f"{path} is missing")
    return str(path.resolve()) if path.exists() else None


def print_facts(builds, facts):
    print(f"{facts['cpu']}, {facts['cpus']} CPUs, Linux {facts['kernel']}, Python {facts['python']}")
    for label, build in builds:
        print(f"{label}: {build.commit} in {build.folder}")


def print_load(load):
    print(f"load {load['load_before']:.1f} before and {load['load_after']:.1f} after; "
          f"{load['busy_percent']:.0f} % busy, "
          f"{load['steal_percent']:.1f} % stolen by the host")


def figures_of(rounds):
    return list(next(iter(rounds[0]["figures"].values())))


def median_of(rounds, label, figure):
    return statistics.median(one["figures"][label][figure] for one in rounds)


def compare(machine, builds, given, record):
    (_, old), _ = builds
    print(f"{'figure':<32}{'old':>11}{'new':>11}{'new/old':>9}{'95 % interval':>18}{'floor':>8}  verdict")
    failures = 0
    for name in given.names:
        try:
            rounds = campaign.measure(name, machine, [*builds, ("old-again", old)], given.pairs, "/dev/shm")
        except (Missing, Failed) as error:
            failures += report_failure(name, error, record)
            continue
        record["samples"][name] = rounds
        for figure in figures_of(rounds):
            found = ratio_interval(campaign.pairs_of(rounds, figure, "old", "new"))
            null = ratio_interval(campaign.pairs_of(rounds, figure, "old", "old-again"))
            said = verdict(found, floor_of(null))
            old_median, new_median = (median_of(rounds, label, figure) for label in ("old", "new"))
            print(f"{name + ' ' + figure:<32}{old_median:>11.3f}{new_median:>11.3f}{found['ratio']:>9.3f}"
                  f"{found['low']:>10.3f}{found['high']:>8.3f}{100 * (floor_of(null) - 1):>7.1f}%  {said}", flush=True)
            record["figures"][f"{name} {figure}"] = {
                **found, "old_against_old": null, "floor": floor_of(null), "verdict": said}
    return failures


def find_floors(machine, builds, given, record):
    """Each run compares the build with itself; the floor of a figure is the worst that any of them saw."""
    runs = {}
    failures = 0
    for name in given.names:
        for run in range(given.floor):
            try:
                rounds = campaign.measure(name, machine, builds, given.pairs, "/dev/shm")
            except (Missing, Failed) as error:
                failures += report_failure(name, error, record)
                break
            record["samples"][f"{name} {run + 1}"] = rounds
            for figure in figures_of(rounds):
                found = ratio_interval(campaign.pairs_of(rounds, figure, "old", "new"))
                found["median"] = median_of(rounds, "old", figure)
                runs.setdefault(f"{name} {figure}", []).append(found)
    print("\n| figure | median | new/old of each run | noise floor |\n| --- | --- | --- | --- |")
    for figure, found in runs.items():
        floor = max(floor_of(one) for one in found)
        record["figures"][figure] = {"runs": found, "floor": floor}
        print(f"| {figure} | {statistics.median(one['median'] for one in found):.4g} "
              f"| {', '.join(format(one['ratio'], '.3f') for one in found)} | {100 * (floor - 1):.1f} % |")
    print()
    return failures


def report_failure(name, error, record):
    campaign.end_progress()
    print(f"compare: {name}: {error}", file=sys.stderr, flush=True)
    record["failures"][name] = str(error)
    return 1


def run(given):
    labels = ["old", "new"]
    folders = given.builds if given.floor is None else given.builds * 2
    builds = [(label, Build(folder)) for label, folder in zip(labels, folders)]
    client = builds[-1][1].path("bin/bench_client")
    machine = Machine(given.cpus, client, shutil.which("node"), find_parquet(given))
    facts = surroundings.describe()
    record = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": facts, "pairs": given.pairs, "cpus": given.cpus,
              "builds": {label: {"folder": str(build.folder), "commit": build.commit} for label, build in builds},
              "figures": {}, "failures": {}, "samples": {}}
    path = Path(given.json or time.strftime("compare-%Y%m%d-%H%M%S.json"))
    load = surroundings.Load()
    print_facts(builds, facts)
    try:
        failures = (compare if given.floor is None else find_floors)(machine, builds, given, record)
    finally:
        record["load"] = load.so_far()
        path.write_text(json.dumps(record) + "\n")
    print_load(record["load"])
    print(f"all samples: {path}")
    return 1 if failures else 0


def main(arguments=None):
    given = parse(arguments)
    try:
        return run(given)
    except (Missing, Failed, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        campaign.end_progress()
        print("compare: interrupted", file=sys.stderr)
        return 130
