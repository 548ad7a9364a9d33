"""Lays out `--help`."""

from __future__ import annotations

from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.text import Text


class Flowing(DefaultFormatter):
    """Panels whose descriptions break where the terminal ends, not where their docstrings do."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print a panel."""
        for entry in panel.entries:
            text = getattr(entry.description, "primary_renderable", None)
            if isinstance(text, Text):
                text.plain = text.plain.replace("\n", " ")
        super().__call__(console, options, panel)
