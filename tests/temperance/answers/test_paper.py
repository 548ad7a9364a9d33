"""`paper`: a folder with a paper on a model, whose numbers are those of the other commands."""

import json
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

import nbformat
import pytest

import temperance
from temperance.answers import paper as module
from temperance.answers.paper import digest
from temperance.commands.app import run
from temperance.measurements.rate_studies import tau_profile
from temperance.measurements.true_measures import read_truth
from temperance.show.document import cells, html, latex_files
from temperance.show.options import Options
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.models.by_name import model

FORMULA = "(beta1*x + beta2*x**3)/tau"  # in no list
TRUTH = {"beta1": ["3/2", 0], "beta2": ["1/2", 0], "tau": "1/2", "x": {"law": "uniform", "low": -2, "high": 1}}


@cache
def of(gate=None, **options):
    """The paper on a gate, without experiments."""
    return temperance.paper(gate, without_experiments=True, **options)


def source_of(gate=None, **options):
    return "\n".join(latex_files(of(gate, **options).document).values())


@pytest.fixture(scope="module")
def paper():
    return temperance.paper(FORMULA, truth=TRUTH, without_experiments=True)


@pytest.fixture(scope="module")
def folder(paper, tmp_path_factory):
    place = tmp_path_factory.mktemp("papers") / "cubic"
    paper.write(str(place))
    return place


@pytest.fixture(scope="module")
def text(paper):
    return "\n".join(latex_files(paper.document).values())


def test_the_folder_has_what_the_readme_says(folder):
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    sections = {"model", "interactions", "identifiability", "rates", "samples", "reproducibility", "relations"}
    assert names == {
        *("paper.tex", "paper.html", "paper.ipynb", "paper.json", "truth.json", "references.bib", "reproduce.sh"),
        *(f"sections/{name}.tex" for name in sections),
        *("certificates/orders-one.json", "certificates/orders-all.json"),
    }


def test_every_order_is_that_of_exponents_at_the_truth(text):
    for split in ("one", "all"):
        found = temperance.exponents(FORMULA, truth=TRUTH, split=split, bounds_only=True).record
        assert found["setting"]["point"] == {"beta1": "3/2", "beta2": "1/2", "tau": "1/2"}
        exact = [r for r in found["orders"] if r["upper"] and r["upper"] == r["lower"]]
        table = text[text.index(rf"\label{{orders-{split}}}") :].split(r"\end{longtable}")[0]
        assert exact
        assert table.count(", exact &") == len(exact)
        assert table.count("none: flat &") == sum(r["flat"] for r in found["orders"])


def test_the_sample_size_is_that_of_efficiency_at_the_truth(text):
    words = temperance.efficiency(gate=FORMULA, parameter="tau", truth=TRUTH).words[0]
    (n,) = re.findall(r"n = (\d+)", words)
    assert f"needs $n = {n}$" in text


def test_what_is_identifiable_has_the_sizes_of_efficiency(text):
    table = text[text.index(r"\caption{Sample sizes}") :].split(r"\end{longtable}")[0]
    for parameter, cell in (("beta2/tau", r"\beta_{2}/\tau"), ("nu", r"\nu")):
        n = temperance.efficiency(gate=FORMULA, parameter=parameter, truth=TRUTH).parameter.n
        (row,) = re.findall(rf"\${re.escape(cell)}\$ & .* & (\d+) \\\\", table)
        assert float(row) == pytest.approx(n, abs=1)


@pytest.mark.parametrize("command", ["exponents", "predict", "efficiency", "twins", "coefficient"])
def test_single_answers_set_the_parameters_of_a_formula_as_symbols(command, tmp_path):
    wanted = {
        "efficiency": {"parameter": "tau"},
        "predict": {"true": 2, "fitted": 3},
        "exponents": {"bounds_only": True},
    }
    wanted["coefficient"] = wanted["predict"]
    getattr(temperance, command)(gate="(w*x + kappa*sin(x))/tau", **wanted.get(command, {})).write(
        str(tmp_path / "o.tex")
    )
    source = re.sub(r"\\texttt\{(?:[^{}\\]|\\.|\{\})*\}", "", (tmp_path / "o.tex").read_text())
    assert r"\kappa" in source
    assert not re.findall(r"(?<!\\)\bkappa", source)


def test_its_conditions_are_those_of_check(text):
    verdicts = temperance.check(gate=FORMULA).words[0].split(": the ")[1]
    assert "condition, for fits of as many atoms as the truth has, fails" in verdicts
    assert f"The {verdicts}" in text
    assert r"temperance check -{}-gate \textquotesingle{}" in text


def test_every_certificate_is_proved_and_has_the_digest_of_the_manifest(folder):
    manifest = json.loads((folder / "paper.json").read_text())
    for name, its_digest in manifest["certificates"].items():
        proofs = json.loads((folder / "certificates" / name).read_text())
        assert digest(proofs) == its_digest
        assert temperance.certify(str(folder / "certificates" / name)).accepted
        assert its_digest[:16] in (folder / "sections" / "reproducibility.tex").read_text()


@pytest.mark.slow
def test_its_commands_run_and_give_its_certificates(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "truth.json", tmp_path)
    commands = (folder / "reproduce.sh").read_text().splitlines()[3:]
    assert {c.split()[1] for c in commands} >= {
        "check",
        "derive",
        "predict",
        "exponents",
        "twins",
        "efficiency",
        "paper",
    }
    for command in commands[:-1]:
        assert run(shlex.split(command)[1:]) == 0, command
    for name in ("orders-one.json", "orders-all.json"):
        assert (tmp_path / name).read_text() == (folder / "certificates" / name).read_text()


def test_prose_has_symbols_and_every_label_is_there(text):
    prose = re.sub(r"\\texttt\{(?:[^{}\\]|\\.|\{\})*\}", "", text)
    assert not re.findall(r"(?<![\\\w])(?:beta[01]|tau|nu)\b", prose)
    labels = set(re.findall(r"\\label\{(.*?)\}", text))
    assert set(re.findall(r"\\ref\{(.*?)\}", text)) <= labels
    assert set(re.findall(r"\\cite\{(.*?)\}", text)) <= set(re.findall(r"\\bibitem\{(.*?)\}", text))


def test_the_page_loads_nothing_and_its_links_lead_somewhere(paper):
    page = html(paper.document)
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert set(re.findall(r'href="#(.*?)"', page)) <= set(re.findall(r'id="(.*?)"', page))
    assert page.count("<math") > 100
    assert "$" not in re.sub(r"<math.*?</math>", "", page, flags=re.DOTALL)


def test_the_notebook_has_run(folder):
    notebook = nbformat.read(folder / "paper.ipynb", as_version=4)
    (code,) = (cell for cell in notebook.cells if cell.cell_type == "code")
    assert code.outputs[0].data["text/plain"] == "[True, True]"


def test_the_remedy_is_decided_and_the_truth_is_regular_by_default():
    found = of("linear", activation="relu")
    remedy = next(s for s in found.document.sections if s.name == "remedy")
    assert any("no" in getattr(b, "content", "") and "learnable" in getattr(b, "content", "") for b in remedy.blocks)
    assert found.truth["beta1"] == [[1.0], [0.0]]
    assert "temperance predict --gate linear --true 2 --fitted 3 --truth truth.json" in found.commands


def test_equal_experts_are_refused_and_names_clash_with_no_symbol():
    with pytest.raises(ValueError, match="must be distinct"):
        temperance.paper("l*x**3/tau", truth={"a": [1, 1], "b": [0, 0], "nu": [1, 1]}, without_experiments=True)
    found = temperance.paper("l*x**3/tau", truth={"l": ["1/3", 1]}, without_experiments=True)
    text = "\n".join(latex_files(found.document).values())
    assert r"(l, \tau, \beta_{0}) \mapsto (k l, k \tau, \beta_{0} k)" in text
    assert found.truth["l"] == ["1/3", 1]
    assert r"\frac{1}{3}" in text
    assert "3333333" not in text


def test_what_is_open_is_said_to_be_open():
    found = of("sigmoid")  # no order where one cell alone is split
    text = "\n".join(source for _, source in cells(found.document))
    assert "Contact orders with one cell of two beside a singleton. Open:" in text


def test_a_proof_shows_its_equations_and_the_determinant_of_the_rank(text):
    assert r"\mathrm{E}[\Delta \beta_{1}^{2}] = O(\|g - g^*\|)" in text
    assert re.search(r"These \d+ derivatives are independent:", text)
    assert "which does not contain 0" in text


def test_the_abstract_says_of_which_fits_each_rate_is(paper):
    openings = [re.match(r"\\emph\{(.*?)\}", part) for part in paper.document.abstract]
    assert [o[1] for o in openings if o] == [
        "With 2 atoms, as many as the truth has.",
        "With 3 atoms.",
        "One true atom fitted by two, beside a singleton.",
        "Every true atom fitted by two.",
    ]
    assert "Nothing was measured" not in "".join(paper.document.abstract)


@pytest.mark.parametrize(
    ("gate", "lost", "relative"),
    [
        ("gaussian", "", r"$\varpi$, $c$, $\Gamma$"),
        ("linear", r"$\beta_{1}$, $\tau$, $\beta_{0}$", ""),
        ("-(x - c)**2/tau", r"$c$, $\tau$, $\beta_{0}$", ""),  # no flow of an atom moves tau, but of all together
        ("exp(w*x) + w*v*x", "", "$v$"),
    ],
)
def test_what_is_relative_to_the_last_atom_is_not_said_to_be_lost(gate, lost, relative):
    first = of(gate).document.abstract[0].removesuffix(".")
    parts = dict(part.split(": ") for part in first.split("; "))
    assert parts.get("not identifiable by themselves", "") == lost
    assert parts.get("identifiable through these functions, once the gauge holds the last atom", "") == relative


def test_no_parameter_of_the_first_gate_is_0_by_default():
    truth = of("gaussian").truth
    assert truth["c"] == ["1/2", -1]
    orders = temperance.exponents("gaussian", truth=truth, bounds_only=True).record["orders"]
    (order,) = (o for o in orders if o["parameter"] == "mean b")
    assert (order["upper"], order["lower"]) == ("2", "2")  # and 4/3 at c = 0


def test_a_paper_says_of_a_gate_of_two_parts_what_exponents_and_derive_say():
    text = source_of("sin(w*x)/tau + v*x")
    table = text[text.index(r"\label{orders-all}") :].split(r"\end{longtable}")[0]
    assert "$v + \\delta$ and $v - \\delta$ with equal weights" in text
    assert "$v$ & none: flat" in table
    assert "mean $v$ & none: flat" in table
    assert r"$S$: $L - \beta_{0}$" in text
    assert "$S(-w, -v) + S(w, v) = 0$" in text  # L has beta0, and is not odd
    assert "The determinants are at the points" in text
    assert "fixes the common shift" not in text
    assert "of the last atom $\\beta_{0}$, $v$ held, $x$ uniform on $[-2, 2]$" in text


def test_functions_of_coefficients_are_typeset():
    text = source_of("exp(w*x)/tau + sqrt(1 + v**2)*x")
    assert r"and of $\sqrt{v^{2} + 1}$" in text


def test_the_coefficient_is_of_the_gauge_of_the_paper():
    found, text = of(activation="gelu"), source_of(activation="gelu")
    (command,) = (c for c in found.commands if c.startswith("temperance coefficient"))
    assert "--gauge free" in command
    free = temperance.coefficient(activation="gelu", true=2, fitted=3, gauge="free")
    assert f"BIC & {float(free.found.bic):g}" in text
    assert "(anchored gauge)" not in text


def test_a_flow_of_a_gate_with_kinks_moves_no_atom():
    text = source_of(activation="relu", gauge="anchored")
    assert r"(\text{right}) - (L + \log f)(\text{left}) = 0" in text
    assert "For every $l > 0$" in text


def test_the_likelihood_over_tau_is_flat_where_tau_is_lost():
    far = {"a": [1, -1], "b": [0, 3], "nu": [1, "3/2"], "tau": 1, "x": {"law": "uniform", "low": -2, "high": 2}}
    flat = tau_profile(read_truth(far, model("linear")))
    assert flat[1].min() > -1e-6
    values, heights = tau_profile(read_truth({"tau": 1}, model("activation", activation="tanh")))
    assert (values[0], values[-1]) == (pytest.approx(0.5), pytest.approx(2))
    assert heights.max() == 0
    assert heights.min() < -1
    with pytest.raises(ValueError, match="gates with tau"):
        tau_profile(default_truth(model("softmax")))


def test_a_folder_of_something_else_is_refused_and_an_earlier_paper_replaced(paper, folder, tmp_path, refused):
    (tmp_path / "mine.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "mine.txt", tmp_path / "no" / "where"):
        refused(["paper", "--gate", "softmax", "--without-experiments", "-o", str(place)], "accepted: a new folder")
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    (folder / "sections" / "mine.tex").write_text("mine")
    (folder / "sections" / "remedy.tex").write_text("of an earlier paper")
    manifest = json.loads((folder / "paper.json").read_text())
    manifest["files"].append("sections/remedy.tex")
    (folder / "paper.json").write_text(json.dumps(manifest))
    paper.write(str(folder))
    assert (folder / "sections" / "mine.tex").read_text() == "mine"
    assert not (folder / "sections" / "remedy.tex").exists()
    assert "sections/remedy.tex" not in json.loads((folder / "paper.json").read_text())["files"]
    assert not [p for p in folder.parent.iterdir() if p.name.startswith(".")]


HELD_OUT = {
    "activation": {"activation": "gelu", "gauge": "anchored"},
    "cosine": {},
    "gaussian": {"expert": "constant"},
    "kappa*cos(x - c)/tau": {},
    "max(x - c, 0)*w": {},
    "w*exp(v*x)": {"expert": "a*x**2 + b"},
}


def compiled(folder):
    """Run LaTeX twice in the folder of a paper, without an error and an open reference."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    for _ in range(2):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("gate", HELD_OUT)
def test_a_paper_of_any_gate_compiles(gate, tmp_path):
    temperance.paper(gate, without_experiments=True, **HELD_OUT[gate]).write(str(tmp_path / "paper"))
    compiled(tmp_path / "paper")


PAPERS = sorted((Path(__file__).parents[3] / "docs" / "papers").glob("*/paper.tex"))


@pytest.mark.slow
@pytest.mark.parametrize("paper", PAPERS, ids=[p.parent.name for p in PAPERS])
def test_the_papers_of_the_documentation_compile(paper, tmp_path):
    shutil.copytree(paper.parent, tmp_path / "paper")
    compiled(tmp_path / "paper")


def test_there_are_six_papers_with_their_proofs():
    assert [p.parent.name for p in PAPERS] == ["cosine", "cubic", "linear", "quadratic", "softmax", "tanh"]
    proofs = [p for paper in PAPERS for p in sorted((paper.parent / "certificates").glob("*.json"))]
    assert len(proofs) >= 10
    found = temperance.certify(*map(str, proofs))
    assert all(proof.rejection is None for proof in found.proofs)


def test_theorems_on_cells_are_at_the_truth_of_the_paper(paper):
    for split in ("one", "all"):
        found = temperance.exponents(FORMULA, truth=paper.truth, split=split, bounds_only=True)
        points = found.found.setting.truth.atoms
        assert [{p.name: str(v) for p, v in atom.items() if p.name in TRUTH} for atom in points] == [
            {"beta1": "3/2", "beta2": "1/2"},
            {"beta1": "0", "beta2": "0"},
        ]
        own = [{n: v[i] for n, v in paper.truth.items() if isinstance(v, list)} for i in (0, 1)]
        assert found.true_values() | {"x": None} == dict(paper.truth) | {"x": None}
        for proof in paper.certificates[f"orders-{split}.json"]:
            points = proof["place"]["points"]
            assert all(points[i][n] == str(own[i][n]) for i in (0, 1) for n in points[i].keys() & own[i].keys())


def test_a_flow_leads_the_second_atom_to_what_is_held():
    text = source_of("w*v*x")
    assert "written with $w = 1$, $v = \\frac{15}{8}$ of the second atom, where a flow of an atom leads" in text


@pytest.mark.parametrize(
    ("gate", "tau"), [("kappa*cos(x - c)/tau", 1), ("log(1 + exp(w*x + c))/tau", "1/2"), ("max(w*x, v*x)", None)]
)
def test_the_default_temperature_is_1_where_that_is_not_special(gate, tau):
    options = Options(gate)
    truth = module._values(options, module._truth(options, None, None, "free"))
    assert truth.get("tau") == tau
    found = temperance.exponents(gate, truth=truth, bounds_only=True)
    assert not any("special" in reason for reason in found.record["reasons"])


@pytest.mark.parametrize(
    ("gate", "truth", "special"),
    [
        ("gaussian", {"c": 0}, "c of atom 1 is 0"),
        ("log(1 + exp(w*x + c))/tau", {"tau": 1}, "at tau = 1"),
        ("max(w*x, v*x)", {"w": 1, "v": 1}, "w = 1, v = 1"),
    ],
)
def test_exponents_names_a_special_truth(gate, truth, special):
    reasons = temperance.exponents(gate, bounds_only=True, truth=truth).record["reasons"]
    assert any(special in reason and "special truth" in reason for reason in reasons)


def test_nothing_is_told_twice_beside_kinks():
    text = source_of("v*abs(x - c)/tau + w*x")
    assert "score translation" not in text
    assert "w_{i} - w_{j}" not in text
    assert "The derivatives are those off the kinks of the gate." in text


def test_the_title_of_all_cells_holds_what_the_gauge_holds():
    found = temperance.exponents("sin(w*x)/tau + v*x", split="all", bounds_only=True)
    assert found.record["setting"]["truth"]["held"] == ["beta0", "v"]


def test_the_command_says_where_the_paper_is(paper):
    assert paper.where("mine") == (
        "paper written to mine: paper.tex (twice pdflatex paper.tex, there), paper.html and paper.ipynb",
    )


def test_orders_are_of_a_distance_in_which_a_kink_that_moves_has_the_order_of_its_theorem(text):
    assert r"Let $\|g - g^*\|$ be the distance in $L_2$" in text
    assert "$V$" not in text  # total variation in docs/theory


def test_a_large_sample_size_has_its_reason():
    found = str(temperance.efficiency(gate="log(1 + exp(w*x + c))/tau", parameter="tau"))
    assert "Near-singular information, which makes n large." in found
    assert "Near-singular" not in str(temperance.efficiency(gate="w*x + v*x**2", parameter="w"))
