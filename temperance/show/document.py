r"""Holds a paper as sections of typed blocks, and writes them as LaTeX, as HTML and as the cells of a notebook.

Prose is LaTeX: formulas between dollars, and of commands `\texttt`, `\emph`, `\cite` and `\ref` alone. What an answer
says in plain text is set by `typeset`; a cell of a table by `typeset_cell`.

>>> typeset("beta1 has the rate n^(-1/8), see `temperance fit`", {"beta1"})
'$\\beta_{1}$ has the rate $n^{-1/8}$, see \\texttt{temperance fit}'
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import accumulate

import sympy as sp
from markupsafe import Markup

from temperance.show.page import COMMAND, SPECIAL, pieces, prose, render
from temperance.show.plots import Picture, panels
from temperance.show.table import Part, Summary, Table
from temperance.theory.interactions.interactions import tex
from temperance.theory.symmetries.derivation import Code, Derivation, Formula, Paragraph, aligned, displayed

NAMES = frozenset({"beta0", "beta1", "tau", "nu", "lambda", "delta", "r_bar", "x1", "x2", *"ghkLmnpSuxyz"})
"""Names in any prose."""
_FUNCTIONS = frozenset({"tanh", "sinh", "cosh", "sin", "cos", "exp", "log", "sqrt", "abs", "max", "min", "sigmoid"})
_UPRIGHT = frozenset({"abs", "sigmoid"})  # functions that LaTeX has no command for
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+\b)?"
_WORD = (
    r"[0-9]*k\*(?![\w(])|u_\{[^{}]*\}"
    r"|[A-Za-z]+[0-9]*'?(?:_(?:[0-9]+|bar\b|[ijkl]\b))*(?:\[[0-9ij]+\](?:_[0-9]+)?)?"
)
_LEAF = re.compile(rf"{_WORD}|{_NUMBER}")
_LEXEME = re.compile(
    rf"`[^`]*`|[A-Za-z]{{2,}}'s\b|\[-?[\d.]+, -?[\d.]+\](?:\^\d)?|\+-|<->|->|>=|<=|\*\*|{_WORD}|{_NUMBER}|[-+*/^=<>(),]"
)
_RELATION = re.compile(r"\s*(<->|->|>=|<=|=|<|>)\s*")
_SIGNS = {"<->": r"\leftrightarrow", "->": r"\to", ">=": r"\geq", "<=": r"\leq", "+-": r"\pm"}
_ESCAPED = re.compile(r"\\[_&%#{}$]")
_USUAL = NAMES | {"a", "b", "c"}
_ARTICLE = re.compile(r" (?!(?:and|are|has|is|or)\b)[a-z]")
"""What follows "a" where it is no parameter."""


@dataclass(frozen=True)
class Theorem:
    """A numbered statement with its proof.

    kind: Theorem, Proposition or Assumption; title: in brackets; label: for `\\ref`.
    """

    kind: str
    title: str
    label: str
    statement: tuple[Block, ...]
    proof: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Grid:
    """A numbered table; its cells are prose already."""

    table: Table
    label: str

    def html(self, numbers: Mapping[str, str]) -> Markup:
        """The table on a page; numbers: what stands for each label."""
        lines = (self.table.columns, *self.table.rows)
        heads, *rows = (tuple(prose(cell, numbers) for cell in line) for line in lines)
        caption = Markup("Table {}. {}").format(numbers[self.label], prose(self.table.caption, numbers))
        return Table(caption, heads, tuple(rows)).html(self.label)


@dataclass(frozen=True)
class Figure:
    """A numbered picture with its caption; stem: of its files."""

    picture: Picture
    caption: str
    stem: str

    def bytes_in(self, kind: str) -> bytes:
        """The picture as a file of a kind, pdf or png: its title is in the caption, its axes have symbols."""
        from matplotlib import rc_context

        file = io.BytesIO()
        axes = (_axis(self.picture.axes[0]), _axis(self.picture.axes[1]))
        metadata = {"CreationDate": None} if kind == "pdf" else None
        with rc_context({"pdf.fonttype": 42}):  # letters as TrueType, which journals take
            panels([replace(self.picture, title="", axes=axes)]).savefig(
                file, format=kind, bbox_inches="tight", metadata=metadata
            )
        return file.getvalue()


def _axis(label: str) -> str:
    """The name of an axis; parameters as symbols."""
    prose = typeset_cell(label)
    return prose if "$" in prose and not _ESCAPED.search(prose) else label


Block = Paragraph | Formula | Code | Theorem | Grid | Figure


@dataclass(frozen=True)
class Section:
    """A section: the stem of its file, which is its label too, its title and blocks; appendix: where it stands."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    appendix: bool = False


@dataclass(frozen=True)
class Document:
    """A paper.

    Attributes:
        title: in prose.
        abstract: paragraphs of prose.
        sections: those of the appendix last.
        references: by their keys, in prose.
    """

    title: str
    abstract: tuple[str, ...]
    sections: tuple[Section, ...]
    references: dict[str, str] = field(default_factory=dict)

    def numbers(self) -> dict[str, str]:
        """The number of every label: sections by themselves, theorems, tables and figures each in one row."""
        numbers: dict[str, str] = {}
        counts = {Theorem: 0, Grid: 0, Figure: 0}
        main = appendix = 0
        for section in self.sections:
            main, appendix = (main, appendix + 1) if section.appendix else (main + 1, appendix)
            numbers[section.name] = chr(64 + appendix) if section.appendix else str(main)
            for block in _all(section.blocks):
                if isinstance(block, Theorem | Grid | Figure):
                    counts[type(block)] += 1
                    numbers[_label(block)] = str(counts[type(block)])
        return numbers

    def figures(self) -> list[Figure]:
        """All figures, in order."""
        return [b for section in self.sections for b in _all(section.blocks) if isinstance(b, Figure)]


def _all(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Theorem):
            yield from _all((*block.statement, *block.proof))


def _label(block: Theorem | Grid | Figure) -> str:
    return block.stem if isinstance(block, Figure) else block.label


def symbol(name: str) -> str:
    """A parameter by its name, as LaTeX between dollars."""
    return f"${_latex_leaf(name)}$"


def _latex_leaf(leaf: str) -> str:
    """A name or a number; u_{p q} is a derivative of u, and beta1[i] is of atom i."""
    if leaf[0].isdigit() or leaf.endswith("*"):
        number, _, exponent = leaf.partition("e")
        power = rf"{number} \cdot 10^{{{int(exponent)}}}" if exponent else leaf.replace("*", "^*")
        return power.removeprefix(r"1 \cdot ")
    if leaf.startswith("u_{"):
        return "u_{" + r"\,".join(map(_latex_leaf, leaf[3:-1].split())) + "}"
    if leaf in _FUNCTIONS:
        return rf"\mathrm{{{leaf}}}" if leaf in _UPRIGHT else f"\\{leaf}"
    name = re.sub(r"(\[\w+\])(_\d+)$", r"\2\1", leaf.replace("'", "prime"))
    return r"\bar r" if leaf == "r_bar" else tex(sp.Symbol(name))


def plain(text: str) -> str:
    """Plain text with the characters escaped that LaTeX reads."""
    return "".join(SPECIAL.get(mark, mark) for mark in text).replace("--", "-{}-")


def typeset(text: str, names: Set[str] = frozenset()) -> str:
    """What an answer says as prose: its formulas in these names and `NAMES` as LaTeX, `code` as code."""
    lexemes = list(_LEXEME.finditer(text))
    parts, end = [], 0
    for number, lexeme in enumerate(lexemes):
        if lexeme.start() >= end:
            parts.append(plain(text[end : lexeme.start()]))
            prose, end = _first_formula(text, lexemes[number:], names | NAMES)
            parts.append(prose)
    return "".join([*parts, plain(text[end:])]).replace("--", "-{}-")


def _first_formula(text: str, lexemes: Sequence[re.Match[str]], names: Set[str]) -> tuple[str, int]:
    """The longest formula that begins with the first lexeme, or that lexeme, as prose; and where it ends."""
    start, whole, end = lexemes[0].start(), lexemes[0][0], lexemes[0].end()
    if whole[0] == "`":
        return rf"\texttt{{{plain(whole[1:-1])}}}", end
    if whole[0] == "[" or whole in _SIGNS:
        return f"${_SIGNS.get(whole, whole)}$", end
    is_sign = whole != "-" or (text[:start][-1:] in ("", *" (=,") and text[end : end + 1] != " ")
    if whole[0] not in "*/^=<>,+)" and is_sign:
        for last in _ends(text, lexemes, names):
            formula = _formula(text[start:last], names)
            if formula and not (text[start:last] in ("a", "A", "I") and _ARTICLE.match(text[last:])):
                return f"${formula}$", last
    return (f"${_latex_leaf(whole)}$" if re.fullmatch(r"[\d.]+e[+-]?\d+", whole) else plain(whole)), end


def _ends(text: str, lexemes: Sequence[re.Match[str]], names: Set[str]) -> list[int]:
    """Where a formula may end that begins with the first lexeme, the last place first."""
    depth, ends = 0, []
    for number, lexeme in enumerate(lexemes):
        whole = lexeme[0]
        gap = text[lexemes[number - 1].end() : lexeme.start()] if number else ""
        depth += {"(": 1, ")": -1}.get(whole, 0)
        is_word = whole[0].isalpha() and not _is_symbol(whole, names) and whole not in _FUNCTIONS
        if is_word or gap not in ("", " ") or depth < 0 or whole[0] in "`[" or whole == "+-":
            break
        if whole == "," and depth == 0:
            break
        ends += [lexeme.end()] * (depth == 0)
    return ends[::-1]


def _is_symbol(word: str, names: Set[str]) -> bool:
    """Whether a word is a parameter, maybe of an atom, as beta1_2, or one letter."""
    bare = re.sub(r"\[[0-9ij]+\]", "", word)
    base = re.sub(r"(_[0-9ijkl]+)*$", "", bare)
    return bool({bare, base} & names) or len(base.rstrip("'")) == 1 or word.startswith("u_{") or word.endswith("k*")


def _formula(text: str, names: Set[str]) -> str | None:
    """The LaTeX of a formula in plain text; None of what is none, such as one letter or numbers alone."""
    leaves = _LEAF.findall(text)
    is_name = any(leaf in names or (len(leaf) > 1 and leaf[0].isalpha() and _is_symbol(leaf, names)) for leaf in leaves)
    has_letter = len(leaves) > 1 and any(leaf[0].isalpha() for leaf in leaves)
    depths = list(accumulate({"(": 1, ")": -1}.get(mark, 0) for mark in text))
    in_brackets = text[0] == "(" and depths.index(0) == len(text) - 1 and "," not in text
    is_formula = is_name or has_letter or re.search(r"\*\*|\^|k\*$", text)
    if in_brackets or not is_formula or re.search(r"[\w\])] \(", text):
        return None
    try:
        return formula(text)
    except (SyntaxError, ValueError):
        return None


def formula(text: str) -> str:
    """The LaTeX of a formula in plain text, its factors and terms in the order in which they stand.

    Raises:
        SyntaxError, ValueError: it is none.
    """
    leaves = _LEAF.findall(text)
    numbers = iter(range(len(leaves)))
    source = _LEAF.sub(lambda _: f"v{next(numbers)}", text).replace("^", "**")
    if source.startswith("(") and "," in source:  # (l beta1, l tau)
        source = re.sub(r"(?<=\d) (?=v)", "*", source)
    words = {f"v{i}": _latex_leaf(leaf) for i, leaf in enumerate(leaves)}
    return " ".join(
        _SIGNS.get(side, side) if i % 2 else _printed(ast.parse(side.strip(), mode="eval").body, words)
        for i, side in enumerate(_RELATION.split(source))
    )


def _printed(node: ast.expr, words: Mapping[str, str], least: int = 0) -> str:
    """The LaTeX of a tree whose names stand for words; in brackets if it binds more loosely than least."""
    level = 4
    match node:
        case ast.Name(name):
            leaves = re.findall(r"v\d+", name)  # several where a number stands before a name, as in 2r
            text, level = " ".join(words[leaf] for leaf in leaves), 4 if len(leaves) == 1 else 2
        case ast.Tuple(elements):
            text = f"({', '.join(_printed(e, words) for e in elements)})"
        case ast.Call(ast.Name(name), arguments, []):
            inner = ", ".join(_printed(a, words) for a in arguments)
            text = rf"\sqrt{{{inner}}}" if words[name] == r"\sqrt" else f"{words[name]}({inner})"
        case ast.UnaryOp(ast.USub(), operand):
            text, level = f"-{_printed(operand, words, 2)}", 2
        case ast.BinOp(left, ast.Add() | ast.Sub() as sign, right):
            mark = "+" if isinstance(sign, ast.Add) else "-"
            text, level = f"{_printed(left, words)} {mark} {_printed(right, words, 2)}", 1
        case ast.BinOp(left, ast.Mult(), right):
            factor = _printed(right, words, 2)
            times = r"\cdot " if factor[0].isdigit() or factor[0] == "-" else ""
            text, level = f"{_printed(left, words, 2)} {times}{factor}", 2
        case ast.BinOp(left, ast.Div(), right) if all(isinstance(n, ast.Name | ast.UnaryOp) for n in (left, right)):
            text, level = f"{_printed(left, words)}/{_printed(right, words, 3)}", 2
        case ast.BinOp(left, ast.Div(), right):
            text, level = rf"\frac{{{_printed(left, words)}}}{{{_printed(right, words)}}}", 3
        case ast.BinOp(left, ast.Pow(), right):
            text, level = f"{_printed(left, words, 4)}^{{{_printed(right, words)}}}", 3
        case _:
            raise ValueError
    return f"({text})" if level < least else text


def sentence(text: str, names: Set[str] = frozenset()) -> str:
    """A text as prose that begins with a capital letter, or a symbol, and ends with a full stop."""
    prose = typeset(text, names)
    head = prose[:1].upper() if prose[1:2].isalpha() or prose.startswith("a ") else prose[:1]
    return head + prose[1:] + ("" if prose.endswith((".", ":")) else ".")


def typeset_cell(cell: str, names: Set[str] = frozenset()) -> str:
    """A cell of a table as prose: also a name that stands there alone, as "mean a", or beside others between commas."""
    if cell.startswith("mean "):
        return f"mean {typeset_cell(cell.removeprefix('mean '), names)}"
    words = cell.split(", ")
    if all(word in names | NAMES for word in words):
        return ", ".join(map(symbol, words))
    return typeset(cell, names)


def blocks_of(parts: Sequence[Part], label: str, names: Set[str], skipped: Set[str]) -> tuple[Block, ...]:
    """Lines and tables of an answer as blocks, the tables labelled in turn; without the lines that are skipped."""
    blocks: list[Block] = []
    for part in parts:
        if isinstance(part, Table):
            number = sum(isinstance(block, Grid) for block in blocks) + 1
            rows = tuple(tuple(typeset_cell(cell, names) for cell in row) for row in part.rows)
            heads = tuple(typeset_cell(head, names) for head in part.columns)
            blocks.append(Grid(Table(typeset(part.caption, names), heads, rows), f"{label}-{number}"))
        elif part.strip() and part not in skipped:
            blocks.append(Paragraph(sentence(part.strip(), names)))
    return tuple(blocks)


def of_summary(summary: Summary, names: Set[str] = frozenset()) -> Document:
    """What an answer prints, as a document of one section; names: of parameters, beside the usual ones."""
    names = names | _USUAL
    blocks = blocks_of(summary.parts, "table", names, {summary.title})
    words = tuple(sentence(line, names) for line in summary.words)
    return Document(typeset(summary.title, names), words, (Section("answer", "Reasons", blocks),))


def of_derivation(derived: Derivation) -> Document:
    """The steps of a derivation, with the code that recomputes them, as sections."""
    steps = (Section(step.name.lower().replace(" ", "-"), step.name, step.blocks) for step in derived.steps)
    names = {p.name for p in derived.interactions.spec.parameters}
    return Document(typeset(derived.title, names), (), tuple(steps))


# as LaTeX

_PREAMBLE = r"""\documentclass{article}
\usepackage[resetfonts]{cmap}
\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}
\usepackage{amsmath,amssymb,amsthm}
\usepackage[margin=2.4cm]{geometry}
\usepackage{graphicx,longtable,array}
\usepackage[hidelinks]{hyperref}
\allowdisplaybreaks
\emergencystretch=9em
\renewcommand{\arraystretch}{1.25}
\setlength{\LTcapwidth}{\linewidth}
\newtheorem{theorem}{Theorem}
\newtheorem{proposition}[theorem]{Proposition}
\newtheorem{assumption}[theorem]{Assumption}
\newcommand{\fit}[1]{\sbox0{$\displaystyle #1$}"""
_PREAMBLE += "\\ifdim\\wd0>0.94\\linewidth\\resizebox{0.94\\linewidth}{!}{\\usebox0}\\else\\usebox0\\fi}\n"
_BREAK = r"\1\\allowbreak{}"
_WIDTH = 92  # characters of a line of a table
_WIDE = 24  # characters of a fraction that may be too wide for a column
_LONG = 80  # characters of a formula that may be broken in a line
_FORMULA = re.compile(r"\$([^$]*)\$")


def latex(document: Document) -> str:
    """The document as one file."""
    files = latex_files(document)
    return re.sub(r"\\input\{(.*?)\}", lambda name: files[f"{name[1]}.tex"].strip(), files["paper.tex"])


def latex_files(document: Document) -> dict[str, str]:
    """The document as files, by their names: paper.tex, which inputs the others, each of which can be input alone."""
    appendix = next((s.name for s in document.sections if s.appendix), None)
    lines = [_PREAMBLE + rf"\title{{{document.title}}}", r"\author{}", r"\date{}", r"\begin{document}", r"\maketitle"]
    if document.abstract:
        lines += [r"\begin{abstract}", "\n\n".join(document.abstract), r"\end{abstract}"]
    for section in document.sections:
        lines += [r"\appendix"] * (section.name == appendix) + [rf"\input{{sections/{section.name}}}"]
    items = [rf"\bibitem{{{key}}} {text}" for key, text in document.references.items()]
    lines += [r"\begin{thebibliography}{9}", *items, r"\end{thebibliography}"] if items else []
    files = {"paper.tex": "\n".join([*lines, r"\end{document}", ""])}
    for section in document.sections:
        head = rf"\section{{{section.title}}}\label{{{section.name}}}"
        files[f"sections/{section.name}.tex"] = f"{head}\n{_latex_blocks(section.blocks)}\n"
    return files


def _latex_blocks(blocks: Sequence[Block]) -> str:
    """Blocks, one below the other; a formula belongs to the paragraph before it."""
    parts = []
    for block in blocks:
        parts += ["\n" * (not isinstance(block, Formula | Code)) + _latex(block)]
    return "\n".join(parts).strip()


def _latex(block: Block) -> str:
    match block:
        case Paragraph(content):
            return _FORMULA.sub(_breakable_tuple, COMMAND.sub(_breakable, content))
        case Formula(lines):
            return displayed(lines)
        case Code():
            return ""
        case Grid():
            return _latex_table(block)
        case Figure(_, caption, stem):
            included = rf"\includegraphics[width=.62\linewidth]{{figures/{stem}.pdf}}"
            named = f"\\caption{{{caption}}}\\label{{{stem}}}"
            return f"\\begin{{figure}}[htbp]\n\\centering\n{included}\n{named}\n\\end{{figure}}"
    kind = block.kind.lower()
    inner = _latex_blocks(block.statement)
    text = f"\\begin{{{kind}}}[{block.title}]\\label{{{block.label}}}\n{inner}\n\\end{{{kind}}}"
    proof = f"\n\\begin{{proof}}\n{_latex_blocks(block.proof)}\n\\end{{proof}}" if block.proof else ""
    return text + proof


def _breakable(command: re.Match[str]) -> str:
    """A command of LaTeX; code may be broken after its signs, and has the straight quotes of a shell."""
    name, inner = command.groups()
    code = re.sub(r"([*/,+])", _BREAK, inner).replace("'", r"\textquotesingle{}")
    return command[0] if name != "texttt" else rf"\texttt{{{code}}}"


def _breakable_tuple(formula: re.Match[str]) -> str:
    """A formula of a paragraph; a long one may be broken after its commas."""
    return formula[0].replace(", ", r",\allowbreak ") if len(formula[1]) > _LONG else formula[0]


def _fitting(formula: re.Match[str]) -> str:
    """A formula in a cell of a table; a wide fraction shrinks to the width of the column."""
    is_wide = r"\frac" in formula[1] and len(_seen(formula[1])) > _WIDE
    return rf"\fit{{\textstyle {formula[1]}}}" if is_wide else formula[0]


def _latex_table(grid: Grid) -> str:
    """A table that may go on over pages, its columns as wide as what they hold."""
    table = grid.table
    longest = [max(len(_seen(row[i])) for row in (table.columns, *table.rows)) for i in range(len(table.columns))]
    room = _WIDTH - 3 * len(longest)
    short = [w for w in longest if w <= room / len(longest)]
    share = (room - sum(short)) / max(1, sum(w for w in longest if w > room / len(longest)))
    widths = [w if w in short else w * min(1.0, share) for w in longest]
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{max(w, 3) / _WIDTH:.3f}\linewidth}}" for w in widths)
    head = " & ".join(table.columns) + r" \\ \hline"
    rows = [_FORMULA.sub(_fitting, " & ".join(row)) + r" \\" for row in table.rows]
    caption = rf"\caption{{{table.caption}}}\label{{{grid.label}}} \\ \hline"
    again = rf"\multicolumn{{{len(widths)}}}{{l}}{{Table \ref{{{grid.label}}}, continued}} \\ \hline"
    return "\n".join(
        [
            rf"\begin{{longtable}}{{{columns}}}",
            caption,
            head + r" \endfirsthead",
            again,
            head + r" \endhead",
            *rows,
            r"\hline",
            r"\end{longtable}",
        ]
    )


def _seen(cell: str) -> str:
    """About what is seen of a cell."""
    return re.sub(r"[{}$_^\\]", "", re.sub(r"\\[a-z]+", ".", cell))


# as HTML


def html(document: Document) -> str:
    """The document as one HTML file that loads nothing."""
    return render("paper.html", document=document, numbers=document.numbers())


# as a notebook


def cells(document: Document) -> list[tuple[str, str]]:
    """The cells of a notebook, as pairs ("markdown" | "code", source)."""
    numbers = document.numbers()
    head = [f"# {_markdown(document.title, numbers)}", *(_markdown(a, numbers) for a in document.abstract)]
    out = [("markdown", "\n\n".join(head))]
    for section in document.sections:
        prose = [f"## {numbers[section.name]}. {_markdown(section.title, numbers)}"]
        for block in section.blocks:
            if isinstance(block, Code):
                out += [("markdown", "\n\n".join(prose))] * bool(prose) + [("code", block.source)]
                prose = []
            else:
                prose.append(_markdown_block(block, numbers))
        out += [("markdown", "\n\n".join(prose))] * bool(prose)
    listed = "\n".join(f"- [{key}] {_markdown(text, numbers)}" for key, text in document.references.items())
    return [*out, *[("markdown", f"## References\n\n{listed}")] * bool(listed)]


def markdown(document: Document) -> str:
    """The document as Markdown, without code."""
    return "\n\n".join(source for kind, source in cells(document) if kind == "markdown") + "\n"


def _markdown(prose: str, numbers: dict[str, str]) -> str:
    """Prose as Markdown: formulas as they are, the rest as the characters that it stands for."""
    marks = {"formula": "$", "texttt": "`", "emph": "*"}
    parts = []
    for kind, content in pieces(prose):
        shown = numbers.get(content, content) if kind == "ref" else f"[{content}]" if kind == "cite" else content
        parts.append(f"{marks.get(kind, '')}{shown}{marks.get(kind, '')}")
    return "".join(parts)


def _markdown_block(block: Block, numbers: dict[str, str]) -> str:
    match block:
        case Paragraph(content):
            return _markdown(content, numbers)
        case Formula(lines):
            return aligned(lines)
        case Code(source):
            return f"```python\n{source}\n```"
        case Grid(table, label):
            grid = [table.columns, tuple("---" for _ in table.columns), *table.rows]
            shown = "\n".join(
                "| " + " | ".join(_markdown(c, numbers).replace("|", r"\|") for c in row) + " |" for row in grid
            )
            return f"Table {numbers[label]}. {_markdown(table.caption, numbers)}\n\n{shown}"
        case Figure(_, caption, stem):
            return f"![](figures/{stem}.png)\n\nFigure {numbers[stem]}. {_markdown(caption, numbers)}"
    title = f"**{block.kind} {numbers[block.label]} ({_markdown(block.title, numbers)}).**"
    parts = [title, *(_markdown_block(b, numbers) for b in block.statement)]
    if block.proof:
        parts += ["*Proof.*", *(_markdown_block(b, numbers) for b in block.proof), "∎"]
    return "\n\n".join(parts)
