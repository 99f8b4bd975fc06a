#!/usr/bin/env python3
"""Runs the examples of docs/producers.md as they stand, and checks what they put on the bus.

    run.py --extract FOLDER        writes them to files, for the compilers
    run.py --run FOLDER            runs them: RINGSIDE_BIN has the programs, FOLDER/bin the compiled ones
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NAMES = {"cpp": "example.cpp", "c": "example.c", "python": "example.py", "sh": "example.sh",
         "fbs": "reading.fbs", "feed": "feed.sh"}  # fmt: skip


def extract(folder):
    folder.mkdir(parents=True, exist_ok=True)
    page = (ROOT / "docs/producers.md").read_text()
    for language, text in re.findall(r"^```(\w+)[^\n]*\n(.*?)^```$", page, re.M | re.S):
        path = folder / NAMES[language]
        # A compiler should not run again for nothing.
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def events(bus, name):
    tail = subprocess.run([tool("ringside"), "--bus", bus, "tail", name, "--json"], check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    return [json.loads(line)["event"] for line in tail.stdout.splitlines()]


def tool(name):
    return str(pathlib.Path(os.environ["RINGSIDE_BIN"]) / name)


def run(folder):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        work = pathlib.Path(place)
        for name in NAMES.values():
            if (folder / name).exists():
                shutil.copy(folder / name, work)
        shutil.copy(ROOT / "schemas/event.fbs", work)
        bus = str(work / "bus")
        environment = dict(os.environ, RINGSIDE_BUS=bus,
                           PATH=os.environ["RINGSIDE_BIN"] + ":" + os.environ["PATH"],
                           PYTHONPATH=str(ROOT / "producer_shim/python"))  # fmt: skip

        def step(*command):
            print("running", *command, flush=True)
            subprocess.run(command, check=True, cwd=work, env=environment)

        step("flatc", "--binary", "--schema", "reading.fbs")
        step(str(folder / "bin/example_cpp"))
        step(str(folder / "bin/example_c"))
        step("/usr/bin/python3", "-B", "example.py")
        step("/bin/sh", "-e", "example.sh")

        if os.environ["HAS_DUCKDB"] == "0":
            print("built without DuckDB: the example of a saved fit is left out", flush=True)
        else:
            step("/bin/sh", "-e", "feed.sh")
            (cycle,) = events(bus, "embedding/from_file")
            assert len(cycle["body"]["points"]) == 70000
            assert (work / "knn_v1.json").exists()

        # The same event, whoever wrote it.
        first = None
        for producer in ("from_cpp", "from_c", "from_python", "from_pipe"):
            found = events(bus, f"embedding/{producer}")
            assert len(found) == 1, f"{producer}: {len(found)} events"
            body = found[0]["body"]
            body.pop("place", None)
            assert body["x"] == 0.5 and body["is_train"] is True, f"{producer}: {body}"
            first = first or body
            assert body == first, f"{producer}: {body} is not {first}"
        assert [one["sensor"] for one in events(bus, "readings/from_pipe")] == ["roof", "cellar"]
        assert events(bus, "readings/from_python")[0]["celsius"] == 21.5
        listed = subprocess.run([tool("ringside"), "--bus", bus, "ls", "--json"], check=True,
                                stdout=subprocess.PIPE)  # fmt: skip
        ages = {one["producer"]: one["retain_age_s"] for one in json.loads(listed.stdout)
                if one["channel"] == "readings"}  # fmt: skip
        assert ages == {"from_pipe": 600, "from_python": 600}, ages
        subprocess.run([tool("ringside"), "--bus", bus, "verify",
                        *map(str, pathlib.Path(bus).glob("*/*.ring"))], check=True)  # fmt: skip


if __name__ == "__main__":
    {"--extract": extract, "--run": run}[sys.argv[1]](pathlib.Path(sys.argv[2]))
