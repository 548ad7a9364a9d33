"""Reads a torch router: a module from x (n, d) to the weights (n, k) of k experts, node by node of its torch.fx graph.

What is read is softmax of scores that are a function of W x, of biases and of one temperature, the same for every
expert; or of the cosines of x and the rows of W. Anything else is refused in a sentence that says which gate it is
like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.interop import torch_tracing
from temperance.interop.formulas import number
from temperance.theory.expressions.sign_changes import Z


class NotRead(ValueError):
    """A router that is not read; the message says what it is and which gate it is like."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this router is not read: {reason}")


Floats = NDArray[np.float64]
Read: TypeAlias = Any  # a SymPy expression, or what torch.fx passes on

X, W, TURNED = sp.symbols("x W W^T")
X_LENGTH, W_LENGTH = sp.symbols("|x| |w|", positive=True)
_VECTORS = (X, W, TURNED, X_LENGTH, W_LENGTH)
"""Stand for x, for W, whose rows are w, and its transpose, and for lengths, until Z is their product."""
_COPIES = ("contiguous", "float", "double", "to", "clone", "detach")
_SHAPES = ("unsqueeze", "squeeze", "view", "reshape", "flatten", *_COPIES)
_PRODUCTS = ("linear", "matmul", "mm")
_TURNS = ("t", "transpose", "swapaxes", "permute", "T", "mT")
_SCALES = ("div", "truediv", "mul", "add", "clamp", "clamp_min")  # what makes cosines of x and w
_SOFTMAX = sp.Function("softmax")
_LIKE = {
    **dict.fromkeys(
        ("topk", "sort", "argmax", "argsort", "scatter", "scatter_", "one_hot"),
        "it keeps the largest scores only ({name}): like the dense gate of the same scores, which `audit` reads",
    ),
    **dict.fromkeys(
        ("randn_like", "randn", "rand_like", "normal", "gumbel_softmax", "multinomial", "bernoulli"),
        "it is random ({name}); without the noise it is like the gate of its mean scores",
    ),
    "sum": "its weights are divided by their sum, without softmax: like the activation gate whose s is their logarithm",
}


@dataclass(frozen=True)
class Router:
    """What was read.

    scores: an expression in Z = w.x (or the cosine), in biases and scalars. weights: W (k, d). cosine: None, or the
    numbers added to |x| and |w|. biases, scalars: the value of the parameter of a symbol's name.
    """

    scores: sp.Expr
    weights: Floats
    cosine: tuple[sp.Expr, sp.Expr] | None
    biases: dict[sp.Symbol, Floats]
    scalars: dict[sp.Symbol, float]


def read_router(module: Any) -> Router:
    """The router that a torch.nn.Module is, in evaluation mode.

    Raises:
        NotRead: it is none that is known here.
    """
    reader = _Reader()
    try:
        return reader.router(torch_tracing.walk(torch_tracing.settled(module), X, reader))
    except NotRead:
        raise
    except ValueError as error:
        raise NotRead(f"{error}; give its dense part alone") from error


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

    def router(self, result: Read) -> Router:
        """The router, from what its graph returns."""
        if isinstance(result, (tuple, list, dict)):
            raise NotRead("it returns several things; give the part from x to the weights of the experts")
        if not isinstance(result, sp.Expr) or not result.has(Z):
            raise NotRead("it does not end in a softmax over scores that W x makes")
        if result.func.__name__ == "sigmoid":
            raise NotRead("its weights are sigmoids, which do not sum to 1: like the gate `derive --gate sigmoid`")
        if result.func != _SOFTMAX:
            like = "activation gate of its scores" if result.has(sp.Function) else "linear gate"
            raise NotRead(
                f"it ends in scores, without a softmax: with nn.Softmax(dim=-1) behind it, it is like the {like}"
            )
        if not self.matrix.requires_grad:
            raise NotRead("its W is not trained: like a gate with known W, where tau is identifiable")
        x, w = self.plus
        if (x is None) != (w is None):
            what = "the rows of W are" if x is None else "x is"
            raise NotRead(f"only {what} scaled to length 1: between the linear gate and the cosine gate")
        weights = _array(self.matrix)
        weights = weights.T if self.transposed else weights
        cosine = None if x is None or w is None else (x, w)
        return Router(result.args[0], weights, cosine, self.biases, self.scalars)

    def parameter(self, name: str, tensor: Any) -> Read:
        """A number, a learnable number, a bias, or W."""
        if tensor.numel() == 1:
            if not getattr(tensor, "requires_grad", False):
                return number(tensor.detach().cpu().numpy())
            self.scalars[sp.Symbol(name, real=True)] = float(tensor.detach())
            return sp.Symbol(name, real=True)
        if tensor.dim() == 1:
            self.biases[sp.Symbol(name, real=True)] = _array(tensor)
            return sp.Symbol(name, real=True)
        if tensor.dim() != 2:
            raise NotRead(f"its parameter {name} is no matrix, bias or number: like no gate that is known here")
        if self.matrix is not None and self.matrix is not tensor:
            raise NotRead("several linear maps make its scores or its temperature: like a gate whose tau depends on x")
        self.matrix = tensor
        return W

    def module(self, name: str, module: Any, *arguments: Read, **options: Read) -> Read:
        """What a module makes of its argument."""
        from torch import nn

        given = arguments[0] if arguments else next(iter(options.values()))
        if isinstance(module, nn.Linear):
            _refuse_layers(given)
            bias = None if module.bias is None else self.parameter(f"{name}.bias", module.bias)
            return self._scores(given, self.parameter(f"{name}.weight", module.weight), bias)
        if isinstance(module, (nn.Softmax, nn.LogSoftmax)):
            return self.operation("softmax", (given,), {"dim": module.dim})
        if isinstance(module, (nn.Identity, nn.Dropout, nn.Flatten)):
            return given
        kind = type(module).__name__
        if _is_vector(given):
            raise _on_features(given, kind)
        if any(True for _ in module.parameters()):
            raise NotRead(f"{kind} has parameters of its own: like the activation gate with these held")
        return self._formula(kind, lambda: torch_tracing.run(module, given))

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
        if vector and plain not in _SCALES:
            raise _on_features(first, plain)
        if name in _LIKE and any(isinstance(a, sp.Expr) and a.has(Z) for a in (*arguments, *options.values())):
            raise NotRead(_LIKE[name].format(name=name))
        if plain in ("clamp", "clamp_min") and vector:
            return first  # a length is not 0
        return self._formula(plain, lambda: torch_tracing.apply(name, arguments, options))

    def _scores(self, x: Read, rows: sp.Expr, bias: Read) -> sp.Expr:
        """Z, for the product of x and the rows of W, each as it is or divided by its length + plus."""
        _refuse_layers(x)
        if not _is_vector(x):
            raise NotRead("its scores are no linear function of x")
        self.transposed = rows.has(TURNED)
        self.plus = _plus(x, X, X_LENGTH), _plus(rows.xreplace({TURNED: W}), W, W_LENGTH)
        return Z if bias is None else Z + bias

    def _softmax(self, scores: Read, arguments: tuple[Read, ...], options: dict[str, Read]) -> sp.Expr:
        if not isinstance(scores, sp.Expr) or _is_vector(scores):
            raise NotRead("its softmax is not over scores that W x makes")
        if options.get("dim", arguments[1] if len(arguments) > 1 else None) not in (-1, 1):
            raise NotRead("its softmax is not over the experts, the last dimension (dim=-1)")
        return _SOFTMAX(scores)

    def _formula(self, name: str, found: Callable[[], Read]) -> Read:
        try:
            return found()
        except (ValueError, TypeError, AttributeError) as error:
            raise NotRead(f"{name!r} has no formula here; like the gate without it") from error


def _array(tensor: Any) -> Floats:
    return tensor.detach().cpu().double().numpy()


def _is_vector(value: Read) -> bool:
    return isinstance(value, sp.Expr) and value.has(*_VECTORS)


def _refuse_layers(x: Read) -> None:
    if isinstance(x, sp.Expr) and x.has(Z):
        raise NotRead("its scores are made by two layers: like the linear gate of the features that the last one sees")


def _plus(vectors: sp.Expr, own: sp.Symbol, length: sp.Symbol) -> sp.Expr | None:
    """What is added to the length that vectors are divided by; None where they are not divided."""
    scale = own / vectors
    if scale == 1:
        return None
    if not (scale - length).is_number:
        raise _on_features(vectors, str(vectors))
    return scale - length


def _on_features(given: Read, name: str) -> NotRead:
    if given.has(X, X_LENGTH):
        return NotRead(f"{name!r} changes x before the scores: like the linear gate of the features that it makes")
    return NotRead(f"{name!r} has no formula here for W or weights; like the gate without it")
