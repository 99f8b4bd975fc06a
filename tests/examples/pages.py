"""The code blocks of README.md and docs/*.md, and what is done with each.

Each block is fenced and has a name, the second word of its first line: ```sh look. STEPS has what the test
does with it. A block without a name, a block that STEPS does not have, and a step without a block are
faults; so is a command that stands outside of a block.
"""
import dataclasses
import pathlib
import re


@dataclasses.dataclass(frozen=True)
class Step:
    """What is done with a block.

    run      it is run, and must end with status 0
    serve    it is started, must print `until`, and is stopped by Ctrl-C when the page is done or `ends` comes
    write    it is written to the file of its name, in the folder that the block before it left, or in `to`
    python   it is run by the python3 that PATH names
    """

    how: str
    until: str = ""  # what a served block prints when it is ready
    ends: str = ""  # the name of the block after which a served one is stopped
    to: str = ""  # a folder
    instead: tuple = ()  # (text, other text): a long run made short
    leaves_out: tuple = ()  # lines that begin so need a service that does not run here
    then: str = ""  # a check: a function of checks.py
    is_last: bool = False  # changes the build, so it is done after all others


RUN = Step("run")
WRITE = Step("write")
SYSTEMD = ("systemctl ", "curl ")

# In the order of the page.
STEPS = {
    "docs/operations.md": {
        "prepare": Step("run", then="prepared"),
        "services": Step("run", leaves_out=SYSTEMD, then="units"),
        "ringside-mine.service": Step("write", to="/etc/systemd/system", then="units"),
        # The name in it is for an administrator to put in, and its log belongs to the service.
        "caddy": Step("run", leaves_out=SYSTEMD),
        "serve": Step("run", then="served"),
    },
    "docs/producers.md": {
        "install": RUN,
        "venv": RUN,
        "shell": RUN,
        "reading.fbs": WRITE,
        "bfbs": RUN,
        "CMakeLists.txt": WRITE,
        "from_cpp.cpp": WRITE,
        "cpp": RUN,
        "from_c.c": WRITE,
        "c": RUN,
        "events": Step("python"),
        "pipe": RUN,
        "points": RUN,
        "feed": Step("run", then="produced"),
    },
    "docs/consumers.md": {
        "install": RUN,
        "venv": RUN,
        "shell": RUN,
        "publish": RUN,
        "tail": RUN,
        "events": Step("python"),
        "points": Step("python"),
        "aio": Step("python"),
        "from_bus.c": WRITE,
        "c": RUN,
        "CMakeLists.txt": WRITE,
        "from_bus.cpp": WRITE,
        "cpp": RUN,
        # For a browser's console.
        "console.js": WRITE,
    },
    "docs/architecture.md": {},
    "docs/reliability.md": {
        "campaign": Step("run", instead=("--states 1000000", "--states 1000")),
        "cost": RUN,
    },
    "docs/performance.md": {
        "compare": Step("run", instead=("../old/build/release", "--only publish-raw --pairs 6 build/release")),
        "floor": Step("run", instead=("--floor 5 --pairs 12", "--floor 1 --only attach --pairs 6")),
    },
    "docs/format.md": {"example": Step("run", then="example")},
    "docs/durability.md": {},
    "docs/bus.md": {},
    "docs/glossary.md": {},
    "docs/protocol.md": {"json-client.js": WRITE, "event-client.js": WRITE},
    "docs/page.md": {},
    "docs/security.md": {},
    # The last: one of its blocks takes DuckDB out of the build.
    "README.md": {
        "run": Step("serve", until="the dashboard is at http", ends="look"),
        "look": Step("run", then="looked"),
        "no-duckdb": Step("serve", until="the dashboard is at http", then="without_duckdb", is_last=True),
        "venv": RUN,
        "producer": Step("python"),
        "consumer": Step("python"),
        "bench": RUN,
    },
}
# What only root can do. The others are done by an ordinary user, too.
ROOT_ONLY = {"docs/operations.md"}

COMMANDS = r"(\./|build/|ringside|cmake |ctest |pip |python3? |curl |cp |kill |systemctl |caddy |scripts/)"


def blocks(root, page):
    """(language, name, text) of each block, after a look at what is wrong with the page."""
    text = (root / page).read_text()
    found = re.findall(r"^```(\w*)(?: ([\w.-]+))?\n(.*?)^```$", text, re.M | re.S)
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    faults = [f"a command outside of a block: {line}" for line in re.findall(rf"^ {{4,}}{COMMANDS}.*$", outside, re.M)]
    if "```" in outside:
        faults.append("a block that does not end")
    # A picture has neither language nor name.
    found = [block for block in found if block[0]]
    faults += [f"a block without a name: {block[2][:60]!r}" for block in found if not block[1]]
    names = [block[1] for block in found]
    if names != list(STEPS[page]):
        faults.append(f"it has the blocks {names}, and tests/examples/pages.py has {list(STEPS[page])}")
    if faults:
        raise SystemExit("\n".join(f"{page}: {fault}" for fault in faults))
    return found


def check(root):
    """That every page is known, and every block of it."""
    pages = {"README.md", *(f"docs/{path.name}" for path in pathlib.Path(root, "docs").glob("*.md"))}
    if pages != set(STEPS):
        raise SystemExit(f"pages.py and docs/ differ: {sorted(pages ^ set(STEPS))}")
    for page in sorted(pages):
        blocks(root, page)
