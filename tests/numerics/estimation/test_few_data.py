"""A fit of one atom is made in NumPy; of more, machine code and NumPy print the same, but for the number of starts."""

import re
import subprocess
import sys

import numpy as np
import pytest

from temperance.numerics.estimation import estimate
from temperance.numerics.estimation.fit import fit
from temperance.numerics.mixture.likelihood import needs_machine_code

CASES = [
    (900, 3, {}),
    (400, 2, {"activation": "gelu", "gauge": "anchored"}),
]


def data(n):
    rng = np.random.default_rng([3, n])
    x = rng.uniform(-3, 3, n)
    first = rng.uniform(size=n) < 1 / (1 + np.exp(-4 * np.tanh(1.2 * x) - 0.3))
    noise = rng.normal(size=n) * np.where(first, 0.5, 0.7)
    return x, np.where(first, 0.5 * x + 2, -0.5 * x - 2) + noise


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k", "options"), CASES)
def test_the_answer_is_printed_the_same_with_machine_code_and_without(n, k, options, monkeypatch):
    printed = []
    for compiled in (True, False):
        monkeypatch.setattr(estimate, "needs_machine_code", lambda *_, compiled=compiled: compiled)
        answer = str(fit(*data(n), fitted=k, starts=2, **options))
        printed.append(re.sub(r"\d+ of \d+ st", "st", answer))  # by rounding, a climb may end elsewhere
    assert printed[0] == printed[1]


def test_machine_code_is_for_many_climbs_in_few_columns():
    assert [needs_machine_code(1, np.zeros((n, 1))) for n in (1_000, 100_000)] == [False, True]
    assert [needs_machine_code(2, np.zeros((100, d))) for d in (1, 3, 4)] == [True, True, False]


def test_a_fit_of_one_atom_does_not_load_numba():
    code = (
        "import sys, numpy as np\nfrom temperance import fit\nx = np.linspace(-1, 1, 60)\n"
        "fit(x, np.where(x > 0, 1, -1) + np.sin(40 * x), fitted=1, starts=1)\nsys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
