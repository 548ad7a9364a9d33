"""The pages of the programming interface, made from the docstrings: `python tools/documentation.py FOLDER`.

Needs pdoc, the extra `[docs]`. The page of `temperance` holds all that can be had from it; `temperance.theory` and
`temperance.numerics` have a page a module.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

import pdoc
from markupsafe import Markup

import temperance

_FOLDED = 'style="white-space: pre-wrap; font-family: inherit; background: none; border: none; padding: 0"'


class _Text(Markup):
    """A docstring as it is written: its formulas are no Markdown."""

    toc_html = ""


def _as_written(docstring: str) -> _Text:
    return _Text(f"<pre {_FOLDED}>{escape(docstring)}</pre>") if docstring else _Text("")


def write_pages(folder: str) -> None:
    """Write the pages into a folder, which is made where there is none.

    Raises:
        OSError: it cannot be written there.
    """
    package = temperance
    public = {name: getattr(package, name) for name in dir(package)}
    vars(package).update(public, __all__=sorted(public))  # pdoc lists no names that are loaded when they are used
    pdoc.render.env.filters.update(to_markdown=lambda docstring: docstring, to_html=_as_written)
    pdoc.render.configure(footer_text="temperance", search=True)
    pdoc.pdoc("temperance", "temperance.theory", "temperance.numerics", output_directory=Path(folder))


if __name__ == "__main__":
    write_pages(*sys.argv[1:])
