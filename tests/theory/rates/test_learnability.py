"""Whether tau is learnable, in words: held against the verdicts and predictions from which the words are made."""

import doctest
import re

import pytest

from temperance.theory.conditions.decision import decide
from temperance.theory.coq.files import library
from temperance.theory.rates import learnability as module
from temperance.theory.rates.learnability import WHY, learnability
from temperance.theory.rates.predict import predict
from temperance.theory.rates.true_point import somewhere

MIRROR = "beta1_2 = -beta1_1 (k = 2, free gauge)"


@pytest.mark.parametrize(
    ("source", "answer", "advice"),
    [
        ("z", "no: only beta1/tau and beta0/tau are", "nothing is lost if you fix tau"),
        ("relu", "no: at most beta1/|beta1|, |beta1|/tau, beta0/tau are", "fix tau"),
        ("z**2", "no: at most beta1/|beta1|, |beta1|^2/tau, beta0/tau are", "fix tau"),
        ("log(abs(z))", "yes where two beta1_i are not parallel (d >= 2), but beta1 is not; d = 1: no", "fix tau"),
        (
            "sign",
            "yes where two beta1_i are not parallel, or one is anchored; where two are opposite, tau/2",
            "take an",
        ),
        ("3", "no: s is constant, and the gate does not depend on x", "fix tau"),
        ("hardshrink", "not proved: the first-order condition fails, but not as a symmetry (a jump moves", "fix tau"),
        ("gelu", f"yes, except at {MIRROR}", "anchor one atom"),
        (
            "tanh",
            f"yes, except at {MIRROR} and at two points with the same density, where one beta1_i is 0",
            "anchor one atom",
        ),
        ("exp(-z**2)", "yes, except where beta1_2 = +-beta1_1 (k = 2): the gate is constant", "anchor one atom"),
        ("mish", "yes", None),
        (
            "elu",
            "yes with an anchored atom (beta1_k = 0) if beta1.x reaches every piece of s; free gauge: not",
            "anchor",
        ),
        ("z**2 + z", "yes with an anchored atom (beta1_k = 0); free gauge: not proved, a polynomial of two", "anchor"),
        ("gamma(z + 1) - z*gamma(z)", "undecided: no tower for gamma", "write s without the part"),
    ],
)
def test_the_answer_in_words(source, answer, advice):
    found = learnability(decide(source))
    assert found.answer.startswith(answer)
    assert found.advice is None if advice is None else found.advice.startswith(advice)


@pytest.mark.parametrize("source", ["tanh", "relu", "elu", "z**2 + z", "log(abs(z))", "exp"])
def test_yes_is_said_only_where_tau_has_a_rate(source):
    rates = {
        gauge: next(p.sharp for p in predict(somewhere(2), 2, source, gauge=gauge) if p.parameter == "tau")
        for gauge in ("free", "anchored")
    }
    answer = learnability(decide(source)).answer
    assert (answer == "yes" or answer.startswith(("yes,", "yes;"))) == (rates["free"] is not None)
    assert answer.startswith("yes with an anchored") == (rates["free"] is None and rates["anchored"] is not None)


def test_the_examples():
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("source", "theorem"),
    [
        ("tanh", "Scores.first_order_is_enough"),
        ("elu", "Scores.first_order_is_enough"),
        ("z", "Scores.relation_loses_tau"),
        ("relu", "Scores.relation_loses_tau"),
        ("3", "Scores.relation_loses_tau"),
        ("1/z", None),  # there is no s(0), so no atom can be anchored
        ("step", None),  # its relation does not hold s: tau is learnable
        ("log(abs(z))", None),
        ("hardshrink", None),
        ("acosh", None),
    ],
)
def test_the_theorem_in_coq_is_one_that_covers_the_answer(source, theorem):
    assert learnability(decide(source)).theorem == theorem


@pytest.mark.parametrize("theorem", WHY)
def test_the_theorem_in_coq_is_there(theorem):
    file, _, name = theorem.partition(".")
    assert re.search(rf"^Theorem {name} :", library(file), re.MULTILINE)
