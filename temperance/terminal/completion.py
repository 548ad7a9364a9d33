"""`temperance --install-completion`: commands and options completed by the shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from cyclopts import App
from cyclopts.completion import ShellDetectionError, detect_shell

from temperance.terminal.errors import BadInput

_SHELLS = ("bash", "zsh", "fish", "powershell")


def completion_command(app: App) -> Callable[..., int]:
    """The command that installs the completion of an app."""

    def install_completion(*, shell: str | None = None, output: str | None = None) -> int:
        """Let the shell complete commands and options: write its script, and load it from the shell's startup file.

        Parameters
        ----------
        shell
            bash, zsh, fish or powershell; the one that is running by default.
        output
            Write the script to this file instead, and change no startup file.
        """
        accepted = f"accepted: --shell {' or '.join(_SHELLS)}"
        try:
            name = shell or detect_shell()
        except ShellDetectionError:
            raise BadInput(f"the shell that is running is not known; {accepted}") from None
        if name not in _SHELLS:
            raise BadInput(f"unknown shell {name!r}; {accepted}")
        file = Path(output) if output else None
        try:
            path = app.install_completion(shell=cast(Any, name), output=file, add_to_startup=file is None)
        except (OSError, ValueError) as error:
            raise BadInput(f"the completion cannot be installed: {error}") from error
        use = "it works in new shells" if output is None else "your shell has to load it"
        print(f"completion for {name} written to {path}; {use}")
        return 0

    return install_completion
