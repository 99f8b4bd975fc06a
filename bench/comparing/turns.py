"""A program that takes turns (bench/driver/turns.hpp): a line asks for one, a line of JSON answers."""

import json
import os
import select
import subprocess

from .build import CONTRACT

SILENCE_S = 120


class Failed(Exception):
    """A contender failed: one line that says which, and why."""


class Program:
    def __init__(self, command, cpu, environment=None):
        self.name = os.path.basename(command[1] if "python" in command[0] or "node" in command[0] else command[0])
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, **(environment or {})}, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        except OSError as error:
            raise Failed(f"cannot run {command[0]}: {error.strerror}") from None
        self.rest = b""

    def ready(self):
        """The first line; waits until the program is prepared."""
        facts = self.answer()
        if facts.get("contract") != CONTRACT:
            raise Failed(f"{self.name} speaks contract {facts.get('contract')} where {CONTRACT} is due")
        return facts

    def ask(self):
        try:
            self.process.stdin.write(b"turn\n")
            self.process.stdin.flush()
        except OSError:
            raise Failed(self.end_text()) from None

    def answer(self):
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], SILENCE_S)[0]:
                raise Failed(f"{self.name} said nothing for {SILENCE_S} s")
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                raise Failed(self.end_text())
            self.rest += got
        line, self.rest = self.rest.split(b"\n", 1)
        try:
            return json.loads(line)
        except ValueError:
            raise Failed(f"{self.name} printed {line[:100]!r} where JSON was due") from None

    def turn(self):
        self.ask()
        return self.answer()

    def end_text(self):
        _, errors = self.process.communicate()
        text = errors.decode(errors="replace").strip().splitlines()
        return text[-1] if text else f"{self.name} ended with status {self.process.returncode}"

    def close(self):
        """Its standard input ends, and so does it."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
