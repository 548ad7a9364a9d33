"""Prose from plain text, and documents as LaTeX, HTML and Markdown."""

import pytest

import temperance
from temperance.show.document import Document, Grid, Section, Theorem, html, latex, markdown, typeset, typeset_cell
from temperance.show.table import Table
from temperance.theory.symmetries.derivation import Formula, Paragraph

PROSE = {
    "rates n^(-1/4) of beta1/tau": r"rates $n^{-1/4}$ of $\beta_{1}/\tau$",
    "(b, -c, l*beta0)": r"$(b, -c, l \beta_{0})$",
    "beta1_2 = -beta1_1": r"$\beta_{1,2} = -\beta_{1,1}$",
    "a = 1 in a cell": "$a = 1$ in a cell",
    "a cell of a, b": "a cell of $a$, $b$",
    "`fit --seed 1` at 5%, k* = 2": r"\texttt{fit -{}-seed 1} at 5\%, $k^* = 2$",
    "and/or, 2*x**2": r"and/or, $2 x^{2}$",
    "tau^-5 or tau^(-5/2), not 2^-8": r"$\tau^{-5}$ or $\tau^{-5/2}$, not $2^{-8}$",
    "some_name & more": r"some\_name \& more",
    "tanh(beta1*x + c)/tau, a gate": r"$\frac{\tanh(\beta_{1} x + c)}{\tau}$, a gate",
    "for k >= 2k*, s(-b*x) - s(0)": r"for $k \geq 2k^*$, $s(-b x) - s(0)$",
    "c*u_{c b} = b[i]/(a - b[j])": r"$c u_{c\,b} = \frac{b_{i}}{a - b_{j}}$",
    "a new one - a gate; n = 1e6 +-2": r"a new one - a gate; $n = 10^{6}$ $\pm$2",
    "`u_{b}`": r"\texttt{u\_\{b\}}",
}


@pytest.mark.parametrize("text", PROSE)
def test_plain_text_becomes_prose(text):
    assert typeset(text, {"a", "b", "c"}) == PROSE[text]


def test_a_name_alone_in_a_cell_is_a_symbol():
    assert [typeset_cell(c, {"a", "b"}) for c in ("a", "mean a", "a, b", "a cell")] == [
        "$a$",
        "mean $a$",
        "$a$, $b$",
        "a cell",
    ]


TABLE = Table("Of $x$", ("name", "value"), (("$a$", r"50\%"), ("b", "1 | 2")))
STATEMENT = (Paragraph("It is $0$."), Formula(("0 = 0",)))
THEOREM = Theorem("Theorem", "of nothing", "nothing", STATEMENT, (Paragraph(r"By Table \ref{t}."),))
DOCUMENT = Document(
    "A title",
    (r"It is so \cite{k}, \texttt{u\_\{b\}}.",),
    (Section("s", "First", (THEOREM, Grid(TABLE, "t"))),),
    {"k": "A work"},
)


def test_a_document_in_three_languages():
    tex, page, text = latex(DOCUMENT), html(DOCUMENT), markdown(DOCUMENT)
    assert r"\begin{theorem}[of nothing]\label{nothing}" in tex
    assert r"\begin{proof}" in tex
    assert "<strong>Theorem 1 (of nothing).</strong>" in page
    assert 'By Table <a href="#t">1</a>.' in page
    assert "50%" in page
    assert "<code>u_{b}</code>." in page
    assert "`u_{b}`." in text
    assert "**Theorem 1 (of nothing).**" in text
    assert "| b | 1 \\| 2 |" in text
    assert "[k] A work" in text


@pytest.mark.parametrize("ending", [".tex", ".md"])
def test_answers_are_written_as_latex_and_markdown(ending, tmp_path):
    answers = {
        "predict": temperance.predict("softmax", true=2, fitted=3),
        "exponents": temperance.exponents("softmax", bounds_only=True),
        "twins": temperance.twins("tanh"),
        "coefficient": temperance.coefficient("softmax", true=2, fitted=3),
        "efficiency": temperance.efficiency(gate="softmax", parameter="beta1"),
    }
    for name, answer in answers.items():
        path = tmp_path / f"{name}{ending}"
        answer.write(str(path))
        written = path.read_text()
        assert "\\beta_{" in written, name
        assert "beta1" not in written.replace(r"\beta_{1}", ""), name
