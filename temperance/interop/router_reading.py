"""Reads the formula of a router from its torch.fx graph, where it is softmax of a function of W x, biases and one tau.

What is read is a gate of the theory: softmax of scores that are a function of W x, of biases and of one temperature,
the same for every expert; or of the cosines of x and the rows of W. Anything else is not read, and is tested alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.interop import torch_tracing
from temperance.interop.formulas import number
from temperance.theory.expressions.formulas import Z


class NotRead(ValueError):
    """A router is none of those that are read."""


Floats = NDArray[np.float64]
Read: TypeAlias = Any  # a SymPy expression, or what torch.fx passes on

X, W, TURNED = sp.symbols("x W W^T")
X_LENGTH, W_LENGTH = sp.symbols("|x| |w|", positive=True)
_VECTORS = (X, W, TURNED, X_LENGTH, W_LENGTH)
"""Stand for x, for W, whose rows are w, and its transpose, and for lengths, until Z is their product."""
_SHAPES = ("unsqueeze", "squeeze", "view", "reshape", "flatten", "contiguous", "float", "double", "to", "clone")
_PRODUCTS = ("linear", "matmul", "mm")
_TURNS = ("t", "transpose", "swapaxes", "permute", "T", "mT")
_SCALES = ("div", "truediv", "mul", "add", "clamp", "clamp_min")  # what makes cosines of x and w
_SOFTMAX = sp.Function("softmax")


@dataclass(frozen=True)
class Scores:
    """What was read.

    expression: in Z = w.x (or the cosine), biases and a scalar. weights: W (k, d). cosine: None, or the numbers added
    to |x| and |w|. biases, scalars: the value of the parameter of a symbol's name. trained: the parameters that were
    read.
    """

    expression: sp.Expr
    weights: Floats
    cosine: tuple[sp.Expr, sp.Expr] | None
    biases: dict[sp.Symbol, Floats]
    scalars: dict[sp.Symbol, float]
    trained: tuple[Any, ...]


def read_scores(module: Any) -> Scores:
    """The scores of a router in evaluation mode, a torch.nn.Module from x (n, d) to weights (n, k).

    Raises:
        NotRead: it is none of those above.
    """
    reader = _Reader()
    try:
        return reader.scores(torch_tracing.walk(torch_tracing.settled(module), X, reader))
    except (ValueError, TypeError, AttributeError) as error:
        raise NotRead(str(error)) from error


def outputs(module: Any, x: Floats) -> Floats:
    """What a module makes of x (n, d), in evaluation mode and double precision."""
    import torch

    with torch.no_grad():
        return _array(torch_tracing.settled(module).double()(torch.tensor(x)))


class _Reader:
    """Gives the values of a graph to `torch_tracing.walk`, and keeps what parameters its symbols stand for."""

    def __init__(self) -> None:
        self.matrix: Any = None
        self.transposed = False
        self.plus: tuple[sp.Expr | None, sp.Expr | None] = None, None
        self.biases: dict[sp.Symbol, Floats] = {}
        self.scalars: dict[sp.Symbol, float] = {}
        self.trained: list[str] = []

    def scores(self, result: Read) -> Scores:
        """The scores, from what a graph returns."""
        if not isinstance(result, sp.Expr) or result.func != _SOFTMAX or not result.has(Z):
            raise NotRead("no softmax of scores that W x makes")
        x, w = self.plus
        if (x is None) != (w is None):
            raise NotRead("one side of a cosine")
        weights = _array(self.matrix)
        weights = weights.T if self.transposed else weights
        cosine = None if x is None or w is None else (x, w)
        return Scores(result.args[0], weights, cosine, self.biases, self.scalars, tuple(self.trained))

    def parameter(self, name: str, tensor: Any) -> Read:
        """A number, a learnable number, a bias, or W."""
        if tensor.numel() == 1 and not getattr(tensor, "requires_grad", False):
            return number(tensor.detach().cpu().numpy())
        other = tensor.dim() == 2 and self.matrix is not None and self.matrix is not tensor
        if not tensor.requires_grad or tensor.dim() > 2 or other:
            raise NotRead(f"{name} is held, or no matrix, bias or number")
        self.trained.append(name)
        symbol = sp.Symbol(name, real=True)
        if tensor.numel() == 1:
            self.scalars[symbol] = float(tensor.detach())
        elif tensor.dim() == 1:
            self.biases[symbol] = _array(tensor)
        else:
            self.matrix = tensor
            return W
        return symbol

    def module(self, name: str, module: Any, *arguments: Read, **options: Read) -> Read:
        """What a module makes of its argument."""
        from torch import nn

        argument = arguments[0] if arguments else next(iter(options.values()))
        if type(module) is nn.Linear:
            bias = None if module.bias is None else self.parameter(f"{name}.bias", module.bias)
            return self._scores(argument, self.parameter(f"{name}.weight", module.weight), bias)
        if isinstance(module, (nn.Softmax, nn.LogSoftmax)):
            return self.operation("softmax", (argument,), {"dim": module.dim})
        if isinstance(module, (nn.Identity, nn.Dropout, nn.Flatten)):
            return argument
        if _is_vector(argument) or any(True for _ in module.parameters()):
            raise NotRead(f"{type(module).__name__} acts on x, or has parameters")
        return torch_tracing.run(module, argument)

    def operation(self, name: str, arguments: tuple[Read, ...], options: dict[str, Read]) -> Read:
        """What a function or method makes of its arguments."""
        plain = name.strip("_")
        if plain == "getattr":
            plain, arguments = str(arguments[1]), arguments[:1]
        first: Read = arguments[0] if arguments else next(iter(options.values()), None)
        vector = _is_vector(first)
        if plain in _TURNS and vector:
            return first.xreplace({W: TURNED, TURNED: W})
        if plain in _SHAPES:
            return first
        if plain in ("shape", "size", "getitem", "dim", "device", "dtype") and (vector or first is None):
            return None  # a shape, which other operations pass on
        if plain in ("softmax", "log_softmax"):
            return self._softmax(first, arguments, options)
        if plain in _PRODUCTS and len(arguments) > 1 and _is_vector(arguments[1]):
            rows = arguments[1] if plain == "linear" else arguments[1].xreplace({W: TURNED, TURNED: W})
            return self._scores(first, rows, arguments[2] if len(arguments) > 2 else options.get("bias"))
        if plain == "cosine_similarity" and set(arguments[:2]) == {X, W}:
            return self._scores(X / X_LENGTH, W / W_LENGTH, None)
        if plain in ("normalize", "norm", "vector_norm") and first in (X, W, TURNED):
            length = X_LENGTH if first == X else W_LENGTH
            return first / length if plain == "normalize" else length
        if plain == "detach" or (vector and plain not in _SCALES):
            raise NotRead(f"{plain} acts on vectors, or stops a gradient")
        if plain in ("clamp", "clamp_min") and vector:
            return first  # a length is not 0
        return torch_tracing.apply(name, arguments, options)

    def _scores(self, x: Read, rows: sp.Expr, bias: Read) -> sp.Expr:
        """Z, for the product of x and the rows of W, each as it is or divided by its length + plus."""
        if not _is_vector(x):
            raise NotRead("no linear function of x")
        self.transposed = rows.has(TURNED)
        self.plus = _plus(x, X, X_LENGTH), _plus(rows.xreplace({TURNED: W}), W, W_LENGTH)
        return Z if bias is None else Z + bias

    def _softmax(self, scores: Read, arguments: tuple[Read, ...], options: dict[str, Read]) -> sp.Expr:
        over = options.get("dim", arguments[1] if len(arguments) > 1 else None)
        if not isinstance(scores, sp.Expr) or _is_vector(scores) or over not in (-1, 1):
            raise NotRead("no softmax over the experts")
        return _SOFTMAX(scores)


def _array(tensor: Any) -> Floats:
    return tensor.detach().cpu().double().numpy()


def _is_vector(value: Read) -> bool:
    return isinstance(value, sp.Expr) and value.has(*_VECTORS)


def _plus(vectors: sp.Expr, own: sp.Symbol, length: sp.Symbol) -> sp.Expr | None:
    """What is added to the length that vectors are divided by; None where they are not divided."""
    scale = own / vectors
    if scale == 1:
        return None
    if not (scale - length).is_number:
        raise NotRead("vectors that are changed otherwise")
    return scale - length
