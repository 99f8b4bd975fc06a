"""The programs under test, as a user runs them: found in RINGSIDE_BIN."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

START_LIMIT_S = 15
STOP_LIMIT_S = 10
# A bus of these tests takes some 70 MB; a container's /dev/shm is often smaller.
BUS_BYTES = 200e6


def program(name):
    folder = os.environ.get("RINGSIDE_BIN")
    if not folder:
        raise RuntimeError("RINGSIDE_BIN is not set: name the folder of the built programs")
    return os.path.join(folder, name)


def new_bus():
    """A bus of its own, in memory where there is room; has to be removed with `remove`."""
    memory = "/dev/shm"
    roomy = os.path.isdir(memory) and shutil.disk_usage(memory).free > BUS_BYTES
    return tempfile.mkdtemp(prefix="ringside-clients-", dir=memory if roomy else None)


def remove(bus):
    shutil.rmtree(bus, ignore_errors=True)


async def load(bus, name, seed, count, size=96, *options):
    """Publishes events of `ringside load` and waits until all of them are in the bus."""
    channel, producer = name.split("/")
    what = ["--count", str(count), "--size", str(size), "--seed", str(seed), *options]
    process = await asyncio.create_subprocess_exec(
        program("ringside"), "load", channel, "--producer", producer, "--bus", bus, *what,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    _, error_text = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"ringside load ended with {process.returncode}: {error_text.decode()}")


def segments(bus):
    """What `ringside ls --json` says, by CHANNEL/PRODUCER."""
    listed = subprocess.run(
        [program("ringside"), "ls", "--json", "--bus", bus], check=True, stdout=subprocess.PIPE
    )
    return {f"{one['channel']}/{one['producer']}": one for one in json.loads(listed.stdout)}


class Dashboard:
    """Use as `await Dashboard.start(...)`; port 0 picks a free one."""

    @classmethod
    async def start(cls, bus, port=0, *options):
        self = cls()
        # Its log goes to a file: a pipe that nobody reads would stop it.
        self.log = tempfile.TemporaryFile()
        self.process = await asyncio.create_subprocess_exec(
            program("ringside-dashboard"), "--bus", bus, "--listen", f"127.0.0.1:{port}", *options,
            stdout=subprocess.PIPE, stderr=self.log,
        )  # fmt: skip
        line = await asyncio.wait_for(self.process.stdout.readline(), START_LIMIT_S)
        listening = re.fullmatch(rb"listening on http://(127\.0\.0\.1:(\d+))\n", line)
        if not listening:
            await self.stop(signal.SIGKILL)
            self.log.seek(0)
            raise RuntimeError(f"the dashboard printed {line}; {self.log.read().decode()}")
        self.origin = f"ws://{listening[1].decode()}"
        self.port = int(listening[2])
        return self

    async def stop(self, by=signal.SIGTERM):
        """Waits for the end; gives the exit status, or the signal as a negative number."""
        if self.process.returncode is None:
            self.process.send_signal(by)
        return await asyncio.wait_for(self.process.wait(), STOP_LIMIT_S)
