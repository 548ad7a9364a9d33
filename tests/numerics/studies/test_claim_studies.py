"""The studies of the claims: their definitions, digests and kernels."""

import json
import subprocess
import sys
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import STUDIES, TANH
from temperance.numerics.studies.run import compile_side_by_side


def test_the_digest_is_that_of_the_definition():
    assert replace(TANH).digest == TANH.digest
    others = [
        {"seed": 102},
        {"starts": 2},
        {"box": replace(TANH.box, nu=(0.1, 1.5))},
        {"truth": replace(TANH.truth, nu=TANH.truth.nu * 1.001)},
        {"activation": "sigmoid"},
        {"sizes": (300, 701)},
        {"experiment": "sample"},
    ]
    assert len({TANH.digest, *(replace(TANH, **other).digest for other in others)}) == 1 + len(others)
    json.dumps(TANH.definition, allow_nan=False)


def test_the_digest_is_the_same_in_another_process():
    code = "from temperance.numerics.studies.claim_studies import TANH; print(TANH.digest)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == TANH.digest


PAIR = np.array([1.0, 0.5])
IN_SPACE = MixingMeasure(np.ones((2, 3)), PAIR, 1.0, np.ones((2, 3)), PAIR, PAIR)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": (500, 400)}, "sizes"),
        ({"sizes": (500,)}, "sizes"),
        ({"replicates": 0}, "at least 1"),
        ({"experiment": "grid"}, "^experiment must be sample or lattice, not 'grid'"),
        ({"experiment": "lattice", "truth": IN_SPACE}, "1 or 2, not 3; use samples"),
    ],
)
def test_bad_definitions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TANH, **changes)


class Listed(Executor):
    """Does nothing, and lists what it was given."""

    def __init__(self):
        self.given = []

    def submit(self, fn, /, *args, **kwargs):
        self.given.append(args)
        future = Future()
        future.set_result(None)
        return future


def test_every_kernel_of_some_studies_is_compiled_once():
    """Those of k - 1 atoms, which searches begin at, too; a temperature that is held has the kernel of a fitted one."""
    workers = Listed()
    compile_side_by_side(STUDIES, workers)
    kernels = [(given[0].k - given[1], given[0].gauge, given[0].activation) for given in workers.given if given]
    assert workers.given[0] == ()  # what climbs, and the sums of the gradient process
    assert len(workers.given) == len(kernels) + 1
    assert len(kernels) == len(set(kernels))
    assert set(kernels) == {
        (k, s.gauge, s.activation) for s in STUDIES for k in ((s.k - 1, s.k) if s.peaks + s.splits else (s.k,))
    }
