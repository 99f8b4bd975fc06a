#!/usr/bin/env python3
"""Runs docs/producers.md as it stands, block after block, and checks what it put on the bus.

    run.py BUILD_FOLDER HAS_DUCKDB      0: the blocks that need DuckDB are left out

A block that names a file is written to it, another is run. Those that are marked `before` change the
machine of whoever reads the page: here they are done for a home folder that goes afterwards.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/producers.md"
RUN = {"sh": ["/bin/bash", "-eu"], "python": ["/usr/bin/python3", "-B"]}


def blocks():
    found = re.findall(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert len(found) == PAGE.read_text().count("\n```") / 2, "a block that is not understood"
    return found


def main(build, has_duckdb):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        home = pathlib.Path(place)
        prefix = home / "ringside"
        work = home / "work"
        work.mkdir()
        environment = dict(
            os.environ, HOME=place, RINGSIDE_BUS=str(home / "bus"),
            PATH=f"{prefix}/bin:{os.environ['PATH']}", PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig",
            PYTHONPATH=str(ROOT / "producer_shim/python"),
            RINGSIDE_LIBRARY=f"{prefix}/lib/libringside.so.0")  # fmt: skip
        # No compiler launcher or flags of the build's.
        for name in ("CXXFLAGS", "CFLAGS", "LDFLAGS", "LD_LIBRARY_PATH"):
            environment.pop(name, None)

        build = os.path.abspath(build)

        def run(*command, **more):
            done = subprocess.run(command, check=True, cwd=work, env=environment, text=True,
                                  stdout=subprocess.PIPE, **more)  # fmt: skip
            return done.stdout

        def events(name):
            return [json.loads(line)["event"]
                    for line in run("ringside", "tail", name, "--json").splitlines()]  # fmt: skip

        run("cmake", "--install", build, "--prefix", str(prefix))
        for language, name, text in blocks():
            if name == "before":
                continue
            if name == "feed" and has_duckdb == "0":
                print("built without DuckDB: the example of a saved fit is left out", flush=True)
            elif language in RUN:
                print(text, flush=True)
                run(*RUN[language], input=text)
            else:
                (work / name).write_text(text)

        if has_duckdb != "0":
            (cycle,) = events("embedding/from_file")
            assert len(cycle["body"]["points"]) == 70000
            assert (work / "knn_v1.json").exists()
        # The same event, whoever wrote it.
        first = None
        for producer in ("from_cpp", "from_c", "from_python", "from_pipe"):
            (found,) = events(f"embedding/{producer}")
            body = found["body"]
            body.pop("place", None)
            assert body["x"] == 0.5 and body["is_train"] is True, f"{producer}: {body}"
            first = first or body
            assert body == first, f"{producer}: {body} is not {first}"
        assert [one["sensor"] for one in events("readings/from_pipe")] == ["roof", "cellar"]
        assert events("readings/from_python")[0]["celsius"] == 21.5
        segments = json.loads(run("ringside", "ls", "--json"))
        ages = {one["producer"]: one["retain_age_s"] for one in segments if one["channel"] == "readings"}
        assert ages == {"from_pipe": 600, "from_python": 600}, ages
        run("ringside", "verify", *map(str, (home / "bus").glob("*/*.ring")))


if __name__ == "__main__":
    main(*sys.argv[1:])
