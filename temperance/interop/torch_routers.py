"""Reads a torch router: a module from x (n, d) to the weights (n, k) of k experts, node by node of its torch.fx graph.

What is read is softmax of scores that are a function of W x, of biases and of one temperature, the same for every
expert; or of the cosines of x and the rows of W. Anything else is refused in a sentence that says which gate it is
like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Features:
    """x, or x/(|x| + plus) where plus is a number."""

    plus: sp.Expr | None = None


@dataclass(frozen=True)
class Rows:
    """W (k, d), its transpose, or its rows w/(|w| + plus) where plus is a number."""

    parameter: Any
    transposed: bool = False
    plus: sp.Expr | None = None


@dataclass(frozen=True)
class Lengths:
    """|x| + plus, or |w| + plus of every row."""

    of: Features | Rows
    plus: sp.Expr


@dataclass(frozen=True)
class Weights:
    """softmax of the scores."""

    scores: sp.Expr


Floats = NDArray[np.float64]
Read: TypeAlias = Any  # one of these, a SymPy expression in Z, biases and scalars, or what torch.fx passes on
_COPIES = ("contiguous", "float", "double", "to", "clone", "detach")
_SHAPES = ("unsqueeze", "squeeze", "view", "reshape", "flatten", *_COPIES)
_PRODUCTS = ("linear", "matmul", "mm")
_TURNS = ("t", "transpose", "swapaxes", "permute", "T", "mT")
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
    numbers added to |x| and |w|. biases, scalars: the name and the value of the parameter that a symbol stands for.
    """

    scores: sp.Expr
    weights: Floats
    cosine: tuple[sp.Expr, sp.Expr] | None
    biases: dict[sp.Symbol, tuple[str, Floats]]
    scalars: dict[sp.Symbol, tuple[str, float]]


def read_router(module: Any) -> Router:
    """The router that a torch.nn.Module is, in evaluation mode.

    Raises:
        NotRead: it is none that is known here.
    """
    reader = _Reader()
    try:
        return reader.router(torch_tracing.walk(torch_tracing.settled(module), Features(), reader))
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
        self.rows: Rows | None = None
        self.features: Features | None = None
        self.biases: dict[sp.Symbol, tuple[str, Floats]] = {}
        self.scalars: dict[sp.Symbol, tuple[str, float]] = {}

    def router(self, result: Read) -> Router:
        """The router, from what its graph returns."""
        if isinstance(result, (tuple, list, dict)):
            raise NotRead("it returns several things; give the part from x to the weights of the experts")
        if isinstance(result, sp.Expr) and self.rows is not None:
            if result.func.__name__ == "sigmoid":
                raise NotRead("its weights are sigmoids, which do not sum to 1: like the gate `derive --gate sigmoid`")
            like = "activation gate of its scores" if result.has(sp.Function) else "linear gate"
            raise NotRead(
                f"it ends in scores, without a softmax: with nn.Softmax(dim=-1) behind it, it is like the {like}"
            )
        if not isinstance(result, Weights) or self.rows is None or self.features is None:
            raise NotRead("it does not end in a softmax over scores that W x makes")
        if not self.rows.parameter.requires_grad:
            raise NotRead("its W is not trained: like a gate with known W, where tau is identifiable")
        plus = self.features.plus, self.rows.plus
        if (plus[0] is None) != (plus[1] is None):
            what = "the rows of W are" if plus[0] is None else "x is"
            raise NotRead(f"only {what} scaled to length 1: between the linear gate and the cosine gate")
        cosine = None if plus[0] is None or plus[1] is None else (plus[0], plus[1])
        weights = _array(self.rows.parameter)
        weights = weights.T if self.rows.transposed else weights
        return Router(result.scores, weights, cosine, self.biases, self.scalars)

    def parameter(self, name: str, tensor: Any) -> Read:
        """A number, a learnable number, a bias, or W."""
        if tensor.numel() == 1:
            if not getattr(tensor, "requires_grad", False):
                return number(tensor.detach().cpu().numpy())
            symbol = sp.Symbol(f"scalar_{len(self.scalars)}", real=True)
            known = {given: s for s, (given, _) in self.scalars.items()}
            self.scalars.setdefault(known.get(name, symbol), (name, float(tensor.detach())))
            return known.get(name, symbol)
        if tensor.dim() == 1:
            symbol = sp.Symbol(f"bias_{len(self.biases)}", real=True)
            self.biases[symbol] = name, _array(tensor).reshape(-1)
            return symbol
        if tensor.dim() != 2:
            raise NotRead(f"its parameter {name} is no matrix, bias or number: like no gate that is known here")
        return Rows(tensor)

    def module(self, name: str, module: Any, *arguments: Read, **options: Read) -> Read:
        """What a module makes of its argument."""
        from torch import nn

        given = arguments[0] if arguments else next(iter(options.values()))
        if isinstance(module, nn.Linear):
            bias = None if module.bias is None else self.parameter(f"{name}.bias", module.bias)
            return self._scores(given, Rows(module.weight), bias)
        if isinstance(module, (nn.Softmax, nn.LogSoftmax)):
            return self.operation("softmax", (given,), {"dim": module.dim})
        if isinstance(module, (nn.Identity, nn.Dropout, nn.Flatten)):
            return given
        kind = type(module).__name__
        if isinstance(given, sp.Expr) and not any(True for _ in module.parameters()):
            return self._formula(kind, lambda: torch_tracing.run(module, given))
        if isinstance(given, sp.Expr):
            raise NotRead(f"{kind} has parameters of its own: like the activation gate with these held")
        raise _on_features(given, kind)

    def operation(self, name: str, arguments: tuple[Read, ...], options: dict[str, Read]) -> Read:
        """What a function or method makes of its arguments."""
        plain = name.strip("_")
        given = (*arguments, *options.values())
        if plain == "getattr" and arguments[1] in _TURNS:
            plain, arguments = "T", arguments[:1]
        elif plain in ("getattr", "size", "getitem", "dim") and not isinstance(arguments[0], (sp.Expr, Weights)):
            return None  # a shape, which other operations pass on
        first = arguments[0] if arguments else next(iter(options.values()), None)
        if plain in _TURNS and isinstance(first, Rows):
            return replace(first, transposed=not first.transposed)
        if plain in _SHAPES and isinstance(first, (Features, Rows, Lengths, sp.Expr, Weights)):
            return first
        if plain in ("softmax", "log_softmax"):
            return self._softmax(first, arguments, options)
        if plain in _PRODUCTS and len(arguments) >= 2 and isinstance(arguments[1], Rows):
            rows = arguments[1]
            rows = rows if plain == "linear" else replace(rows, transposed=not rows.transposed)
            return self._scores(first, rows, arguments[2] if len(arguments) > 2 else options.get("bias"))
        if plain == "cosine_similarity" and {type(a) for a in arguments[:2]} == {Features, Rows}:
            x, rows = sorted(arguments[:2], key=lambda a: isinstance(a, Rows))
            return self._scores(replace(x, plus=sp.S.Zero), replace(rows, plus=sp.S.Zero), None)
        if isinstance(first, (Features, Rows, Lengths)):
            return _vector(plain, first, arguments, options)
        if name in _LIKE and any(isinstance(a, (sp.Expr, Weights)) for a in given) and self.rows is not None:
            raise NotRead(_LIKE[name].format(name=name))
        return self._formula(plain, lambda: torch_tracing.apply(name, arguments, options))

    def _scores(self, x: Read, rows: Rows, bias: Read) -> sp.Expr:
        if isinstance(x, sp.Expr):
            raise NotRead(
                "its scores are made by two layers: like the linear gate of the features that the last one sees"
            )
        if not isinstance(x, Features):
            raise NotRead("its scores are no linear function of x")
        if self.rows is not None and self.rows.parameter is not rows.parameter:
            raise NotRead("several linear maps make its scores or its temperature: like a gate whose tau depends on x")
        self.rows, self.features = rows, x
        return Z if bias is None else Z + bias

    def _softmax(self, scores: Read, arguments: tuple[Read, ...], options: dict[str, Read]) -> Weights:
        if not isinstance(scores, sp.Expr):
            raise NotRead("its softmax is not over scores that W x makes")
        if options.get("dim", arguments[1] if len(arguments) > 1 else None) not in (-1, 1):
            raise NotRead("its softmax is not over the experts, the last dimension (dim=-1)")
        return Weights(scores)

    def _formula(self, name: str, found: Callable[[], Read]) -> Read:
        try:
            return found()
        except (ValueError, TypeError, AttributeError) as error:
            raise NotRead(f"{name!r} has no formula here; like the gate without it") from error


def _array(tensor: Any) -> Floats:
    return tensor.detach().cpu().double().numpy()


def _on_features(given: Read, name: str) -> NotRead:
    if isinstance(given, (Features, Lengths)):
        return NotRead(f"{name!r} changes x before the scores: like the linear gate of the features that it makes")
    return NotRead(f"{name!r} has no formula here for W or weights; like the gate without it")


def _vector(name: str, first: Read, arguments: tuple[Read, ...], options: dict[str, Read]) -> Read:
    """An operation on x, on W or on their lengths: those that make cosines."""
    rest = arguments[1] if len(arguments) > 1 else None
    power = options.get("p", options.get("ord", rest if name in ("normalize", "norm") else None))
    along = options.get("dim", arguments[2] if len(arguments) > 2 else 1 if name == "normalize" else None)
    if name in ("normalize", "norm", "vector_norm") and isinstance(first, (Features, Rows)):
        across = (0, -2) if isinstance(first, Rows) and first.transposed else (-1, 1, [-1], [1], (-1,), (1,))
        if power in (None, 2, 2.0, "fro") and along in across and first.plus is None:
            return replace(first, plus=sp.S.Zero) if name == "normalize" else Lengths(first, sp.S.Zero)
    if isinstance(first, Lengths) and name in ("add", "clamp", "clamp_min") and first.plus == 0:
        return first if name != "add" else replace(first, plus=number(rest))
    if name in ("div", "truediv") and isinstance(rest, Lengths) and rest.of == first:
        return replace(first, plus=rest.plus)
    raise _on_features(first, name)
