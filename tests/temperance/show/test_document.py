"""Prose from plain text, and documents as LaTeX, HTML and Markdown."""

import math

import pytest

import temperance
from temperance.show.document import (
    Document,
    Figure,
    Grid,
    Section,
    Theorem,
    html,
    latex,
    markdown,
    typeset,
    typeset_cell,
)
from temperance.show.output import BadInput, Display, check_writable, console, to_json, write_file
from temperance.show.plots import Curve, Curves
from temperance.show.table import Table, coloured
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
    "the gate's s'": r"the gate's ${s}'$",
    "sqrt(a + 1) of b": r"$\sqrt{a + 1}$ of $b$",
    "of each | of --truth, or <pattern>": r"of each \textbar{} of -{}-truth, or \textless{}pattern\textgreater{}",
}


def test_wide_formulas_may_break_in_lines_and_shrink_in_cells():
    fraction = r"\frac{" + " + ".join("abcdefgh") + "}{2}"
    tuple_ = f"$({', '.join([fraction] * 3)})$"
    grid = Grid(Table("Wide", ("one",), ((f"${fraction}$",),)), "wide")
    text = latex(Document("t", (), (Section("s", "S", (Paragraph(f"Short, $(a, b)$: {tuple_}, and more."), grid)),)))
    assert "Short, $(a, b)$: " in text
    assert "$, and more." in text
    assert text.count(r",\allowbreak ") == 2
    assert rf"\fit{{\textstyle {fraction}}} \\" in text


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


def test_letters_are_outlines_in_pictures_and_whole_where_pages_are_searched():
    line = Curve("measured", (1.0, 2.0), "fi")
    figure = Figure(Curves(title="t", axes=("tau", "y"), x=(0.0, 1.0), lines=(line,)), "c", "f")
    assert b"/Type3" not in figure.bytes_in("pdf")
    head = latex(DOCUMENT).split(r"\begin{document}")[0]
    assert head.index(r"\usepackage[resetfonts]{cmap}") < head.index(r"{\usepackage[T1]{fontenc}\usepackage{lmodern}}")


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


# -- tables, JSON and files that are written whole or not at all


@pytest.mark.parametrize("columns", [8, 20])
def test_a_table_without_room_for_its_words_loses_no_letter(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    table = Table("c", ("first", "second"), (("homogeneous and a half", "mirror"), ("", "odd")))
    console().print(table.text(console().width))
    letters = sorted("".join(capsys.readouterr().out.replace("─", "").split()))
    assert letters == sorted("firstsecondhomogeneousandahalfmirrorodd")


@pytest.mark.parametrize(
    ("text", "style"),
    [("holds, not at tau = 1", "green"), ("crashed", "red"), ("undecided", "yellow"), ("tau", ""), ("", "")],
)
def test_a_cell_has_the_colour_of_its_first_word(text, style):
    assert (coloured(text).plain, coloured(text).style) == (text, style)


def test_json_is_strict_and_keeps_the_order():
    assert to_json({"b": 1, "a": None}) == '{\n  "b": 1,\n  "a": null\n}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json([math.nan])


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "f.txt"
    write_file(str(path), "one")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BadInput, match="No space left"):
        write_file(str(path), "two")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("f.txt", "one")]


@pytest.mark.parametrize(
    ("name", "words"), [("f.txt", r"accepted: \.json"), ("no/f.json", "folder"), (".json", ".json")]
)
def test_a_place_for_a_file_is_checked_before(tmp_path, name, words):
    with pytest.raises(BadInput, match=words):
        check_writable(str(tmp_path / name), endings=(".json",))
    assert check_writable(str(tmp_path / "f.json"), endings=(".json",)).name == "f.json"


def test_progress_is_silent_without_a_terminal(capsys):
    with Display() as shown, shown.doing("counting") as tell:
        tell(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_table_of_records_has_their_cells():
    table = Table.of("c", {"name": "n", "size": lambda r: f"{r['size']:.1f}"}, [{"n": "a", "size": 2}])
    assert (table.columns, table.rows) == (("name", "size"), (("a", "2.0"),))


def test_a_table_of_a_page_has_a_caption_and_badges():
    html = Table("a & b", ("verdict",), (("holds, <1>",),)).html("id")
    assert '<caption id="id">a &amp; b</caption>' in html
    assert '<th scope="row" class="short"><span class="badge holds">holds, &lt;1&gt;</span></th>' in html
    assert Table("c", ("x",), (("<\n",),)).html().endswith("<tbody><tr><td>&lt;</td></tr></tbody></table>")
