"""Names do not matter: renaming every parameter of a formula changes nothing but names."""

import re

import pytest

from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.by_name import model

AWKWARD = ("t", "q", "r", "l", "n", "s", "size", "weight", "lam", "v", "k", "m")
"""Names that meant something somewhere: in curves, in printed scales, in certificates."""
FORMULAS = ["w*x/tau", "tanh(w*x)/tau", "w*x + c*x**2", "-(x - w)**2/(2*c)", "where(x < w, 0, x - w)/tau", "w*x*c"]


def renamed(formula, names):
    return re.sub(r"\b(w|c)\b", lambda m: names.get(m.group(), m.group()), formula)


def summary(formula, names):
    positive = [names["c"]] if formula in ("-(x - w)**2/(2*c)", "w*x*c") else []
    found = orders(order_setting(model(renamed(formula, names), positive=positive).gate))
    back = {new: old for old, new in names.items()}

    def old(text):
        return re.sub(r"[A-Za-z_]\w*", lambda m: back.get(m.group(), m.group()), text)

    shown = {old(o.title): (o.upper, o.lower, o.flat, o.certified, o.certified_below) for o in found.orders}
    return shown, sorted(c["proof"]["kind"] for c in (*found.certificates, *found.curves))


@pytest.mark.parametrize("formula", FORMULAS)
def test_orders_do_not_depend_on_names(formula):
    used = [n for n in ("w", "c") if re.search(rf"\b{n}\b", formula)]
    plain, shift = summary(formula, {n: n for n in used}), 2 * FORMULAS.index(formula)
    names = dict(zip(used, AWKWARD[shift:], strict=False))
    assert summary(formula, names) == plain


def test_the_letter_of_a_scale_is_none_of_a_parameter():
    found = orders(order_setting(model("l*x/tau").gate))
    assert "(k l, k beta0, k tau) has the same density for every k > 0" in found.reasons[0].text
