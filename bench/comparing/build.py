"""A build folder: the programs in it that are measured, and which commit they are of."""

import json
from pathlib import Path

CONTRACT = 1


class Missing(Exception):
    """Something that a run needs is not there: one line, with what to do."""


class Build:
    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        facts = Path(self.path("bench/build.json"))
        try:
            described = json.loads(facts.read_text())
        except ValueError:
            raise Missing(f"{facts} is not JSON; {self.advice()}") from None
        if described.get("contract") != CONTRACT:
            raise Missing(f"{self.folder} speaks contract {described.get('contract')} and this program "
                          f"{CONTRACT}: run the bench/compare of the newer sources")
        if described.get("build_type") != "Release":
            raise Missing(f"{self.folder} is a {described.get('build_type') or 'nameless'} build; "
                          "only release builds are measured (cmake --preset release)")
        self.commit = described["commit"]

    def advice(self):
        return f"build it: cmake --build {self.folder} --target ringside_benches"

    def path(self, name):
        path = self.folder / name
        if not path.exists():
            raise Missing(f"{path} is missing; {self.advice()}")
        return str(path)

    def environment(self):
        return {"PYTHONPATH": str(self.folder / "bench/python"), "PYTHONDONTWRITEBYTECODE": "1",
                "RINGSIDE_LIBRARY": str(self.folder / "lib/libringside.so")}
