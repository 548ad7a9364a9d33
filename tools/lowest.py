"""The lowest versions that pyproject.toml allows, as requirements: `make test-lowest` installs and tests them.

    python tools/lowest.py [EXTRA | GROUP ...]

Prints name==version for each direct dependency, and for those of the extras and groups; pip chooses what they need.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+(\[[a-z]+\])?)>=(?P<version>[0-9.]+)(,<[0-9.]+)?")


def lowest(extras: list[str], project: Path = PROJECT) -> list[str]:
    """The requirements at their lower bounds; raises ValueError for one without, or for an unknown extra."""
    whole = tomllib.loads(project.read_text())
    table = whole["project"]
    groups = {**table.get("optional-dependencies", {}), **whole.get("dependency-groups", {})}
    unknown = sorted(set(extras) - set(groups))
    if unknown:
        raise ValueError(f"unknown extras {', '.join(unknown)}; accepted: {', '.join(groups)}")
    pinned = []
    for requirement in table["dependencies"] + [r for extra in extras for r in groups[extra]]:
        bound = _BOUND.fullmatch(requirement)
        if bound is None:
            raise ValueError(f"{requirement!r} has no lower bound: name>=version is needed")
        pinned.append(f"{bound['name']}=={bound['version']}")
    return pinned


if __name__ == "__main__":
    try:
        print(*lowest(sys.argv[1:]), sep="\n")
    except ValueError as error:
        sys.exit(str(error))
