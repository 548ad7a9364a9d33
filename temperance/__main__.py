"""`python -m temperance`: the command line, quiet when it is interrupted while its modules are still loading."""

from __future__ import annotations

import gc
import sys

_OBJECTS = 100_000
"""Made before garbage is looked for: loading modules makes as many, and none of them is garbage."""


def main() -> None:
    """Load the command line and run it."""
    gc.set_threshold(_OBJECTS)
    try:
        from temperance.commands.app import main as command

        command()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        gc.freeze()  # the process ends: what is left needs no search for garbage


if __name__ == "__main__":
    main()
