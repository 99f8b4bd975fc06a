#!/usr/bin/env python3
"""Does what README.md and docs/*.md say, block after block, in a fresh clone: as root, and as an ordinary
user without sudo, with umask 077, in a path with a blank.

    run.py [PAGE...]        all of them, or those

The one command before them is `./run.sh --build-only`. It is run where programs that only tests need are
out of reach. Each page is then done in namespaces of its own: it has no network, an empty home folder, and
a /dev/shm of 64 MiB, as a container has it.
"""
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import checks
import pages

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMIT_S = 900  # for one block; a build from nothing is the longest
# The main job has a fit of 70,000 points, and the benches have rings of the default size.
SHARED_MEMORY = {"README.md": "1g", "docs/performance.md": "1g"}
# What scripts/install.sh brings for tests alone.
FOR_TESTS = ("caddy", "chromium", "clang-format-14", "slowhttptest", "spin")


class Shell:
    """A user's shell: what a block exports, and the folder it goes to, is there in the next."""

    def __init__(self, home, clone):
        self.home = home
        self.folder = clone
        self.environment = dict(os.environ)
        self.printed = home / ".printed"

    def start(self, text, output):
        return subprocess.Popen(["/bin/bash", "-c", text], cwd=self.folder, env=self.environment, stdout=output,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)

    def paste(self, text):
        """Runs a block; gives what it printed."""
        after = self.home / ".after"
        with open(self.printed, "w+") as output:
            status = self.start(f"set -e\n{text}\n{{ pwd; env -0; }} > '{after}'", output).wait(LIMIT_S)
            output.seek(0)
            said = output.read()
        if status != 0:
            raise SystemExit(f"{said}\nended with status {status}")
        folder, variables = after.read_text().split("\n", 1)
        self.folder = pathlib.Path(folder)
        self.environment = dict(line.split("=", 1) for line in variables.split("\0") if "=" in line)
        return said

    def run(self, command):
        """What a command prints, which must end with status 0."""
        return subprocess.run(["/bin/bash", "-c", command], cwd=self.folder, env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True, timeout=LIMIT_S).stdout

    def serve(self, text, until):
        with open(self.home / ".served", "w") as output:
            process = self.start(text, output)
        limit = time.monotonic() + LIMIT_S
        while until not in (said := (self.home / ".served").read_text()):
            if process.poll() is not None or time.monotonic() > limit:
                raise SystemExit(f"{said}\nstatus {process.returncode}, and it did not say: {until}")
            time.sleep(0.05)
        return process

    def interrupt(self, process):
        """Ctrl-C."""
        os.killpg(process.pid, signal.SIGINT)
        if process.wait(60) != 0:
            raise SystemExit(f"{(self.home / '.served').read_text()}\nstopped, it ended with {process.returncode}")


def do_page(page, shell, clone):
    served = {}
    in_order = [(*block, pages.STEPS[page][block[1]]) for block in pages.blocks(clone, page)]
    for language, name, text, step in sorted(in_order, key=lambda one: one[3].is_last):
        began = time.monotonic()
        if step.instead:
            assert step.instead[0] in text, f"{page}: {name}: has no {step.instead[0]}"
            text = text.replace(*step.instead)
        lines = text.splitlines(keepends=True)
        left_out = [line for line in lines if step.leaves_out and line.startswith(step.leaves_out)]
        text = "".join(line for line in lines if line not in left_out)
        printed = ""
        if step.how == "serve":
            served[step.ends] = shell.serve(text, step.until)
        elif step.how == "write":
            pathlib.Path(step.to or shell.folder, name).write_text(text)
        else:
            if step.how == "python":
                text = f"python3 - <<'END'\n{text}END"
            printed = shell.paste(text)
        if step.then:
            getattr(checks, step.then)(shell, printed)
        if name in served:
            shell.interrupt(served.pop(name))
        print(f"  {page}: {name} ({language}): {step.how}, {time.monotonic() - began:.1f} s", flush=True)
        for line in left_out:
            print(f"    needs a service, and is left out: {line.rstrip()}", flush=True)
    for process in served.values():
        shell.interrupt(process)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def enter(page):
    """Makes the mount and network namespaces of a page what it expects, as their root."""
    if page == "build":
        for program in filter(None, map(shutil.which, FOR_TESTS)):
            mount("--bind", "/dev/null", os.path.realpath(program))
        return
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1 | 0x40))  # SIOCSIFFLAGS, up
    mount("-t", "tmpfs", "-o", f"mode=1777,size={SHARED_MEMORY.get(page, '64m')}", "tmpfs", "/dev/shm")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    if page in pages.ROOT_ONLY:
        # What it writes goes to a memory of its own.
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
        for folder in ("/etc", "/opt", "/var/lib"):
            upper, work = (f"/mnt/{kind}{folder.replace('/', '-')}" for kind in ("upper", "work"))
            os.mkdir(upper), os.mkdir(work)
            mount("-t", "overlay", "-o", f"lowerdir={folder},upperdir={upper},workdir={work}", "overlay", folder)


def inside(page, user, home, clone):
    """In the namespaces, as the first program of them."""
    enter(page)
    if user != "root":
        os.umask(0o077)
        if os.environ.pop("RINGSIDE_DROP", "") == user:
            of = pwd.getpwnam(user)
            os.setgroups([])
            os.setresgid(of.pw_gid, of.pw_gid, of.pw_gid)
            os.setresuid(of.pw_uid, of.pw_uid, of.pw_uid)
    shell = Shell(pathlib.Path(home), pathlib.Path(clone))
    if page == "build":
        began = time.monotonic()
        printed = shell.paste("./run.sh --build-only; ccache --show-stats > ~/.ccache-stats")
        (pathlib.Path(home) / ".build").write_text(printed)
        print(f"  ./run.sh --build-only, {time.monotonic() - began:.1f} s", flush=True)
    else:
        do_page(page, shell, pathlib.Path(clone))


def clone_into(place):
    """What `git clone` would bring, of the tree as it stands."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], check=True, stdout=subprocess.PIPE).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if not os.path.lexists(ROOT / name):
            continue
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place / name, follow_symlinks=False)


def cached(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def environment_of(user, home, clone, shared):
    """A plain one; and what was compiled or fetched before is there, for whichever user and place."""
    sbin = "/usr/local/sbin:/usr/sbin:/sbin:" if user == "root" else ""
    plain = {"HOME": str(home), "PATH": f"{sbin}/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
             "npm_config_prefer_offline": "true", "npm_config_cache": str(home / ".npm"),
             "CCACHE_BASEDIR": str(clone), "CCACHE_NOHASHDIR": "true"}
    # How to reach the network is the machine's affair.
    plain.update((name, value) for name, value in os.environ.items()
                 if name.lower().endswith("_proxy") or name.startswith(("NODE_EXTRA", "SSL_CERT")) or name == "npm_config_registry")
    if user == pwd.getpwuid(os.getuid()).pw_name:
        # Its configuration may lie in the home folder that is not this one.
        plain["CCACHE_DIR"] = cached(["ccache", "--get-config", "cache_dir"])
        plain["CCACHE_MAXSIZE"] = cached(["ccache", "--get-config", "max_size"])
        plain["CCACHE_REMOTE_STORAGE"] = f"file:{shared}|umask=022"
        plain["CCACHE_RESHARE"] = "true"
    else:
        plain["CCACHE_REMOTE_STORAGE"] = f"file:{shared}|read-only"
        plain["RINGSIDE_DROP"] = user
    return plain


def do_all(user, wanted, shared):
    """All pages, as that user."""
    print(f"as {user}:", flush=True)
    place = pathlib.Path(tempfile.mkdtemp(prefix="ringside-clone-"))
    try:
        clone = place / "my clones" / "ringside"
        clone_into(clone)
        npm = pathlib.Path(cached(["npm", "config", "get", "cache"]), "_cacache")
        homes = {page: place / f"home-{pathlib.Path(page).stem}" for page in ("build", *wanted)}
        for page, home in homes.items():
            home.mkdir()
        if npm.is_dir():
            shutil.copytree(npm, homes["build"] / ".npm/_cacache")
        if user != pwd.getpwuid(os.getuid()).pw_name:
            subprocess.run(["chmod", "-R", "go=", str(place)], check=True)
            subprocess.run(["chown", "-R", f"{user}:", str(place)], check=True)
        kinds = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.getuid() != 0:
            kinds += ["--user", "--map-root-user"]
        for page, home in homes.items():
            if page in pages.ROOT_ONLY and user != "root":
                print(f"  {page}: for root alone", flush=True)
                continue
            subprocess.run(
                ["setpriv", "--pdeathsig", "KILL", "unshare", *kinds, *([] if page == "build" else ["--net"]),
                 sys.executable, "-B", __file__, "--inside", page, user, str(home), str(clone)],
                check=True, env=environment_of(user, home, clone, shared), cwd="/")  # fmt: skip
    finally:
        shutil.rmtree(place, ignore_errors=True)


def may_have_namespaces():
    """Whether this machine lets this user make them: a container may not."""
    kinds = ["--mount", "--pid", "--fork", "--net"] + ([] if os.getuid() == 0 else ["--user", "--map-root-user"])
    tried = subprocess.run(["unshare", *kinds, "mount", "-t", "tmpfs", "tmpfs", "/run"],
                           stderr=subprocess.PIPE, text=True)
    if tried.returncode != 0:
        print(f"SKIPPED: no namespace with mounts of its own may be made here: {tried.stderr.strip()}")
    return tried.returncode == 0


def main(wanted):
    pages.check(ROOT)
    if not may_have_namespaces():
        raise SystemExit(77)
    wanted = wanted or list(pages.STEPS)
    me = pwd.getpwuid(os.getuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="ringside-compiled-") as shared:
        os.chmod(shared, 0o755)
        for user in (["root", "nobody"] if me == "root" else [me]):
            do_all(user, wanted, shared)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*sys.argv[2:])
    else:
        main(sys.argv[1:])
