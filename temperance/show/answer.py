"""Defines the answer that every function of `temperance` returns: text, notebook, JSON, table and file in one.

An answer is a record: what it says is made before it, and printed, shown and written from there alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from textwrap import shorten
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Console

from temperance.show.output import BadInput, check_writable, console, one_line, to_json, write_file
from temperance.show.table import Summary
from temperance.theory.expressions.arguments import checked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from temperance.show.document import Document
    from temperance.show.plots import Picture


@checked
@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class Answer:
    """What a command found. Subclasses are frozen dataclasses (repr=False) of what was found.

    Attributes:
        summary: what the command prints, and its title.
        record: the object of --json, of dicts, lists, text and numbers.
        written: the files of proofs that were written, a line each.
        refused: what was asked and has no answer, and why, a line each.
    """

    summary: Summary
    record: Any = None
    written: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    writers: ClassVar[Mapping[str, Callable[[Any], str]]] = MappingProxyType(
        {".json": lambda answer: to_json(answer.to_json()) + "\n", ".html": lambda answer: answer.page()}
    )
    """What the file of `write` holds, by its ending."""
    key_of_rows: ClassVar[str | None] = None
    """The key of the rows in the record, where it is no list of them."""

    @property
    def status(self) -> int:
        """The exit status of the command: 2 if something has no answer."""
        return 2 if self.refused else 0

    @property
    def title(self) -> str:
        """What was asked, in a line."""
        return self.summary.title

    @property
    def words(self) -> Sequence[str]:
        """The answer in words: the first lines."""
        return self.summary.words

    def to_json(self) -> Any:
        """The object that the command prints with --json."""
        return self.record

    def true_values(self) -> Mapping[str, Any]:
        """The truth of the answer, as --truth takes one.

        Raises:
            ValueError: it has none that can be asked for.
        """
        raise ValueError(f"an answer of {type(self).__name__.lower()} has no truth")

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table of the answer, one mapping a row."""
        return self.to_json() if self.key_of_rows is None else self.to_json()[self.key_of_rows]

    @property
    def plots(self) -> Sequence[Picture]:
        """The pictures of its page."""
        return ()

    def plot(self) -> Figure:
        """The pictures of the answer, as a matplotlib figure of one panel each.

        Raises:
            ValueError: it has none.
        """
        if not self.plots:
            raise ValueError(f"this answer of {type(self).__name__.lower()} has no picture")
        from temperance.show.plots import panels

        return panels(self.plots)

    def page(self) -> str:
        """The answer as an HTML document: what the command prints, pictures, and the JSON."""
        from temperance.show.page import render  # it loads templates

        return render("answer.html", summary=self.on_page, plots=self.plots, record=self.to_json())

    @property
    def on_page(self) -> Summary:
        """What its page says."""
        return self.summary

    @property
    def remarks(self) -> Sequence[str]:
        """What the command says on stderr."""
        return (*self.written, *self.refused)

    def to_frame(self) -> Any:
        """The table of the answer as a pandas DataFrame.

        Raises:
            ImportError: pandas is not installed.
        """
        from temperance.numerics.estimation.result import frame

        return frame(self.rows())

    @classmethod
    def output(cls) -> str:
        """What the answer can be written to, in words."""
        return f"{' or '.join(cls.writers)} file"

    @classmethod
    @checked
    def check_output(cls, path: str) -> None:
        """Raise ValueError unless the answer can be written there."""
        check_writable(path, endings=cls.writers)

    def write(self, path: str) -> None:
        """Write the answer to a file, in the format of its ending: .json, .html and what the command has besides.

        path: of the file.

        Raises:
            ValueError: the ending is none of these, or the file cannot be written.
        """
        self.check_output(path)
        write_file(path, self.writers[PurePath(path).suffix](self))

    @classmethod
    @checked
    def where(cls, path: str) -> tuple[str, ...]:
        """What `write` has written to this path, a line each, where the path does not say it."""
        return ()

    @checked
    def show(self, screen: Console) -> None:
        """Print the answer on a screen."""
        for part in self.summary.all:
            screen.print(one_line(part) if isinstance(part, str) else part.text(console().width))

    def __str__(self) -> str:
        """What the command prints."""
        file = io.StringIO()
        self.show(console(file=file))
        return file.getvalue().rstrip("\n")

    def __repr__(self) -> str:
        """The kind of answer and what it says, in a line; print shows all."""
        return f"<{type(self).__name__}: {shorten(one_line((*self.words, self.title)[0]), 100, placeholder=' ...')}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        lines = (f"<p>{escape(one_line(p))}</p>" if isinstance(p, str) else p.html() for p in self.summary.all if p)
        return "\n".join(lines)


def _document(form: str) -> Callable[[Typeset], str]:
    """What writes an answer as a document: latex or markdown."""

    def write(answer: Typeset) -> str:
        from temperance.show import document

        return str(getattr(document, form)(answer.document))

    return write


class Typeset(Answer):
    """An answer that is also written as LaTeX and as Markdown."""

    writers = MappingProxyType({**Answer.writers, ".tex": _document("latex"), ".md": _document("markdown")})

    @property
    def document(self) -> Document:
        """What these files hold."""
        from temperance.show.document import of_summary

        return of_summary(self.summary, self.symbols)

    @property
    def symbols(self) -> Set[str]:
        """The parameters of a formula, which are set as symbols."""
        record = self.record if isinstance(self.record, dict) else {}
        formula = record.get("gate_formula") or record.get("setting", {}).get("gate_formula") or {}
        return {*formula.get("own", ()), *formula.get("shared", ())}


class Refused(BadInput):
    """Some of what was asked cannot be answered; answer: the answer to the rest."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer
