"""The licence of every package in requirements.lock, as each declares it: `make licences` writes LICENSES.md.

python tools/licences.py > LICENSES.md
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HEAD = """# Licences of the dependencies

temperance is under the MIT licence (LICENSE). These are the packages that requirements.lock pins, with the licence that
each of them declares; `make licences` writes this file. `run` needs what temperance cannot do without, the others are
extras. torch and jax, of the extra `interop`, are not pinned.

| package | version | licence | needed for |
|---|---|---|---|
"""


def locked(lock: Path = ROOT / "requirements.lock") -> dict[str, str]:
    """Versions by canonical name; raises ValueError for a line that is not name==version."""
    versions = {}
    for line in lock.read_text().splitlines():
        pin = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line)
        if pin is None:
            raise ValueError(f"{line!r} is no pin: name==version is needed")
        versions[canonicalize_name(pin[1])] = pin[2]
    return versions


def direct() -> dict[str, list[str]]:
    """The requirements of pyproject.toml for "run", for each extra and for each group."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run, extras = table["project"]["dependencies"], table["project"]["optional-dependencies"]
    return {"run": run, **extras, **table["dependency-groups"]}


def closure(requirements: list[str]) -> set[str]:
    """Canonical names of all packages that are needed, on this platform."""
    names: set[str] = set()
    left = [Requirement(text) for text in requirements]
    while left:
        wanted = left.pop()
        name = canonicalize_name(wanted.name)
        if name not in names:
            names.add(name)
            left += _needed(distribution(name), wanted.extras)
    return names


def _needed(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for text in package.requires or ():
        needed = Requirement(text)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield needed


def licence(package: Distribution) -> str:
    """The SPDX expression; without one, the field if it is a line and no text of a licence, else the classifiers."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    field = metadata.get("License", "")
    if field and field != "UNKNOWN" and "\n" not in field:
        return field
    classifiers = metadata.get_all("Classifier") or []
    return "; ".join(c.split(" :: ")[-1] for c in classifiers if c.startswith("License :: "))


def installed_as_pinned() -> bool:
    """Whether the licences can be read off what is installed."""
    try:
        return all(distribution(name).version == version for name, version in locked().items())
    except PackageNotFoundError:
        return False


def table() -> str:
    """The text of LICENSES.md; raises ValueError where what is installed is not what is pinned."""
    needs = {group: closure(requirements) for group, requirements in direct().items() if group != "interop"}
    text = HEAD
    for name, version in sorted(locked().items()):
        package = distribution(name)
        if package.version != version:
            raise ValueError(f"{name} {package.version} is installed, {version} is pinned")
        groups = ", ".join(group for group, names in needs.items() if name in names)
        text += f"| {package.name} | {version} | {licence(package)} | {groups} |\n"
    return text


if __name__ == "__main__":
    sys.stdout.write(table())
