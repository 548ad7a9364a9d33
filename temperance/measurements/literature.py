"""The papers on rates in mixtures of experts, what was read in them, and the rows of the atlas."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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


_PAPERS = tomllib.loads((Path(__file__).parent / "data" / "papers.toml").read_text(encoding="utf-8"))["papers"]
PAPERS = tuple(Paper(**{key: text for key, text in paper.items() if key != "title"}) for paper in _PAPERS)
TITLES: Mapping[str, str] = {paper["arxiv"]: paper["title"] for paper in _PAPERS if "title" in paper}
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
    AtlasRow("activation-bias", source="sigmoid", point={"beta1": "2", "c": "log(2)", "tau": "1/8"}, papers=_TEMPERED),
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
