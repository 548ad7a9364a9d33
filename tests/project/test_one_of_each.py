"""A true mixture, a setting and an order have one type each: classes with such fields are named here, with why."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "a true mixture": {
        "theory/models/truth.py: Truth",
        "numerics/mixture/measures.py: MixingMeasure",  # any measure, as arrays
        "numerics/contact/curves.py: CurveMeasure",  # a measure along a curve, in balls
        "temperance/measurements/sample_sizes.py: Row",  # a row of a table, with the gate that it is about
        "numerics/studies/study.py: Study",  # a study has a truth and what is fitted to it
    },
    "a setting": {
        "theory/models/truth.py: Setting",
        "temperance/claims/c17_volumes.py: VolumeStudy",  # a study of some cells, by names
    },
    "an order": {"theory/models/order.py: Order"},
}


def kinds(fields):
    """What a class with these annotated fields holds."""
    names = fields.keys()
    if (
        fields.get("atoms", "").startswith(("tuple[", "Sequence["))
        or ("tau" in names and not fields.get("beta1", "float").startswith("float"))
        or {"measure", "low", "high"} <= names
        or {"truth", "low", "high"} <= names
    ):
        yield "a true mixture"
    if fields.get("cells", "").startswith("tuple[int") or {"size", "split"} <= names or {"point", "held"} <= names:
        yield "a setting"
    if {"upper", "flat"} <= names or {"parameter", "upper"} <= names or {"order", "measured"} <= names:
        yield "an order"


def holders(text, path):
    """Of each kind, the classes in a source that hold it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            fields = {e.target.id: ast.unparse(e.annotation) for e in node.body if isinstance(e, ast.AnnAssign)}
            yield from ((kind, f"{path}: {node.name}") for kind in kinds(fields))


@pytest.fixture(scope="module")
def found():
    paths = [p for part in ("theory", "numerics", "temperance") for p in sorted((ROOT / part).rglob("*.py"))]
    return [pair for p in paths for pair in holders(p.read_text(encoding="utf-8"), p.relative_to(ROOT).as_posix())]


@pytest.mark.parametrize("kind", ALLOWED)
def test_each_concept_has_one_type(found, kind):
    named = {name for what, name in found if what == kind}
    assert named <= ALLOWED[kind]
    assert any(name.startswith("theory/") for name in named)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("a true mixture", "atoms: tuple[Mapping[sp.Symbol, sp.Expr], ...]"),
        ("a true mixture", "measure: MixingMeasure\n    low: float\n    high: float"),
        ("a setting", "spec: MoESpec\n    point: Values\n    held: tuple[sp.Symbol, ...]"),
        ("a setting", "truth: Truth\n    cells: tuple[int, ...]"),
        ("an order", "upper: Fraction | None\n    flat: bool"),
        ("an order", "order: Order\n    measured: float | None"),
    ],
)
def test_a_second_type_is_found(kind, body):
    assert list(holders(f"class Twin:\n    {body}\n", "twin.py")) == [(kind, "twin.py: Twin")]
