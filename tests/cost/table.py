"""costs.txt: what each figure cost when somebody last accepted it, and with which tools that was counted."""

import re
from fractions import Fraction

HEAD = """\
# What an operation costs: instructions of the program's main thread, and its system calls. Clocks stand
# still. tests/cost/guard.py compares: instructions to 1 %, system calls exactly. After a change that is
# meant, this rewrites the table:
#
#   cmake --build --preset release --target ringside_cost_accept

"""


class Table:
    """`tools` by name; of each figure its instructions, a Fraction, and its system calls by name."""

    def __init__(self, tools, instructions, calls):
        self.tools = tools
        self.instructions = instructions
        self.calls = calls

    @classmethod
    def read(cls, path):
        table = cls({}, {}, {})
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line or line.startswith("#"):
                continue
            words = re.split(r"\s{2,}", line)
            if words[0] == "figure":
                continue
            if len(words) == 2:
                table.tools[words[0]] = words[1]
                continue
            name, instructions, calls = words
            table.instructions[name] = Fraction(instructions.replace(",", ""))
            table.calls[name] = parse_calls(calls)
        return table

    def write(self, path):
        width = max(len(name) for name in [*self.tools, *self.calls]) + 2
        lines = [f"{name:{width}}{text}" for name, text in self.tools.items()]
        lines += ["", f"{'figure':{width}}{'instructions':>14}  system calls"]
        for name, calls in self.calls.items():
            lines.append(f"{name:{width}}{float(self.instructions[name]):>14,.1f}  {print_calls(calls)}")
        path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def print_calls(calls):
    """As `sendmsg 2, read 1/2048`; the most frequent first."""
    ranked = sorted(calls.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ranked) or "none"


def parse_calls(text):
    if text == "none":
        return {}
    return {name: Fraction(count) for name, count in (call.split(" ") for call in text.split(", "))}
