"""The kept rate studies of many gates: their definitions, and what is proved of them."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from temperance.measurements import slopes as exponent_studies
from temperance.numerics.studies.results import GeneralResult
from temperance.numerics.studies.run import run_general
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting

sys.path.insert(0, str(Path(__file__).parents[3] / "campaigns"))
from remeasure import result_of, study_of

sys.path.pop(0)
KEPT = tuple(exponent_studies.stored_studies())
QUICK = ("softmax gate", "linear gate", "z^2 + z", "tanh", "softmax gate, constant expert", "linear gate, d = 2")


def definition(name):
    return study_of(exponent_studies.stored_studies()[name])


CHECKED = [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in KEPT]


@pytest.mark.parametrize("name", CHECKED)
def test_kept_studies_are_those_of_the_definitions(name):
    entry = exponent_studies.stored_studies()[name]
    assert entry["definition"] == json.loads(json.dumps(definition(name).definition))
    shape = (entry["definition"]["replicates"], len(entry["definition"]["sizes"]))
    assert {errors.shape for errors in exponent_studies.errors_of(entry).values()} == {shape}
    assert sum(entry["fits"].values()) == shape[0] * shape[1]


def test_a_dropped_fit_leaves_no_error_and_those_at_the_box_stay():
    chosen = replace(definition("softmax gate"), replicates=2, sizes=(500, 2000))
    _, lower, upper = chosen.box_of_fits
    theta = np.tile((lower + upper) / 2, (2, 2, 1))
    theta[:, :, 1] += [[0.1, 0.2], [0.3, 0.4]]  # beta1 of the first atom
    theta[1, 0, 4] = lower[4]  # and its nu
    status = np.array([["converged", "max_steps"], ["at_bound", "converged"]])
    gaps = np.array([[0.0, 0.06], [0.05, 0.0]])
    result = GeneralResult(chosen, theta, status, np.ones((2, 2), dtype=int), gaps)
    entry = json.loads(json.dumps(result_of(exponent_studies.stored_studies()["softmax gate"], result)))
    errors = exponent_studies.errors_of(entry)["beta1"]
    assert errors == pytest.approx(np.array([[0.1, np.nan], [0.3, 0.4]]) / 2**0.5, rel=1e-5, nan_ok=True)
    assert exponent_studies.dropped(entry) == 0.25
    assert entry["fits"] == {"converged": 2, "at_bound": 1, "spike": 0, "max_steps": 1}
    assert entry["conditions"] == {
        "agreement": 0.75,
        "starts": 40,
        "rounds": 1,
        "at_edge": {"nu": 0.25},
        "smallest_share": 0.5,
    }


@pytest.mark.full
@pytest.mark.parametrize("name", KEPT)
def test_the_first_replicates_of_a_kept_study_come_out_again(name):
    chosen = replace(definition(name), replicates=2)
    again, entry = run_general(chosen), exponent_studies.stored_studies()[name]
    for group, errors in exponent_studies.errors_of(entry).items():
        kept = ~np.isnan(errors[:2])
        assert again.errors[group][kept] == pytest.approx(errors[:2][kept], rel=1e-2, abs=1e-4)


def test_errors_are_found_by_the_name_of_the_parameter_that_is_fitted():
    """Of the linear gate beta1/tau is identified: tau is held, and errors are those of beta1."""
    found = {o.parameter: o for o in orders(order_setting("linear")).orders}
    assert found["beta1/tau"].title == "beta1"
    assert found["mean beta1/tau"].title == "mean beta1"


def test_exact_specified_studies_have_one_atom_and_the_order_1():
    """Of the cosine router the ratio of the two coordinates moves; its length has no effect, and is held."""
    study = definition("cosine router, exact")
    assert study.family.sizes == (1, 1)
    assert dict(study.orders) == dict.fromkeys(("beta1_2", "a_1", "a_2", "b", "nu", "tau"), 1.0)


def test_a_study_in_the_plane_runs():
    """Every error is finite at a small size, and each has its bound."""
    name = "perturbed cosine router"
    study = definition(name)
    made = run_general(replace(study, sizes=(10**4,), replicates=1, starts=1, seed=5))
    bounded = {o.title for o in orders(study.family.setting).orders if o.upper}
    assert bounded <= set(made.errors)
    assert all(np.isfinite(errors).all() and (errors > 0).all() for errors in made.errors.values())
