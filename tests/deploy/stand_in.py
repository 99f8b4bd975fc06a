#!/usr/bin/python3
"""Runs a service in the sandbox of its unit file, as far as that can be made without systemd.

    stand_in.py UNIT BUS [--bus-read-only] -- PROGRAM ARGUMENT...

Does what systemd does for the unit: a socket on a free loopback port is handed over (LISTEN_FDS),
READY=1 is waited for (Type=notify), and then "ready PORT" is printed; SIGTERM is passed on, and how
the service ended is the exit status. The service runs as another user without rights or a way to
get any, with no network of its own, all files but BUS read-only, and under the unit's
SystemCallFilter=, RestrictAddressFamilies= and MemoryDenyWriteExecute=. What systemd would answer
with an error kills it here, so that a test sees it. Needs root, and Debian's python3-seccomp.
"""

import argparse
import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile

import seccomp

NOBODY = 65534
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_CAPBSET_DROP, LAST_CAPABILITY = 24, 40
PROT_WRITE, PROT_EXEC = 2, 4
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def settings(unit):
    """The settings of a unit, each with all of its values in order."""
    found = {}
    for line in open(unit):
        name, equals, value = line.strip().partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def calls_of(word):
    """The system calls of a group such as @system-service, or the one that is named."""
    if not word.startswith("@"):
        return {word}
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word],
                          check=True, capture_output=True, text=True).stdout
    names = [line.strip() for line in text.splitlines()[1:]]
    return set().union(*(calls_of(name) for name in names if name and not name.startswith("#")))


def allowed_calls(unit):
    allowed = calls_of("@default")
    for line in unit["SystemCallFilter"]:
        words = line.removeprefix("~").split()
        calls = set().union(*map(calls_of, words))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    # systemd itself starts the service by it.
    return allowed | {"execve"}


def load(default, rules):
    syscalls = seccomp.SyscallFilter(defaction=default)
    for action, name, *conditions in rules:
        try:
            syscalls.add_rule(action, name, *conditions)
        except RuntimeError:  # a call of another architecture
            pass
    syscalls.load()


def restrict_calls(unit, allowed):
    kill = seccomp.KILL_PROCESS
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        both = PROT_WRITE | PROT_EXEC
        load(seccomp.ALLOW, [
            (kill, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, both)),
            (kill, "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, PROT_EXEC)),
            (kill, "pkey_mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, PROT_EXEC)),
        ])
    families = {getattr(socket, name) for name in unit["RestrictAddressFamilies"][0].split()}
    load(seccomp.ALLOW, [(kill, "socket", seccomp.Arg(0, seccomp.EQ, family))
                         for family in range(socket.AF_UNSPEC, 64) if family not in families])
    load(kill, [(seccomp.ALLOW, name) for name in sorted(allowed)])


def set_read_only(path, read_only):
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0) if read_only else (
        ctypes.c_uint64 * 4)(0, MOUNT_ATTR_RDONLY, 0, 0)
    checked(LIBC.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE if read_only
                         else 0, attributes, ctypes.sizeof(attributes)), f"mount_setattr {path}")


def restrict_files(bus, bus_read_only):
    checked(LIBC.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    checked(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    checked(LIBC.mount(bus.encode(), bus.encode(), None, MS_BIND, None), f"mount {bus}")
    set_read_only("/", True)
    if not bus_read_only:
        set_read_only(bus, False)


def become_nobody(unit):
    files = int(unit["LimitNOFILE"][0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    for capability in range(LAST_CAPABILITY + 1):
        checked(LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def run_service(options, unit, allowed, listener, notify):
    restrict_files(options.bus, options.bus_read_only)
    become_nobody(unit)
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    os.closerange(4, 1024)
    environment = {"PATH": "/usr/bin:/bin", "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()),
                   "NOTIFY_SOCKET": notify}
    restrict_calls(unit, allowed)  # and no new privileges, with it
    os.execve(options.program[0], options.program, environment)


def main():
    arguments = argparse.ArgumentParser(description="Runs a service in the sandbox of its unit.")
    arguments.add_argument("unit")
    arguments.add_argument("bus")
    arguments.add_argument("--bus-read-only", action="store_true")
    arguments.add_argument("program", nargs="+")
    options = arguments.parse_args()
    unit = settings(options.unit)
    allowed = allowed_calls(unit)
    with socket.socket() as listener, tempfile.TemporaryDirectory() as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        os.chmod(folder, 0o755)
        notified.bind(f"{folder}/notify")
        os.chmod(f"{folder}/notify", 0o666)
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        service = os.fork()
        if service == 0:
            try:
                run_service(options, unit, allowed, listener, f"{folder}/notify")
            except BaseException as error:  # never back into main()
                print(f"stand_in.py: {error}", file=sys.stderr, flush=True)
                os._exit(1)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(service, number))
        notified.settimeout(0.1)
        ready = False
        while True:
            ended, status = os.waitpid(service, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                print(f"ended {signal.Signals(-code).name if code < 0 else code}", flush=True)
                return 1 if code != 0 else 0
            try:
                if b"READY=1" in notified.recv(4096) and not ready:
                    ready = True
                    # At once: the service writes there too.
                    os.write(1, f"ready {listener.getsockname()[1]}\n".encode())
            except TimeoutError:
                pass


if __name__ == "__main__":
    sys.exit(main())
