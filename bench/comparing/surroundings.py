"""The machine that a run was on: a ratio means little to who does not know how busy it was."""

import os
import platform
from pathlib import Path


def _model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe():
    return {"cpu": _model(), "cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}


class Load:
    """How busy the machine was, and how much of its time the host took, since this was made."""

    def __init__(self):
        self.before = self._ticks()
        self.load_before = os.getloadavg()[0]

    @staticmethod
    def _ticks():
        return [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]

    def so_far(self):
        ticks = [now - then for now, then in zip(self._ticks(), self.before)]
        total = sum(ticks) or 1
        idle = ticks[3] + ticks[4]
        return {"load_before": self.load_before, "load_after": os.getloadavg()[0],
                "busy_percent": 100 * (total - idle) / total, "steal_percent": 100 * ticks[7] / total}
