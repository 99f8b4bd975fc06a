"""Clients of a dashboard that is being counted, one after the other.

How many system calls a server makes for a client depends on whether it is already asleep when the next bytes
come. So before each of its steps a client waits until the server sleeps in epoll_wait: then every run takes
the same steps, on a busy machine as on a quiet one.
"""

import base64
import json
import os
import socket
import struct
import subprocess
import time

from counting import Failed

EPOLL_WAIT = "232"  # x86-64
LIMIT_S = 60
KEY = base64.b64encode(b"the same nonce!!").decode()


class Dashboard:
    """`ringside-dashboard` under a counter; the result is there once it has ended."""

    def __init__(self, counter, programs, bus):
        self._counter = counter
        command, environment = counter.command(
            [str(programs.bin / "ringside-dashboard"), "--bus", str(bus), "--listen", "127.0.0.1:0",
             "--log-level", "off", "--web", str(bus)],
            programs.environment(),
        )
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True
        )
        line = self._process.stdout.readline()
        if "listening on http://" not in line:
            self._process.kill()
            raise Failed(f"{' '.join(command)}: {self._process.stderr.read().strip()}")
        self.port = int(line.rsplit(":", 1)[1])
        self._pid = self._server_pid()
        self.settle()

    def _server_pid(self):
        """strace has the server as its child; valgrind becomes it."""
        pid = self._process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        return int(children[0]) if children else pid

    def settle(self):
        """Until the server has done all that it was asked, and sleeps."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            try:
                with open(f"/proc/{self._pid}/stat", encoding="ascii") as file:
                    state = file.read().rsplit(")", 1)[1].split()[0]
                with open(f"/proc/{self._pid}/syscall", encoding="ascii") as file:
                    call = file.read().split()[0]
            except OSError as error:
                raise Failed(f"cannot see whether the dashboard sleeps: {error}") from None
            if state == "S" and call == EPOLL_WAIT:
                return
            time.sleep(0.001)
        raise Failed(f"the dashboard is still busy after {LIMIT_S} s")

    def end(self):
        """Ends it as the counter needs it: in order it waits for its threads, which takes now one system call
        and now two."""
        os.kill(self._pid, self._counter.ending)
        errors = self._process.communicate(timeout=LIMIT_S)[1]
        if self._process.returncode not in (0, -self._counter.ending):
            raise Failed(f"the dashboard ended with {self._process.returncode}: {errors.strip()}")
        return self._counter.result()

    def abandon(self):
        for stream in (self._process.stdout, self._process.stderr):
            stream.close()
        if self._process.poll() is None:
            os.kill(self._pid, 9)
            self._process.wait()


class Received:
    """What one client got: messages by type, and records of its runs."""

    def __init__(self):
        self.control = []
        self.runs = 0
        self.records = 0


def stream(dashboard, query):
    """Connects, takes everything up to `live`, and leaves in order."""
    with socket.create_connection(("127.0.0.1", dashboard.port), timeout=LIMIT_S) as connection:
        dashboard.settle()
        connection.sendall(
            f"GET /v1/stream?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode()
        )
        with connection.makefile("rb") as source:
            status = source.readline()
            if b" 101 " not in status:
                raise Failed(f"/v1/stream?{query}: {status.decode().strip()}")
            while source.readline() not in (b"\r\n", b""):
                pass
            received = read_until_live(source)
            dashboard.settle()
            connection.sendall(b"\x88\x82\0\0\0\0" + struct.pack(">H", 1000))
            while source.read(65536):
                pass
    dashboard.settle()
    return received


def read_until_live(source):
    received = Received()
    message = b""
    while True:
        first, second = source.read(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(source.read(2 if size == 126 else 8), "big")
        message += source.read(size)
        if not first & 0x80:
            continue
        if first & 0x0F == 1:
            control = json.loads(message)
            received.control.append(control)
            if control["type"] == "live":
                return received
        else:
            received.runs += 1
            received.records += struct.unpack_from("<I", message, 16)[0]
        message = b""
