"""The notebooks of the repository: what each shows, built from the library's own results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from temperance.errors import BadInput, refusing
from temperance.gallery_activations import activations
from temperance.gallery_data import real_data
from temperance.gallery_exponents import exponents
from temperance.gallery_mirror import mirror_points
from temperance.gallery_own import own
from temperance.gallery_rates import rates
from temperance.notebook import Cell, build, differences, execute, failure, text
from temperance.parameters import Value, defaults, inject, values
from theory.derivation import derivation
from theory.rendering import cells


def interactions() -> list[Cell]:
    """The derivation of the temperature equation, and how tau moves the gate from dense to sparse."""
    return [
        ("markdown", _INTRODUCTION),
        *cells(derivation("linear", order=2)),
        ("markdown", _EQUATION_TEXT),
        ("code", _EQUATION),
        ("markdown", _SPARSITY_TEXT),
        ("code", _SPARSITY),
        ("markdown", _ORBIT_TEXT),
        ("code", _ORBIT),
    ]


NOTEBOOKS: dict[str, Callable[[], list[Cell]]] = {
    "01_interactions.ipynb": interactions,
    "02_activations.ipynb": activations,
    "03_rates.ipynb": rates,
    "04_your_own.ipynb": own,
    "05_mirror_points.ipynb": mirror_points,
    "06_real_data.ipynb": real_data,
    "07_exponents.ipynb": exponents,
}


def built(name: str) -> str:
    """The content of the file of a notebook, executed."""
    return text(execute(build(NOTEBOOKS[name]())))


def notebook_files(place: str) -> list[Path]:
    """The notebooks in a folder, or the one that a file is.

    Raises:
        BadInput: there are none.
    """
    path = Path(place)
    found = [path] if path.suffix == ".ipynb" and path.is_file() else sorted(path.glob("*.ipynb"))
    if not found:
        raise BadInput(f"no notebook in {place!r}; accepted: a folder with .ipynb files, or one of them")
    return found


def read(path: Path) -> NotebookNode:
    """The notebook in a file.

    Raises:
        BadInput: the file is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.validator.NotebookValidationError) as error:
        raise BadInput(f"{str(path)!r} cannot be read as a notebook ({type(error).__name__})") from error


def parameters_of(notebooks: Mapping[Path, NotebookNode], pairs: Sequence[tuple[str, str]]) -> dict[str, Value]:
    """The values of (name, text) pairs for the parameters that some of the notebooks have.

    Raises:
        BadInput: a parameter that none has, or a text that is no value of it.
    """
    accepted: dict[str, Value] = {}
    for path, notebook in notebooks.items():
        try:
            accepted = {**defaults(notebook), **accepted}
        except ValueError as error:
            raise BadInput(f"{str(path)!r}: {error}") from None
    with refusing():
        return values(pairs, accepted)


def run_again(shown: NotebookNode, given: Mapping[str, Value]) -> tuple[NotebookNode | None, list[str]]:
    """A notebook executed with the given ones of its parameters, and in what it differs from what is shown.

    None, and what went wrong, where a cell raises an exception.
    """
    own = {name: value for name, value in given.items() if name in defaults(shown)}
    try:
        made = execute(inject(shown, own))
    except CellExecutionError as error:
        return None, [failure(error)]
    return made, differences(shown, made)


_INTRODUCTION = r"""# Why the temperature of a softmax gate is hard to learn

The *dense-to-sparse* gate of a Gaussian mixture of experts has the density

$$g_G(y|x) = \sum_{i=1}^k \mathrm{softmax}_i\!\left(\frac{\beta_{1i} x + \beta_{0i}}{\tau}\right)
\mathcal N(y \,|\, a_i x + b_i, \nu_i),$$

with one temperature $\tau$ for all atoms. What follows is computed by the library: the formulas in the text by
`theory.derivation`, and everything again by the code cells below them."""

_EQUATION_TEXT = """## The temperature equation

The relation of order 1 among those found, and the flow that solves it."""

_EQUATION = r"""import sympy as sp
from IPython.display import Math, display

temperature = next(g for g in found.generators if g.order == 1)
(flow,) = groups.flows
display(Math(temperature.latex))
display(Math(r",\quad ".join(rf"{sp.latex(p)} \mapsto {sp.latex(q)}" for p, q in flow.orbit)))"""

_SPARSITY_TEXT = r"""## From a dense to a sparse gate

The same $\beta_1$ and $\beta_0$ at several temperatures: a large $\tau$ gives every expert a share everywhere, a
small one gives each point $x$ to a single expert. The effective number of experts is $\exp$ of the entropy of the
gate, averaged over $x$."""

_SPARSITY = r"""import matplotlib.pyplot as plt
import numpy as np

from numerics.compiled import compile_activation
from numerics.density import gate_probabilities
from numerics.measures import MixingMeasure
from theory.activations import activation

linear = compile_activation(activation("z"))
x = np.linspace(-3, 3, 301)[:, None]


def gate_at(tau, scale=1.0):
    beta1, beta0 = np.array([[2.0], [-2.0], [0.0]]), np.array([0.0, 0.0, 1.0])
    experts = {"a": np.zeros((3, 1)), "b": np.zeros(3), "nu": np.ones(3)}
    measure = MixingMeasure(beta1=scale * beta1, beta0=scale * beta0, tau=np.array(scale * tau), **experts)
    return gate_probabilities(measure, linear, x)


temperatures = (4.0, 1.0, 0.25)
figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), sharey=True, layout="constrained")
for axis, tau in zip(axes, temperatures, strict=True):
    axis.plot(x, gate_at(tau))
    axis.set(title=rf"$\tau = {tau:g}$", xlabel="$x$")
axes[0].set_ylabel("weight of each expert")
plt.show()

for tau in temperatures:
    weights = gate_at(tau)
    entropy = -(weights * np.log(weights)).sum(axis=1)
    print(f"tau = {tau:<5g} effective number of experts {np.exp(entropy).mean():.4f}")"""

_ORBIT_TEXT = r"""## The orbit

Moving $\beta_1$, $\beta_0$ and $\tau$ by one factor leaves the gate as it is, whatever the data: no sample tells the
temperature. Only the ratios $\beta_1/\tau$ and $\beta_0/\tau$ can be learnt."""

_ORBIT = """for factor in (0.1, 1.0, 10.0):
    change = np.abs(gate_at(1.0, scale=factor) - gate_at(1.0)).max()
    print(f"tau = {factor:<5g} largest change of the gate below 1e-14: {change < 1e-14}")"""
