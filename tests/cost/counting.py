"""Counts what a program does: the instructions of its main thread by callgrind, its system calls by strace.

Nothing here depends on a clock or on the processor: fixed_machine.cpp is preloaded, and the C library is told
which of its functions to take.
"""

import os
import pathlib
import re
import signal
import subprocess
from collections import Counter

# The C library's plainest functions that every x86-64 has, and where its copies change their ways.
TUNABLES = ":".join(
    [
        "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-ERMS,-FSRM",
        "glibc.cpu.x86_non_temporal_threshold=0xc0000",
        "glibc.cpu.x86_rep_movsb_threshold=0x800",
        "glibc.malloc.arena_max=1",
    ]
)


class Failed(Exception):
    """One line for whoever runs the guard."""


class Programs:
    """Where the programs of a build are, and the environment that all of them get."""

    def __init__(self, build, source, python):
        self.bin = pathlib.Path(build) / "bin"
        self.preload = pathlib.Path(build) / "tests/cost/libringside_fixed_machine.so"
        self.python = python
        # The loader would only warn, and the clocks would run.
        if not self.preload.exists():
            raise Failed(f"there is no {self.preload}; build the target ringside_fixed_machine")
        self._source = source
        self._library = pathlib.Path(build) / "lib/libringside.so"

    def environment(self, clock_step_ns=0):
        """Nothing of the caller's: its size moves the stack."""
        return {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "LD_PRELOAD": str(self.preload),
            "GLIBC_TUNABLES": TUNABLES,
            "COST_CLOCK_STEP_NS": str(clock_step_ns),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self._source / "producer_shim/python"),
            "RINGSIDE_LIBRARY": str(self._library),
            "OPENBLAS_NUM_THREADS": "1",
        }


class Instructions:
    """Under valgrind, which also lays out all addresses, so that they are not random."""

    # How a program that does not end by itself is ended: callgrind writes its file at exit.
    ending = signal.SIGTERM

    def __init__(self, folder):
        self._file = folder / "callgrind.out"

    def command(self, command, environment):
        valgrind = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            "--separate-threads=yes",
            f"--callgrind-out-file={self._file}",
        ]
        return [*valgrind, *command], environment

    def result(self):
        """Of the first thread alone: others wait for what the clock brings."""
        main = pathlib.Path(f"{self._file}-01")
        text = main.read_text() if main.exists() else ""
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
        if total is None:
            raise Failed("callgrind has written no total; is valgrind installed?")
        return Counter(instructions=int(total[1]))


class SystemCalls:
    """Under strace, the main thread alone."""

    ending = signal.SIGKILL

    def __init__(self, folder):
        self._file = folder / "strace.out"

    def command(self, command, environment):
        strace = ["strace", "-c", "-U", "name,calls", "-o", str(self._file)]
        # strace itself keeps the machine as it is.
        for name, value in environment.items():
            strace += ["-E", f"{name}={value}"]
        return [*strace, *command], {"PATH": environment["PATH"]}

    def result(self):
        text = self._file.read_text() if self._file.exists() else ""
        rows = re.findall(r"^(\w+)\s+(\d+)$", text, re.MULTILINE)
        counts = Counter({name: int(calls) for name, calls in rows if name != "total"})
        if not counts:
            raise Failed("strace has written no counts; is it installed, and may it trace here?")
        return counts


def run(counter, command, environment, stdin=subprocess.DEVNULL):
    """Runs a program to its end, and returns what it did."""
    command, environment = counter.command([str(word) for word in command], environment)
    done = subprocess.run(
        command, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}: {done.stdout.strip()}")
    return counter.result()


def run_text(*command):
    """What a program prints."""
    command = [str(word) for word in command]
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
    except OSError as error:
        raise Failed(f"cannot run {command[0]}: {error.strerror}; scripts/install.sh --tests installs it") from None
    except subprocess.CalledProcessError as error:
        raise Failed(f"{' '.join(command)} ended with {error.returncode}: {error.stderr.strip()}") from None


def memory_folder():
    """Where buses are put: in memory, as they should be."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
