"""The papers on rates in mixtures of experts, what was read in them, and the rows of the atlas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from temperance.theory.contact.order_setting import NOT_SHARED
from temperance.theory.models.order import Reason, ReasonKind


@dataclass(frozen=True)
class Paper:
    """A paper: its number, the gates it is about, and what was read in it of rates.

    abstract: what its abstract states. rates: the exponents p of errors n^(-p) that stand elsewhere in it, and where;
    None where nothing but the abstract was read. m is the number of atoms in a cell; r(2) = 4, r(3) = 6.
    """

    arxiv: str
    gates: str
    abstract: str
    rates: str | None = None


PAPERS = (
    Paper(
        "2305.03288",
        "softmax",
        "maximum likelihood: over-specified rates are tied to the solvability of a polynomial system; no exponent",
        "as table 2 of 2402.03226 and theorem 2 of 2505.10860 restate it: 1/2 in singleton cells; in a cell of m beta1 "
        "and b 1/(2r(m)), a and nu 1/r(m), the weight 1/2",
    ),
    Paper(
        "2305.07572",
        "Gaussian",
        "maximum likelihood: two polynomial systems, for nonzero gate locations and for some that vanish; no exponent",
    ),
    Paper(
        "2309.13850",
        "top-K softmax",
        "parametric (1/2) with the true number of experts; with more, slower parameters, and no exponent of theirs",
    ),
    Paper(
        "2310.14188",
        "softmax, multinomial experts",
        "slower than polynomial where some expert parameters vanish, faster with a transformed input; no exponent",
    ),
    Paper(
        "2401.13875",
        "linear with temperature",
        "maximum likelihood: slower than any polynomial, possibly 1/log(n)",
        "its exponents are those that theory 4.2 has as published",
    ),
    Paper(
        "2401.13875",
        "activation with temperature",
        "maximum likelihood: polynomial under independence conditions; no exponent",
        "its exponents are those that theory 4.2 has as published",
    ),
    Paper(
        "2402.02952",
        "softmax, least squares",
        "sigmoid and tanh experts are learnt fast, polynomial experts slowly; no exponent",
    ),
    Paper(
        "2402.03226",
        "Laplace without temperature",
        "better rates by the gate; no exponent",
        "maximum likelihood: 1/2 where exact-specified (theorem J.2) and in singleton cells; in a cell of m beta1 and "
        "a 1/4, b 1/(2r(m)), nu 1/r(m), the weight 1/2 (theorem 3.2, table 2)",
    ),
    Paper(
        "2405.13997",
        "sigmoid, least squares",
        "over-specified, in two regimes of the gate: ReLU and GELU experts faster than under softmax; no exponent",
    ),
    Paper(
        "2405.14131",
        "cosine, least squares",
        "can be as slow as 1/log(n)^t; perturbed, polynomial for strongly identifiable experts; no exponent",
    ),
    Paper("2410.02935", "Laplace on two levels", "no interactions as of the softmax, and faster experts; no exponent"),
    Paper(
        "2410.11222",
        "quadratic",
        "faster with a monomial than with a polynomial gate, with nonlinear than with linear experts; no exponent",
    ),
    Paper(
        "2505.10860",
        "normalised sigmoid, beside experts with constant weights",
        "gains in sample efficiency; no exponent",
        "maximum likelihood: where all split cells have beta1 = 0, 1/2 in singleton and 1/4 in split cells, for "
        "strongly identifiable experts (theorem 3); else 1/2 for gates and experts, linear ones too, about the nearest "
        "mixture, as none has the true density (theorem 4). But two equal atoms for each true one have it, and near "
        "them beta1 has no more than 1/4, b of a linear expert 1/8 (theory 4.2, C.2.2); whether such mixtures are "
        "excluded was not read",
    ),
    Paper(
        "2505.18455",
        "contaminated softmax",
        "maximum likelihood: minimax rates where the experts are distinguishable, else slower; no exponent",
        "1/2 if the fixed expert is not Gaussian (theorems 1 and 2); if it is, with a mean of the same form and at the "
        "distance D from the trained one, errors n^(-1/2)/D^2 of the weight and n^(-1/2)/D of all else, for strongly "
        "identifiable experts (theorems 3 and 4, table 1), which linear ones with an intercept are not",
    ),
    Paper(
        "2602.01466",
        "sigmoid with temperature, multinomial experts",
        "exponential sample size; with a Euclidean score polynomial; no exponent",
    ),
    Paper(
        "1907.04377",
        "free of the input",
        "maximum likelihood, over-specified: algebraic independence of the experts; rates and lower bounds; no "
        "exponent",
    ),
    Paper(
        "2402.05220",
        "free of the input, beside a known density",
        "maximum likelihood: rates by the structure of the experts and whether the known density is "
        "distinguishable; no exponent",
    ),
    Paper(
        "2410.02200", "prefix tuning", "prefixes whose keys and values share a structure need fewer data; no exponent"
    ),
    Paper("2410.12258", "contaminated", "not read"),
    Paper(
        "2502.00281",
        "sigmoid and softmax attention",
        "experts of sigmoid attention need fewer data than those of softmax attention; no exponent",
    ),
    Paper(
        "2503.03213",
        "softmax, dense-to-sparse and hierarchical, least squares",
        "strongly identifiable experts, such as networks of two layers, need polynomially many data, linear ones "
        "exponentially many; no exponent",
    ),
    Paper(
        "2505.13052",
        "Gaussian",
        "dendrograms find the number of experts, and have the pointwise optimal rate where there are too many; no "
        "exponent",
    ),
    Paper(
        "2510.12744",
        "softmax",
        "maximum likelihood: over-specified rates are tied to the solvability of a polynomial system; dendrograms find "
        "the number of experts; no exponent",
    ),
    Paper(
        "2602.00939",
        "contaminated, multinomial experts",
        "minimax rates, faster where the experts are of different kinds; no exponent",
    ),
    Paper(
        "2602.01468",
        "gated attention",
        "as a hierarchical mixture: gated attention needs polynomially, multi-head attention exponentially many "
        "data; no exponent",
    ),
    Paper("2602.07997", "dendrograms of mixing measures", "not read"),
    Paper(
        "2604.20551",
        "softmax, Bayesian",
        "posterior contraction of densities and, by Voronoi losses, of parameters; two ways to choose the number of "
        "experts; no exponent",
    ),
    Paper(
        "2605.02124",
        "softmax as the temperature goes to 0, squared loss",
        "the distance to hard routing is of the order of the mass near the interfaces of the routes: tau to a power; "
        "no rate of an estimator",
    ),
)


TITLES: Mapping[str, str] = {
    "2305.03288": "Demystifying Softmax Gating Function in Gaussian Mixture of Experts",
    "2305.07572": "Towards Convergence Rates for Parameter Estimation in Gaussian-gated Mixture of Experts",
    "2309.13850": "Statistical Perspective of Top-K Sparse Softmax Gating Mixture of Experts",
    "2310.14188": "A General Theory for Softmax Gating Multinomial Logistic Mixture of Experts",
    "2401.13875": "Is Temperature Sample Efficient for Softmax Gaussian Mixture of Experts?",
    "2402.02952": "On Least Squares Estimation in Softmax Gating Mixture of Experts",
    "2402.03226": "FuseMoE: Mixture-of-Experts Transformers for Fleximodal Fusion",
    "2405.13997": "Sigmoid Gating is More Sample Efficient than Softmax Gating in Mixture of Experts",
    "2405.14131": "Statistical Advantages of Perturbing Cosine Router in Mixture of Experts",
    "2410.02935": "On Expert Estimation in Hierarchical Mixture of Experts: Beyond Softmax Gating Functions",
    "2410.11222": "Quadratic Gating Mixture of Experts: Statistical Insights into Self-Attention",
    "2505.10860": "On DeepSeekMoE: Statistical Benefits of Shared Experts and Normalized Sigmoid Gating",
    "2505.18455": "On Minimax Estimation of Parameters in Softmax-Contaminated Mixture of Experts",
    "2602.01466": "Rethinking Multinomial Logistic Mixture of Experts with Sigmoid Gating Function",
}
"""Of the papers of the rows, by their numbers."""


@dataclass(frozen=True)
class Published:
    """What a paper publishes of a row, other than 2401.13875 and 2305.03288, of which `published_rates` knows.

    where: its places. missing: why it has no exponent of other parameters or cells. exponents: by the number of atoms
    in a cell, p of the errors n^(-p) of the parameters.
    """

    where: str
    missing: Reason
    exponents: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def of(self, name: str, size: int) -> tuple[str | None, Reason]:
        """The exponent of a parameter, or of a coordinate of it, in a cell, and where it stands; or None and why."""
        exponent = self.exponents.get(size, {}).get(name.split("_")[0])
        return exponent, self.missing if exponent is None else Reason(ReasonKind.PUBLISHED, self.where)


_LAPLACE = Published(
    "arXiv 2402.03226, theorems 3.2 and J.2, table 2",
    Reason(ReasonKind.UNMET, "not under the conditions of arXiv 2402.03226, whose gate has no temperature"),
    {
        1: {"beta1": "1/2", "a": "1/2", "b": "1/2", "nu": "1/2"},
        2: {"beta1": "1/4", "a": "1/4", "b": "1/8", "nu": "1/4"},
        3: {"beta1": "1/4", "a": "1/4", "b": "1/12", "nu": "1/6"},
    },
)
_CONTAMINATED = Published(
    "arXiv 2505.18455, table 1",
    Reason(
        ReasonKind.UNMET,
        "not under the conditions of arXiv 2505.18455: linear experts with an intercept are not strongly identifiable",
    ),
)
_DOUBLED = Published(
    "arXiv 2505.10860, theorem 4, about the nearest mixture: two equal atoms for each true one, which have its density",
    Reason(ReasonKind.UNREAD, "theorems 3 and 4 of arXiv 2505.10860 are about more atoms than the truth has"),
    {2: dict.fromkeys(("beta1", "w", "a", "b", "nu"), "1/2")},
)
_APART = f"{NOT_SHARED}; where every cell is split the kinks are not covered"
_OUTCOMES = "not computed: atoms whose response has finitely many values are not told apart at one x"
_ONE_TRAINED = (
    "not computed: one expert is trained; cells of several beside the fixed one are a part of the softmax model, whose "
    "bounds hold for them"
)
_TEMPERED, _SOFT = ("2401.13875",), ("2305.03288", "2309.13850", "2402.02952")


@dataclass(frozen=True)
class AtlasRow:
    """A gate, an expert and a true point (empty: the default of `temperance exponents`), in dimension d.

    refused: why its cells are not computed; exact-specified orders are (`contact.exact_orders`). published: what papers
    state of it, where `published_rates` does not know.
    """

    gate: str
    expert: str = "gaussian"
    source: str | None = None
    point: Mapping[str, str] = field(default_factory=dict, hash=False)
    papers: tuple[str, ...] = ()
    refused: str | None = None
    d: int = 1
    published: Published | None = field(default=None, hash=False)


ROWS = (
    AtlasRow("linear", papers=_TEMPERED),
    AtlasRow("softmax", papers=_SOFT),
    AtlasRow("softmax", "constant", papers=_SOFT),
    AtlasRow("softmax", "polynomial:2", papers=_SOFT),
    *(AtlasRow("activation", source=s, papers=_TEMPERED) for s in ("tanh", "gelu", "exp(z)", "sqrt(1 + z**2)")),
    *(AtlasRow("activation", source=s, papers=_TEMPERED) for s in ("z**2 + z", "z**2", "relu", "hardtanh")),
    AtlasRow("activation", source="log(1 + z**2)", papers=_TEMPERED),
    AtlasRow("activation", source="log(1 + z**2)", point={"tau": "2"}, papers=_TEMPERED),
    AtlasRow("activation", "constant", "tanh", papers=_TEMPERED),
    AtlasRow("activation", "polynomial:2", "tanh", papers=_TEMPERED),
    AtlasRow("activation-bias", source="sigmoid", papers=_TEMPERED),
    AtlasRow(
        "activation-bias",
        source="sigmoid",
        point={"beta1": "2", "c": "log(2)", "tau": "1/8"},
        papers=_TEMPERED,
    ),
    AtlasRow("quadratic", papers=("2410.11222",)),
    AtlasRow("gaussian", papers=("2305.07572",)),
    AtlasRow("gaussian", "polynomial:2", papers=("2305.07572",)),
    AtlasRow("laplace", papers=("2402.03226", "2410.02935"), published=_LAPLACE),
    AtlasRow("sigmoid", papers=("2405.13997", "2602.01466")),
    AtlasRow("sigmoid-tau-1", papers=("2405.13997", "2505.10860"), published=_DOUBLED),
    AtlasRow("sigmoid-euclidean", papers=("2602.01466",), refused=_APART),
    AtlasRow("cosine", papers=("2405.14131",), d=2),
    AtlasRow("cosine-perturbed", papers=("2405.14131",), d=2),
    AtlasRow("softmax", "nonlinear:tanh", papers=("2402.02952",)),
    AtlasRow("softmax", "multinomial:2", papers=("2310.14188",), refused=_OUTCOMES),
    AtlasRow("contaminated softmax", papers=("2505.18455",), refused=_ONE_TRAINED, published=_CONTAMINATED),
    AtlasRow(
        "contaminated softmax",
        point={"a": "-1", "b": "3", "nu": "3/2"},  # the fixed expert: not distinguishable
        papers=("2505.18455",),
        refused=_ONE_TRAINED,
        published=_CONTAMINATED,
    ),
)

_BY_SQUARES = ("2402.02952", "2503.03213")
LEAST_SQUARES_ROWS = (
    *(AtlasRow("softmax", e, papers=_BY_SQUARES) for e in ("gaussian", "polynomial:2", "nonlinear:tanh")),
    AtlasRow("softmax", "nonlinear:gelu", papers=_BY_SQUARES),
    *(AtlasRow("linear", e, papers=("2503.03213",)) for e in ("gaussian", "nonlinear:tanh")),
    *(AtlasRow("activation", e, "tanh", papers=("2503.03213",)) for e in ("gaussian", "nonlinear:tanh")),
    AtlasRow("quadratic", "nonlinear:tanh"),
    AtlasRow("laplace", "nonlinear:tanh"),
    AtlasRow("sigmoid", "nonlinear:tanh", papers=("2405.13997",)),
)
"""Gates and experts whose regression function is looked at, d = 1."""
