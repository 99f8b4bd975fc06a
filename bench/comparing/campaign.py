"""Runs contenders: sides take turns, so that each old turn has a new one beside it in time."""

import os
import shutil
import sys
import tempfile
import time

from .contenders import CONTENDERS

TURNS_OF_A_GROUP = 3


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    else:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def end_progress():
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def measure(name, machine, builds, pairs, scratch):
    """Samples of one contender: a list of rounds, each with its group, its order and the figures of every
    side. `builds` are (label, Build). Processes are started anew every few rounds, since two starts of one
    program differ by where its memory lies; the order of the sides turns from round to round."""
    rounds = []
    group = 0
    while len(rounds) < pairs:
        group += 1
        folder = tempfile.mkdtemp(prefix="ringside-compare-", dir=scratch)
        sides = {}
        try:
            for label, build in _rotated(builds, group):
                own = f"{folder}/{label}"
                os.mkdir(own)
                sides[label] = CONTENDERS[name](machine, build, own)
            for label, _ in builds:
                sides[label].turn()  # touches what was not touched
            for _ in range(min(TURNS_OF_A_GROUP, pairs - len(rounds))):
                order = [label for label, _ in _rotated(builds, len(rounds))]
                figures = {}
                for label in order:
                    figures[label] = sides[label].turn()
                rounds.append({"group": group, "order": order, "at": time.time(), "figures": figures})
                progress(f"{name}: pair {len(rounds)} of {pairs}")
        finally:
            for side in sides.values():
                side.close()
            shutil.rmtree(folder, ignore_errors=True)
    end_progress()
    return rounds


def _rotated(builds, by):
    by %= len(builds)
    return builds[by:] + builds[:by]


def pairs_of(rounds, figure, first, second):
    return [(one["group"], one["figures"][first][figure], one["figures"][second][figure]) for one in rounds]
