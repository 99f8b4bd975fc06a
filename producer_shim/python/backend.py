"""Builds the wheel of this folder (PEP 517 and 660) with the standard library alone.

The package is pure Python. What is added is the place of the source tree, where the loader looks for
a library that has been built but not installed.
"""

import base64
import hashlib
import io
import os
import re
import tarfile
import zipfile

_HERE = os.path.dirname(os.path.abspath(__file__))
_TREE = os.path.dirname(os.path.dirname(_HERE))


def _project():
    """Name, version, description and Python of pyproject.toml, which older Pythons cannot parse."""
    with open(os.path.join(_HERE, "pyproject.toml"), encoding="utf-8") as file:
        text = file.read()
    section = text[text.index("[project]") :]
    found = dict(re.findall(r'^(name|version|description|requires-python) = "(.*)"$', section, re.M))
    return found["name"], found["version"], found["description"], found["requires-python"]


_NAME, _VERSION, _SUMMARY, _PYTHON = _project()
_INFO = f"{_NAME}-{_VERSION}.dist-info"
_METADATA = f"""Metadata-Version: 2.1
Name: {_NAME}
Version: {_VERSION}
Summary: {_SUMMARY}
Requires-Python: {_PYTHON}
Provides-Extra: numpy
Requires-Dist: numpy; extra == "numpy"
"""
_WHEEL = """Wheel-Version: 1.0
Generator: ringside
Root-Is-Purelib: true
Tag: py3-none-any
"""


def _package():
    folder = os.path.join(_HERE, "ringside")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py") or name == "py.typed":
            with open(os.path.join(folder, name), "rb") as file:
                yield f"ringside/{name}", file.read()
    # Of a copy of this folder alone, what is above it is anybody's, and no library is looked for there.
    if os.path.isfile(os.path.join(_TREE, "producer_shim", "c", "ringside.h")):
        yield "ringside/_tree.py", f"TREE = {_TREE!r}\n".encode()


def _write_wheel(directory, files):
    name = f"{_NAME}-{_VERSION}-py3-none-any.whl"
    files = list(files)
    files.append((f"{_INFO}/METADATA", _METADATA.encode()))
    files.append((f"{_INFO}/WHEEL", _WHEEL.encode()))
    record = ""
    with zipfile.ZipFile(os.path.join(directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(data)}\n"
            # The same time always, so that the same source gives the same wheel.
            wheel.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), data)
        wheel.writestr(
            zipfile.ZipInfo(f"{_INFO}/RECORD", (1980, 1, 1, 0, 0, 0)), record + f"{_INFO}/RECORD,,\n"
        )
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, _package())


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, [("ringside.pth", (_HERE + "\n").encode())])


def build_sdist(sdist_directory, config_settings=None):
    base = f"{_NAME}-{_VERSION}"
    name = f"{base}.tar.gz"
    files = [("PKG-INFO", _METADATA.encode())]
    files += [item for item in _package() if item[0] != "ringside/_tree.py"]
    for extra in ("pyproject.toml", "backend.py"):
        with open(os.path.join(_HERE, extra), "rb") as file:
            files.append((extra, file.read()))
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as archive:
        for path, data in files:
            info = tarfile.TarInfo(f"{base}/{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return name
