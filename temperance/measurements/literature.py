"""The papers on rates in mixtures of experts, what their abstracts state, and the rows of the atlas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Paper:
    """A paper: its number, the gates it is about, and what its abstract, which was read, says of rates."""

    arxiv: str
    gates: str
    abstract: str


PAPERS = (
    Paper(
        "2305.03288", "softmax", "over-specified rates are tied to the solvability of a polynomial system; no exponent"
    ),
    Paper("2305.07572", "Gaussian", "two regimes, each tied to the solvability of a polynomial system; no exponent"),
    Paper("2309.13850", "top-K softmax", "parametric rates with the true number of experts; else no exponent"),
    Paper("2310.14188", "softmax, multinomial experts", "slower than polynomial where expert parameters vanish"),
    Paper("2401.13875", "linear with temperature", "slower than any polynomial, possibly 1/log(n)"),
    Paper("2401.13875", "activation with temperature", "polynomial under independence conditions; no exponent"),
    Paper(
        "2402.02952", "softmax, least squares", "sigmoid and tanh experts fast, polynomial experts slow; no exponent"
    ),
    Paper("2405.13997", "sigmoid", "faster than softmax for ReLU and GELU experts; no exponent"),
    Paper("2405.14131", "cosine", "can be as slow as 1/log(n)^t; the perturbed router polynomial; no exponent"),
    Paper("2410.02935", "Laplace", "no interactions as of the softmax, and faster experts; no exponent"),
    Paper("2410.11222", "quadratic", "monomial gates and nonlinear experts are more efficient; no exponent"),
    Paper("2505.10860", "normalised sigmoid", "gains in sample efficiency; no exponent"),
    Paper("2505.18455", "contaminated softmax", "minimax rates under distinguishability, else slower; no exponent"),
    Paper("2602.01466", "sigmoid with temperature", "exponential sample size; with a Euclidean score polynomial"),
)

_NOT_SHARED = (
    "no order: for almost every truth no mixture in a bounded box that has a cell of several atoms beside a singleton "
    "has its density (theory.md 2.10); "
)
_DOUBLED = _NOT_SHARED + "near two equal atoms for each true one the gate's identifiable parameters have the order 2"
_APART = _NOT_SHARED + "where every cell is split the kinks are not covered"
_OUTCOMES = "not computed: atoms whose response has finitely many values are not told apart at one x"
_ONE_TRAINED = (
    "not computed: one expert is trained; cells of several beside the fixed one are a part of the softmax model, whose "
    "bounds hold for them"
)
_TEMPERED, _SOFT = ("2401.13875",), ("2305.03288", "2309.13850", "2402.02952")


@dataclass(frozen=True)
class AtlasRow:
    """A gate, an expert and a true point (empty: the default of `temperance exponents`), in dimension d.

    refused: why its cells are not computed; exact-specified orders are (`rates.exact_orders`).
    """

    gate: str
    expert: str = "gaussian"
    source: str | None = None
    point: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    papers: tuple[str, ...] = ()
    refused: str | None = None
    d: int = 1


ROWS = (
    AtlasRow("linear", papers=_TEMPERED),
    AtlasRow("softmax", papers=_SOFT),
    AtlasRow("softmax", "constant", papers=_SOFT),
    AtlasRow("softmax", "polynomial:2", papers=_SOFT),
    *(AtlasRow("activation", source=s, papers=_TEMPERED) for s in ("tanh", "gelu", "exp(z)", "sqrt(1 + z**2)")),
    *(AtlasRow("activation", source=s, papers=_TEMPERED) for s in ("z**2 + z", "z**2", "relu", "hardtanh")),
    AtlasRow("activation", source="log(1 + z**2)", papers=_TEMPERED),
    AtlasRow("activation", source="log(1 + z**2)", point=MappingProxyType({"tau": "2"}), papers=_TEMPERED),
    AtlasRow("activation", "constant", "tanh", papers=_TEMPERED),
    AtlasRow("activation", "polynomial:2", "tanh", papers=_TEMPERED),
    AtlasRow("activation-bias", source="sigmoid", papers=_TEMPERED),
    AtlasRow(
        "activation-bias",
        source="sigmoid",
        point=MappingProxyType({"beta1": "2", "c": "log(2)", "tau": "1/8"}),
        papers=_TEMPERED,
    ),
    AtlasRow("quadratic", papers=("2410.11222",)),
    AtlasRow("gaussian", papers=("2305.07572",)),
    AtlasRow("gaussian", "polynomial:2", papers=("2305.07572",)),
    AtlasRow("laplace", papers=("2410.02935",)),
    AtlasRow("sigmoid", papers=("2405.13997", "2602.01466"), refused=_DOUBLED),
    AtlasRow("sigmoid-tau-1", papers=("2405.13997", "2505.10860"), refused=_DOUBLED),
    AtlasRow("sigmoid-euclidean", papers=("2602.01466",), refused=_APART),
    AtlasRow("cosine", papers=("2405.14131",), d=2),
    AtlasRow("cosine-perturbed", papers=("2405.14131",), d=2),
    AtlasRow("softmax", "nonlinear:tanh", papers=("2402.02952",)),
    AtlasRow("softmax", "multinomial:2", papers=("2310.14188",), refused=_OUTCOMES),
    AtlasRow("contaminated softmax", papers=("2505.18455",), refused=_ONE_TRAINED),
    AtlasRow(
        "contaminated softmax",
        point=MappingProxyType({"a": "-1", "b": "3", "nu": "3/2"}),  # the fixed expert: not distinguishable
        papers=("2505.18455",),
        refused=_ONE_TRAINED,
    ),
)
