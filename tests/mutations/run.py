#!/usr/bin/env python3
"""Reverses one step of the protocol at a time and requires that a test fails.

    tests/mutations/run.py [--jobs N] [--check] [NAME...]

Works on a copy of the tree. For each mutation of mutations.txt (or those named) it builds the tests and the
campaigns of the bus and runs them until one fails. Prints which one, and exits with 1 if a mutation
survives. Takes about a minute each. What no run on this processor can show, because its memory is
stronger than the language's, is marked `model`: there tests/model must have a mutation that fails.
`--check` only looks whether each mutation still finds its steps.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
JUDGES = [
    ("campaign step", ["ringside_campaign", "step", "--brief", "--states", "80000", "--seed", "1"]),
    ("bus tests", ["ringside_bus_tests", "--abort"]),
    ("campaign power", ["ringside_campaign", "power", "--images", "2000", "--seed", "1"]),
    ("campaign kill", ["ringside_campaign", "kill", "--kills", "300", "--seed", "1"]),
]


def read_mutations():
    """(name, file or None for the model, what is done or the macros)."""
    mutations = []
    for block in (HERE / "mutations.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        name, where, *done = lines
        if where.startswith("model "):
            mutations.append((name, None, where.split()[1:]))
        else:
            mutations.append((name, where.removeprefix("in "), done[0]))
    return mutations


def find_step(text, step):
    """Where the statement of a step begins and ends: at the first semicolon outside of parentheses."""
    label = f"// step: {step}\n"
    if text.count(label) != 1:
        raise ValueError(f"there are {text.count(label)} steps called {step}")
    start = text.index(label) + len(label)
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "({":
            depth += 1
        elif text[at] in ")}":
            depth -= 1
        elif text[at] == ";" and depth == 0:
            return start, at + 1
    raise ValueError(f"step {step} has no end")


def mutate(text, done):
    words = done.split(" ")
    verb, step = (words[0], words[1])
    start, end = find_step(text, step)
    statement = text[start:end]
    if verb == "in":
        new, _, old = done.removeprefix(f"in {step} write ").rpartition(" for ")
        if statement.count(old) < 1:
            raise ValueError(f"step {step} has no {old}")
        return text[:start] + statement.replace(old, new, 1) + text[end:]
    if verb == "drop":
        return text[:start] + text[end:]
    side, other = words[2], words[3]
    to_start, to_end = find_step(text, other)
    to = to_start if side == "before" else to_end
    pieces = [(to, to, statement + "\n")]
    if verb == "move":
        pieces.append((start, end, ""))
    for from_, until, new in sorted(pieces, reverse=True):
        text = text[:from_] + new + text[until:]
    return text


def build(tree, jobs):
    return subprocess.run(["ninja", "-C", tree / "build", f"-j{jobs}", "ringside_bus_tests",
                           "ringside_campaign"], stdout=subprocess.DEVNULL).returncode == 0


def first_failure(tree):
    for name, command in JUDGES:
        try:
            done = subprocess.run([tree / "build/bin" / command[0], *command[1:]], timeout=180,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode != 0:
                return name
        except subprocess.TimeoutExpired:
            return f"{name} (hangs)"
    return None


def mutated(name, text, done):
    try:
        return mutate(text, done)
    except (ValueError, IndexError) as error:
        sys.exit(f"run.py: {name}: {error}; mend mutations.txt")


def judge(tree, mutation, jobs):
    name, file, done = mutation
    if file is None:
        text = (ROOT / "tests/model/run.sh").read_text()
        missing = [macro for macro in done if macro not in text]
        return None if missing else "model: " + ", ".join(done)
    path = tree / file
    text = path.read_text()
    path.write_text(mutated(name, text, done))
    try:
        if not build(tree, jobs):
            sys.exit(f"run.py: {name} does not build; mend mutations.txt")
        return first_failure(tree)
    finally:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--check", action="store_true", help="only whether each mutation finds its steps")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    mutations = [m for m in read_mutations() if not arguments.names or m[0] in arguments.names]
    if not mutations:
        sys.exit("run.py: no such mutation; see tests/mutations/mutations.txt")
    if arguments.check:
        for name, file, done in mutations:
            if file is not None:
                mutated(name, (ROOT / file).read_text(), done)
        print(f"{len(mutations)} mutations, and each finds its steps")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        tree = pathlib.Path(temporary) / "tree"
        files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True,
                               text=True).stdout.split("\n")
        for file in filter(None, files):
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / file).exists():
                shutil.copy2(ROOT / file, tree / file)
        subprocess.run(["cmake", "--preset", "release", "-B", tree / "build", "-S", tree,
                        "-DRINGSIDE_WEB=OFF", "-DRINGSIDE_WARNINGS="], cwd=tree, check=True, stdout=subprocess.DEVNULL)
        if not build(tree, arguments.jobs):
            sys.exit("run.py: the tree does not build; its messages are above")
        if failed := first_failure(tree):
            sys.exit(f"run.py: {failed} fails without any mutation; mend that first")
        survivors = 0
        for mutation in mutations:
            start = time.monotonic()
            caught = judge(tree, mutation, arguments.jobs)
            survivors += caught is None
            print(f"{mutation[0]:44} {caught or 'SURVIVES':40} {time.monotonic() - start:5.0f} s",
                  flush=True)
    print(f"{len(mutations)} mutations, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
