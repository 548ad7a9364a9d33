"""The floor: no activation, expert or design learns the temperature from fewer observations (theory 7.2.1).

Were the labels seen and all else known, the information on log tau would be the mean over x of the varentropy
Var_w(log w) of the gate's weights w. Its maximum over all w of k atoms has one atom apart and the others equal: with u
the log odds of that atom, v = u + log(k - 1) and v tanh(u/2) = 2 it is v^2/4 - 1.

>>> round(100 * floor(2), 2), round(100 * floor(3), 2)
(227.67, 131.27)
"""

from __future__ import annotations

from flint import arb, ctx, fmpq

_BITS, _HALVINGS = 128, 90


def largest_varentropy(k: int) -> arb:
    """A ball around the maximum of the varentropy of k weights; raises ValueError for k < 2.

    The derivative by u of log f, f = v^2/(4 cosh^2(u/2)), is 2/v - tanh(u/2), and v tanh(u/2) grows: its root is
    unique, and balls of a proved sign enclose it.
    """
    if k < 2:
        raise ValueError(f"a gate needs two atoms, not {k}")
    with ctx.workprec(_BITS):
        more = arb(k - 1).log()
        low, high = fmpq(0), fmpq(4)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            excess = (arb(middle) + more) * (arb(middle) / 2).tanh() - 2
            if excess > 0:
                high = middle
            elif excess < 0:
                low = middle
            else:
                break
        root = arb(low).union(arb(high))
        return (root + more) ** 2 / 4 - 1


def floor(k: int) -> float:
    """1/max varentropy: the least variance of log tau, times n, that any gate of k atoms allows."""
    return float((1 / largest_varentropy(k)).mid())
