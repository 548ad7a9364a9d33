"""Derivations: the steps, what they print, that LaTeX compiles, that notebook cells recompute."""

import json
import re
import shutil
import subprocess
from functools import cache

import pytest
import sympy as sp

from temperance.show.document import cells, latex, markdown, of_derivation
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.spec import Gate, covariates
from temperance.theory.symmetries.derivation import Code, Formula, derivation

MODELS = [
    ("linear", "gaussian", None, 2),
    ("softmax", "multinomial:2", None, 1),
    ("laplace", "gaussian", None, 1),
    ("generic", "nonlinear", None, 1),
    ("activation", "gaussian", "gelu", 1),
]


@cache
def derived(*model, **options):
    """The derivation of a model, each once."""
    return derivation(derive(*model, **options))


@pytest.mark.parametrize("model", MODELS)
def test_verification_prints_sums_that_are_zero(model):
    d = derived(*model)
    verification = next(s for s in d.steps if s.name == "Verification")
    sums = [b.lines[-1] for b in verification.blocks if isinstance(b, Formula)]
    assert len(sums) == len(d.interactions.generators) * d.interactions.basis.family.branches
    assert set(sums) <= {r"\text{sum} = 0"}


def test_markdown_prints_counts_relations_and_functions():
    text = markdown(of_derivation(derived("linear", order=2)))
    assert r"$\binom{5+2}{2} = 21$" in text
    assert "$21 - 12 = 9$" in text
    assert r"\tau\,u_{\tau} + \beta_{1}\,u_{\beta_{1}} = 0" in text
    assert r"\frac{\beta_{1}}{\tau}" in text
    assert text.count("$$") % 2 == 0


def test_the_record_has_the_documented_keys_in_order():
    record = derived("linear", order=2).record()
    assert list(record) == [
        *(
            "gate",
            "expert",
            "dim",
            "loss",
            "order",
            "derivatives",
            "rank",
            "relations",
            "generators",
            "complete",
            "missing",
        ),
        *("symmetries", "identifiable_functions"),
    ]
    assert record["identifiable_functions"] == ["beta1/tau", "beta0/tau", "a", "b", "nu"]
    assert record["relations"][0] == {"order": 1, "equation": "tau*u_{tau} + beta1*u_{beta1} = 0"}
    assert json.loads(json.dumps(record)) == record


def test_what_is_missing_reaches_the_record():
    record = derived("activation", activation="where(z<1,0,1)", order=1).record()
    assert any("moves a kink" in m for m in record["missing"])
    assert record["identifiable_functions"] is None


@pytest.mark.parametrize(
    ("model", "said", "unsaid"),
    [
        (("linear",), "minimax risk", "There is no relation of order 1"),
        (("softmax",), "heat equation", "minimax risk"),
        (("softmax", "constant"), "There is no relation of order 1", "minimax risk"),
        (("softmax", "multinomial:2"), "minimax risk", "heat equation"),
    ],
)
def test_consequences_follow_from_the_relations_that_were_found(model, said, unsaid):
    text = markdown(of_derivation(derived(*model, order=2)))
    assert said in text
    assert unsaid not in text


@pytest.mark.parametrize("model", MODELS)
def test_cells_recompute_what_they_follow(model):
    d = derived(*model)
    namespace: dict[str, object] = {}
    sources = [source for kind, source in cells(of_derivation(d)) if kind == "code"]
    for source in sources:
        exec(compile(source, "cell", "exec"), namespace)
    assert namespace["found"].relations == tuple(d.interactions.relations)
    assert namespace["groups"].identifiable == d.symmetries.identifiable
    assert all(sp.simplify(e) == 0 for e in namespace["residues"])
    assert not any(re.search(r"u_\{|\d+ == ", source) for source in sources)  # nothing pasted
    internal = re.findall(r"from temperance\.\S+ import .*", "\n".join(sources))
    assert set(internal) <= {"from temperance.theory.models.spec import Jet"}  # free functions have no public name


def test_a_gate_of_ones_own_is_rebuilt_in_the_notebook():
    x = covariates(1)[0]
    beta = sp.Symbol("beta", real=True)
    log_weight = sp.Piecewise((beta * x**3, x < 0), (beta * x, True))
    d = derived(Gate("own", log_weight, (beta,)), "constant", order=2)
    namespace: dict[str, object] = {}
    for kind, source in cells(of_derivation(d)):
        if kind == "code":
            exec(compile(source, "cell", "exec"), namespace)
    assert namespace["gate"] == d.interactions.spec.gate


def test_code_appears_in_notebooks_only():
    d = derived(order=1)
    sources = [b.source for step in d.steps for b in step.blocks if isinstance(b, Code)]
    assert sources
    assert not any(source in markdown(of_derivation(d)) or source in latex(of_derivation(d)) for source in sources)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("model", MODELS[:2])
def test_latex_compiles(model, tmp_path):
    (tmp_path / "d.tex").write_text(latex(of_derivation(derived(*model))))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert (tmp_path / "d.pdf").stat().st_size > 1000
    assert not re.search(r"Overfull \\hbox \((\d{3,})", run.stdout)
