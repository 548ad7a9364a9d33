"""Orders of every row of the atlas that has them, in cells of 2, 3 and every cell split, for d = 1, 2: frozen as data.

data/orders.json has them from before the proof kernel, by [upper, lower] or "flat". Two bounds are weaker since, as no
reduced equations are set up: the Gaussian gate with a quadratic expert, d = 1, a_1 (2 before) and mean a_2 (4/3).
"""

import json
from pathlib import Path

import pytest

from temperance.measurements.atlas import setting
from temperance.measurements.literature import ROWS
from temperance.theory.contact.contact_orders import orders

FROZEN = json.loads((Path(__file__).parent / "data" / "orders.json").read_text(encoding="utf-8"))
QUICK = {"softmax None gaussian two 1", "laplace None gaussian two 1", "gaussian None gaussian two 1"}
QUICK |= {"cosine None gaussian two 2"}  # a curve along the scale is no curve of the invariant, which has a bound
CASES = {
    " ".join(
        filter(None, [f"{row.gate} {row.source} {row.expert}", row.point and str({**row.point}), f"{cell} {d}"])
    ): (
        row,
        cell,
        d,
    )
    for row in ROWS
    for cell in ("two", "three", "every cell split")
    for d in (1, 2)
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.full) for n in FROZEN])
def test_orders_are_as_they_were(name):
    found = orders(setting(*CASES[name])).orders
    text = {
        o.parameter: "flat" if o.flat else [None if r is None else str(r) for r in (o.upper, o.lower)] for o in found
    }
    assert text == FROZEN[name]
