"""What makes no fit is refused in one line that names it: data, weights, options, formulas, noise."""

import numpy as np
import pytest

from temperance import Box, fit

X = np.linspace(0, 1, 60)
Y = X**2
BOX = Box(1.0, 1.0, (0.1, 1.0), 1.0, 1.0, (0.1, 1.0))
HELD = "accepted: --noise known --nu V"

DATA = [
    ({"y": Y[1:]}, "must have shape"),
    ({"x": np.array([["a"]] * 60)}, "x must hold real numbers"),
    ({"x": X + 1j}, "x must hold real numbers: complex"),
    ({"x": np.ma.masked_greater(X, 0.8)}, "x has masked values"),
    ({"x": [10**400, *X[1:]]}, "x must hold real numbers"),
    ({"x": [[1.0], [1.0, 2.0]], "y": [1.0, 2.0], "fitted": 1}, "x must hold real numbers"),
    ({"y": None}, "y must hold|y is nan"),
    ({"x": np.r_[X[1:], np.nan]}, r"x\[59\] is nan"),
    ({"x": np.r_[X[1:], -np.inf]}, r"x\[59\] is -inf"),
    ({"y": np.r_[Y[1:], np.inf]}, r"y\[59\] is inf"),
    ({"x": np.full(60, 0.1)}, "is constant, 0.1"),
    ({"y": np.full(60, 0.1)}, "is constant, 0.1"),
    ({"x": np.c_[X, np.ones(60)]}, "is constant, 1.0"),
    ({"x": X[:1], "y": Y[:1]}, "is constant"),
    ({"x": 1e200 * X}, "must lie between"),
    ({"y": np.ones(60), "gate": "w*x**3"}, "y is constant"),
    ({"weights": 1.0 - np.arange(60)}, r"weights\[2\] is -1.0: weights must not be negative"),
    ({"weights": np.zeros(60)}, "weights must not be negative, nor all zero"),
    ({"weights": np.full(60, np.nan)}, r"weights\[0\] is nan: every value must be finite"),
    ({"weights": np.ones(49)}, r"weights must have shape \(60,\), one for each point, not \(49,\)"),
    ({"weights": np.eye(60)[:3].sum(axis=0)}, "3 points are fewer than the 8 numbers that are fitted for 2 atoms"),
]
OPTIONS = [
    ({"gate": "activation"}, "needs an activation"),
    ({"gate": "softmax", "activation": "tanh"}, "takes no activation"),
    ({"fitted": 7}, "60 points are fewer than two for each of the 33 numbers that are fitted for 7 atoms"),
    ({"fitted": 10**9}, "60 points are fewer than the parameters of 1000000000 atoms"),
    ({"fitted": 0}, "fitted must be a whole number, at least 1"),
    ({"fitted": 2.0}, "fitted must be a whole number"),
    ({"fitted": True}, "fitted must be a whole number"),
    ({"starts": 0}, "starts must be a whole number, at least 1"),
    ({"starts": "3"}, "starts must be a whole number"),
    ({"seed": -1}, "seed must be a whole number, at least 0"),
    ({"tau": 0.0}, "tau must be positive"),
    ({"tau": 0.5, "gate": "softmax"}, "the softmax gate has tau = 1"),
    ({"tau": 5e-324}, r"a fixed tau must be positive, a number from 1e-70 to 1e\+70, not 5e-324"),
    ({"tau": 1.7e308}, "not 1.7e"),
    ({"tau": float("nan")}, "not nan"),
    ({"tau": 10**400}, "tau must be a number, not 1000"),
    ({"tau": "0.5"}, "not '0.5'"),
    ({"tau": True}, "not True"),
    ({"box": (1.0, 2.0)}, "box must be a Box"),
    ({"box": Box((1.0, 1.0), 1.0, (0.1, 1.0), 1.0, 1.0, (0.1, 1.0))}, "one for each of 1 columns"),
    ({"activation": "tanh", "gauge": "loose"}, "unknown gauge .loose."),
]
FORMULAS = [
    ({"gate": "w*x3"}, "the formulas need x1 .. x3, and x has 1 column, 1"),
    ({"x": np.c_[X, np.arange(60.0)], "gate": "w*x1", "expert": "a*x1 + b"}, "has x2, column 2 of 2"),
    ({"gate": "w/x"}, r"gate 'w/x': a division by 'x', which is 0 at some x"),
    ({"gate": "w*x**3", "x": X[:6], "y": Y[:6]}, "6 points are fewer than the 8 numbers that are fitted"),
    ({"gate": "generic"}, "there is a free function"),
    ({"expert": "nonlinear"}, "need a Gaussian expert whose mean is a formula, not 'nonlinear'"),
    ({"expert": "multinomial:3"}, "need a Gaussian expert"),
    ({"gate": "w*x**3", "tau": 1.0}, "in a formula it is a constant, tau=1/2"),
    ({"gate": "w*x**3", "gauge": "anchored"}, "gauge is of the gate 'activation'"),
    ({"gate": "softmax", "shared": ["w"]}, "shared: 'w' is no parameter of a formula"),
    ({"gate": "softmax", "box": {"nu": (0.1, 1.0)}}, "box must be a Box"),
    ({"gate": "w*x**3", "box": BOX}, r"bounds \(low, high\) by names of parameters"),
    ({"gate": "w*x**3", "box": {"q": (0.1, 1.0)}}, "box: q is no parameter; the parameters are beta0, w, a, b, nu"),
    ({"gate": "w*x**3", "box": {"nu": (2, 1)}}, "box: nu must be a pair"),
    ({"gate": "w*x**3", "box": {"nu": (-1, 1)}}, "box: nu must be positive"),
    ({"gate": "w*x**3", "fitted": [2, 2]}, "several that differ"),
    ({"gate": "w*x**3", "starts": 0}, "starts must be a whole number"),
]
NOISE = [
    ({"noise": "known"}, HELD),
    ({"noise": "common", "nu": 1.0}, HELD),
    ({"nu": 1.0}, HELD),
    ({"noise": "known", "nu": -1.0}, "nu must be a positive number"),
    ({"noise": "both"}, "unknown noise 'both'; accepted: each, known, common"),
    ({"noise": "common", "gate": "linear", "tau": 1.0}, "tau is held for softmax, linear and activation gates"),
]


@pytest.mark.parametrize(("change", "message"), [*DATA, *OPTIONS, *FORMULAS, *NOISE])
def test_what_makes_no_fit_is_refused_in_one_line(change, message):
    with pytest.raises(ValueError, match=rf"^[^\n]*({message})[^\n]*$"):
        fit(**{"x": X, "y": Y, "fitted": 2} | change)
