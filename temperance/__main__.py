"""`python -m temperance`: the command line, quiet when it is interrupted while its modules are still loading."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from temperance.commands.app import main as command

        command()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
