"""Arguments of another type than the hint are refused by name; those of the type are as they were."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest

from temperance.theory.expressions.arguments import checked, shown


@checked
def taken(value: Any, /, *several: str, n: int = 0, x: float = 0.0, **named: int) -> Any:
    return value, several, n, x, named


@checked
@dataclass(frozen=True)
class Pair:
    ends: tuple[float, float]
    bounds: float | tuple[float, ...] = 1.0
    kind: Literal["one", "two"] = "one"
    other: "Pair | None" = None
    sizes: Sequence[int] = ()
    call: Callable[[int], int] | None = None
    path: str | os.PathLike[str] = ""
    table: Mapping[str, Any] | None = None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ends": None}, "ends must be a list of 2, each a number, not None"),
        ({"ends": (1.0, 2.0, 3.0)}, r"ends must be a list of 2, each a number, not \(1.0, 2.0, 3.0\)"),
        ({"bounds": ["a"]}, r"bounds must be a number or a list, each a number, not \['a'\]"),
        ({"kind": "three"}, "kind must be one or two, not 'three'"),
        ({"kind": np.ones(2)}, "kind must be one or two, not array"),
        ({"other": 3}, "other must be a Pair, not 3"),
        ({"sizes": np.array(3)}, "sizes must be a list, each a whole number, not array"),
        ({"sizes": {1: 2}}, "sizes must be a list, each a whole number, not {1: 2}"),
        ({"sizes": [True]}, r"sizes must be a list, each a whole number, not \[True\]"),
        ({"call": 3}, "call must be a function, not 3"),
        ({"path": 3}, "path must be a text or a path, not 3"),
        ({"table": []}, r"table must be a mapping, not \[\]"),
    ],
)
def test_a_field_of_another_type_is_refused_by_name(wrong, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Pair(**{"ends": (1.0, 2.0), **wrong})
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(Pair((1.0, 2.0)), **wrong)


def test_what_stands_for_a_value_of_the_type_becomes_one():
    pair = Pair([1, np.float32(0.5)], bounds=Fraction(1, 2), sizes=(n for n in np.arange(3)))
    assert pair == Pair((1, 0.5), bounds=0.5, sizes=(0, 1, 2))
    assert [type(x) for x in (*pair.ends, pair.bounds, *pair.sizes)] == [int, float, float, int, int, int]
    assert Pair((1, 2), other=pair, call=abs, path=os.curdir, table={}).other is pair
    assert type(taken(0, x=2**70)[3]) is float  # no array has integers so large
    assert taken(0, n=2**70)[2] == 2**70


def test_every_one_of_several_arguments_is_judged():
    assert taken(b"any", "a", "b", n=1, other=2) == (b"any", ("a", "b"), 1, 0.0, {"other": 2})
    with pytest.raises(ValueError, match="several must be a text, not 3"):
        taken(0, "a", 3)
    with pytest.raises(ValueError, match="other must be a whole number, not '2'"):
        taken(0, other="2")
    with pytest.raises(ValueError, match="x must be a number, not 1000"):
        taken(0, x=10**400)


def test_an_argument_that_is_missing_or_unknown_is_an_error_of_python():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'ends'"):
        Pair()
    with pytest.raises(TypeError, match="unexpected keyword argument 'end'"):
        Pair(end=(1.0, 2.0))


def test_a_value_is_shown_on_one_short_line():
    assert shown("a") == "'a'"
    assert "\n" not in shown(np.ones((3, 3)))
    assert len(shown("a" * 1000)) < 100
    assert shown(10**5000) == "a number of type int"
