"""What is measured of each build. A side is one build's half of a contender: it has started all that it
needs when it is made, and each turn gives its figures."""

import subprocess

from .build import Missing
from .turns import Failed, Program

PYTHON = "/usr/bin/python3"


class Machine:
    """What both sides share: the CPUs, the measuring client, the files that both are given."""

    def __init__(self, cpus, client, node, parquet):
        self.server_cpu, self.client_cpu = cpus
        self.client = client
        self.node = node
        self.parquet = parquet


class Side:
    def __init__(self):
        self.programs = []

    def start(self, command, cpu, environment=None):
        try:
            program = Program(command, cpu, environment)
            self.programs.append(program)
            return program, program.ready()
        except Failed:
            self.close()
            raise

    def close(self):
        for program in reversed(self.programs):
            program.close()


class Alone(Side):
    """One program, on one CPU."""

    def __init__(self, machine, command, environment=None):
        super().__init__()
        self.program, _ = self.start(command, machine.client_cpu, environment)

    def turn(self):
        return self.program.turn()


class Replay(Side):
    def __init__(self, machine, build, folder, kind, count, mode):
        super().__init__()
        expected = f"{folder}/expected"
        _, served = self.start(
            [build.path("bin/ringside_bench"), "window", f"{folder}/bus", expected, kind, str(count), mode],
            machine.server_cpu)
        self.client, _ = self.start(
            [machine.client, "replay", str(served["port"]), served["target"], mode, expected], machine.client_cpu)

    def turn(self):
        return self.client.turn()


class Live(Side):
    WARM_UP = 50

    def __init__(self, machine, build, folder, rate, events):
        super().__init__()
        self.publisher, served = self.start(
            [build.path("bin/ringside_bench"), "live", f"{folder}/bus", str(rate), str(self.WARM_UP), str(events),
             str(machine.server_cpu)], machine.client_cpu)
        self.client, _ = self.start(
            [machine.client, "live", str(served["port"]), served["target"], str(self.WARM_UP), str(events)],
            machine.client_cpu)

    def turn(self):
        self.client.ask()
        self.client.answer()  # it is connected
        self.publisher.turn()
        return self.client.answer()


class Decode(Alone):
    """What the build's own dashboard sends, decoded by the build's own page."""

    def __init__(self, machine, build, folder, count):
        window = Program([build.path("bin/ringside_bench"), "window", f"{folder}/bus", f"{folder}/expected", "single",
                          str(count), "run"], machine.server_cpu)
        try:
            served = window.ready()
            saved = subprocess.run(
                [machine.client, "save", str(served["port"]), served["target"], f"{folder}/expected",
                 f"{folder}/messages"], capture_output=True, text=True, check=False)
            if saved.returncode != 0:
                raise Failed(saved.stderr.strip())
        finally:
            window.close()
        super().__init__(machine, [machine.node, build.path("bench/decode.mjs"), f"{folder}/messages", str(count)])


def _driver(subcommand, amount):
    return lambda machine, build, folder: Alone(
        machine, [build.path("bin/ringside_bench"), subcommand, f"{folder}/bus", str(amount)])


def _python(kind, amount):
    return lambda machine, build, folder: Alone(
        machine, [PYTHON, build.path("bench/publish.py"), kind, f"{folder}/bus", str(amount)], build.environment())


def _c(machine, build, folder):
    return Alone(machine, [build.path("bin/ringside_bench_c"), f"{folder}/bus", "100000"])


def _feed(machine, build, folder):
    build.path("bin/ringside-feed")
    if machine.parquet is None:
        raise Missing("no Parquet file to feed: name one with --parquet (./run.sh saves data/processed/knn_v1.parquet)")
    return Alone(machine, [build.path("bin/ringside_bench"), "feed", f"{folder}/bus", machine.parquet])


def _replay(kind, count, mode):
    return lambda machine, build, folder: Replay(machine, build, folder, kind, count, mode)


def _live(rate, events):
    return lambda machine, build, folder: Live(machine, build, folder, rate, events)


def _decode(machine, build, folder):
    if machine.node is None:
        raise Missing("node is not in PATH; install nodejs (scripts/install.sh does)")
    return Decode(machine, build, folder, 150_000)


CONTENDERS = {
    "publish-raw": _driver("publish-raw", 200_000),
    "publish-producer": _driver("publish-producer", 100_000),
    "publish-c": _c,
    "publish-python-event": _python("event", 20_000),
    "publish-python-columns": _python("columns", 150_000),
    "publish-pipe": _driver("publish-pipe", 20_000),
    "attach": _driver("attach", 50),
    "reopen": _driver("reopen", 50),
    **{f"replay-{mode}-{name}": _replay(kind, count, mode)
       for mode in ("run", "event", "json")
       for name, kind, count in (("2000", "single", 2_000), ("150000", "single", 150_000), ("batch", "batch", 20_000))},
    "live-1000": _live(1_000, 1_000),
    "live-50000": _live(50_000, 20_000),
    "feed": _feed,
    "decode": _decode,
}
