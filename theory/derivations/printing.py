"""Prints a derivation as Markdown, LaTeX, or the cells of a notebook."""

from __future__ import annotations

import re

from temperance.theory.derivations.derivation import Code, Derivation, Formula, Paragraph

_OPENING, _CLOSING = re.compile(r"\\begin|\\left\W?|[{(]"), re.compile(r"\\end|\\right\W?|[})]")
LONG = 110  # characters of LaTeX after which a formula is broken at its plus and minus signs

# a row that is still too long to fit is scaled down to the width of the text
_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=2cm]{geometry}
\usepackage{graphicx}
\allowdisplaybreaks
\newcommand{\fit}[1]{\sbox0{$\displaystyle #1$}"""
_PREAMBLE += r"\ifdim\wd0>0.97\linewidth\resizebox{0.97\linewidth}{!}{\usebox0}\else\usebox0\fi}"


def markdown(d: Derivation) -> str:
    """The derivation as a Markdown document, formulas between dollars."""
    parts = [f"# {d.title}"]
    for step in d.steps:
        parts.append(f"## {step.name}")
        parts += [_markdown_block(b) for b in step.blocks if not isinstance(b, Code)]
    return "\n\n".join(parts) + "\n"


def _markdown_block(block: Paragraph | Formula) -> str:
    if isinstance(block, Paragraph):
        text = block.content  # Markdown reads these marks as themselves
        return text.replace(r"\^{}", "^").replace(r"\%", "%").replace(r"\&", "&").replace(r"\#", "#")
    rows = " \\\\\n".join("& " + row for line in block.lines for row in broken(line))
    return f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$"


def latex(d: Derivation) -> str:
    """The derivation as a LaTeX document that pdflatex compiles."""
    parts = [_PREAMBLE, rf"\title{{{d.title}}}", r"\date{}", r"\begin{document}", r"\maketitle"]
    for step in d.steps:
        parts.append(rf"\section{{{step.name}}}")
        for block in step.blocks:
            if isinstance(block, Paragraph):
                parts.append(block.content + "\n")
            elif isinstance(block, Formula):
                rows = (rf"& \fit{{{row}}}" for line in block.lines for row in broken(line))
                parts.append("\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}")
    return "\n".join([*parts, r"\end{document}", ""])


def cells(d: Derivation) -> list[tuple[str, str]]:
    """("markdown" | "code", source) for every cell; the code recomputes the step it follows."""
    sources = [("markdown", f"# {d.title}")]
    for step in d.steps:
        prose = [_markdown_block(b) for b in step.blocks if not isinstance(b, Code)]
        sources.append(("markdown", "\n\n".join([f"## {step.name}", *prose])))
        sources += [("code", b.source) for b in step.blocks if isinstance(b, Code)]
    return sources


def broken(line: str) -> list[str]:
    """The line cut at plus and minus signs outside all brackets, into pieces shorter than LONG where there are such."""
    if len(line) <= LONG:
        return [line]
    rows, current, depth = [], "", 0
    for word in line.split(" "):
        if depth == 0 and word in ("+", "-") and len(current) > LONG // 2:
            rows.append(current)
            current = r"\qquad"
        current += (" " if current else "") + word
        depth += len(_OPENING.findall(word)) - len(_CLOSING.findall(word))
    return [*rows, current]
