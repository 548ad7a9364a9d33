"""Verdicts do not change under s -> c s(b z) + e; exceptional temperatures scale by c > 0."""

import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.decision import decide

rationals = st.fractions(min_value=-5, max_value=5, max_denominator=7).filter(bool)
positive = st.fractions(min_value=sp.Rational(1, 7), max_value=5, max_denominator=7)
# the same function where it is defined on the whole line: b < 0 turns it round
names = st.sampled_from([n for n in CATALOGUE if n not in ("gamma", "loggamma", "selu", "phish")])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(name=names, c=positive, b=rationals, e=rationals)
def test_rescaling(name, c, b, e):
    plain, scaled = decide(name), decide(f"({c})*{name}(({b})*z) + ({e})")
    for p, s in zip(plain.verdicts, scaled.verdicts, strict=True):
        assert s.outcome == p.outcome
        assert [sp.Rational(t) for t in s.fails_at_tau] == [
            sp.Rational(t) * sp.Rational(str(c)) for t in p.fails_at_tau
        ]
    assert scaled.second_order.failing_families == plain.second_order.failing_families


@settings(max_examples=30, deadline=None, derandomize=True)
@given(name=names, c=positive, b=rationals)
def test_the_mirror_type_is_invariant(name, c, b):
    assert decide(f"({c})*{name}(({b})*z)").mirror.kind == decide(name).mirror.kind
