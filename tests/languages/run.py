#!/usr/bin/env python3
"""Points written in each language are read in each, and are equal to the bit.

    run.py TOOLS      the folder of points_cpp, points_c and read_points.mjs; RINGSIDE_BIN has ours

Every writer publishes points.tsv, one event a point and all in one batch; every reader prints what
it finds, in the same form, and that must be the same file.
"""
import asyncio
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
sys.path.insert(0, str(HERE))
from points import NAMES, line_of  # noqa: E402
from programs import Dashboard, new_bus, program, remove  # noqa: E402

POINTS = (HERE / "points.tsv").read_bytes()
CYCLE = str(2**53 + 1)  # no double
PYTHON = ["/usr/bin/python3", "-B", str(HERE / "points.py")]


def run(*command, given=None):
    return subprocess.run(command, input=given, check=True, stdout=subprocess.PIPE, timeout=60).stdout


def write(bus, tools):
    """The producers' names, each having published all points."""
    producers = []
    for how in ("one", "all"):
        for language, program_and_more in {
            "cpp": [str(tools / "points_cpp"), "write"],
            "c": [str(tools / "points_c")],
            "python": [*PYTHON, "write"],
        }.items():
            producers.append(f"{language}_{how}")
            run(*program_and_more, bus, producers[-1], CYCLE, how, given=POINTS)
    producers.append("pipe_one")
    lines = run(*PYTHON, "lines", CYCLE, given=POINTS)
    run(program("ringside"), "--bus", bus, "publish", "embedding", "--producer", producers[-1],
        "--capacity", "1MiB", "--schema", str(HERE.parent.parent / "schemas/event.fbs"),
        given=lines)  # fmt: skip
    return producers


def read_json(bus, producer):
    """Of `ringside tail --json`. Also where the points stand in their cycle, which no other tells."""
    tail = run(program("ringside"), "--bus", bus, "tail", f"embedding/{producer}", "--json")
    bodies = [json.loads(line)["event"]["body"] for line in tail.splitlines()]
    if producer.endswith("_one"):
        points = bodies
    else:
        (batch,) = bodies
        points = [
            {**point, "episode_id": batch["episodes"][point["episode"]],
             "host_id": batch["hosts"][point["host"]],
             "profile": batch["profiles"][point["profile"]]} for point in batch["points"]]  # fmt: skip
    total = len(POINTS.splitlines())
    places = [body["slot"] for body in bodies]
    expected = [{"cycle": CYCLE, "index": i, "total": total} for i in range(len(bodies))]
    for place in places:
        place["cycle"] = str(place["cycle"])
    assert places == expected, f"{producer}: {places}"
    return "".join(line_of({name: point[name] for name in NAMES}) + "\n" for point in points).encode()


async def read_page(dashboard, tools, producer):
    node = await asyncio.create_subprocess_exec(
        os.environ["NODE"], str(tools / "read_points.mjs"), dashboard.origin, producer,
        stdout=subprocess.PIPE)  # fmt: skip
    printed, _ = await asyncio.wait_for(node.communicate(), 60)
    assert node.returncode == 0, f"read_points.mjs ended with {node.returncode}"
    return printed


async def check(bus, tools):
    producers = write(bus, tools)
    dashboard = await Dashboard.start(bus)
    try:
        for producer in producers:
            for reader, found in {
                "C++": run(str(tools / "points_cpp"), "read", bus, producer),
                "Python": run(*PYTHON, "read", bus, producer),
                "tail --json": read_json(bus, producer),
                "TypeScript": await read_page(dashboard, tools, producer),
            }.items():
                assert found == POINTS, (
                    f"{reader} read of {producer}:\n{found.decode(errors='replace')}\n"
                    f"and not:\n{POINTS.decode()}")  # fmt: skip
            print(f"{producer}: equal in C++, Python, tail --json and TypeScript", flush=True)
    finally:
        await dashboard.stop()
    segments = sorted(map(str, pathlib.Path(bus).glob("*/*.ring")))
    assert len(segments) == len(producers), segments
    run(program("ringside"), "--bus", bus, "verify", *segments)


if __name__ == "__main__":
    place = new_bus()
    try:
        asyncio.run(check(place, pathlib.Path(sys.argv[1])))
    finally:
        remove(place)
