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
from tests.tables import tables


@pytest.mark.parametrize(("source", "answer", "advice"), tables(__file__)["ANSWERS"])
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


@pytest.mark.parametrize(("source", "theorem"), tables(__file__)["THEOREMS"])
def test_the_theorem_in_coq_is_one_that_covers_the_answer(source, theorem):
    assert learnability(decide(source)).theorem == theorem


@pytest.mark.parametrize("theorem", WHY)
def test_the_theorem_in_coq_is_there(theorem):
    file, _, name = theorem.partition(".")
    assert re.search(rf"^Theorem {name} :", library(file), re.MULTILINE)
