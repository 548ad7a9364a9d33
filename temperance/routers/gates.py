"""Reads the formula of a router, and finds the gate of theory that it is: activation, temperature and biases.

What is read from the torch.fx graph is softmax of scores that are a function of W x, of biases and of one temperature,
the same for every expert; or of the cosines of x and the rows of W. Anything else is not read, and is tested alone.

The scores are F(t) s(w.x + c) + G(t) b with a learnable number t, a bias c inside and a bias b outside. The temperature
is tau = 1/F(t). What undoes a change of it, and which functions of w, c, b and tau are identifiable,
`temperance.theory` derives from that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import sympy as sp
from scipy.special import softmax

from temperance.interop import torch_tracing
from temperance.interop.formulas import number
from temperance.numerics.mixture.activation_numpy import Floats, compile_activation
from temperance.theory.activations.activation import Activation, activation
from temperance.theory.conditions.degeneracies import mirror
from temperance.theory.expressions.formulas import Z
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import BETA0, TAU, Gate, coordinates, covariates, dot
from temperance.theory.symmetries.flows import Symmetries, symmetries
from temperance.theory.symmetries.score_translations import plain_parameters


class NotRead(ValueError):
    """A router is none of those that are read."""


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


class Scores:
    """What is read from the graph of a router in evaluation mode, by the values that it gives to `torch_tracing.walk`.

    Attributes:
        expression: in Z = w.x (or the cosine), biases and a scalar. weights: W (k, d). cosine: None, or the numbers
            added to |x| and |w|. biases, scalars: the value of the parameter of a symbol's name. trained: the names
            of the parameters that were read.
    """

    def __init__(self, module: Any) -> None:
        """Read a torch.nn.Module from x (n, d) to weights (n, k). Raises NotRead where it is none of those above."""
        self.matrix: Any = None
        self.transposed = False
        self.plus: tuple[sp.Expr | None, sp.Expr | None] = None, None
        self.biases: dict[sp.Symbol, Floats] = {}
        self.scalars: dict[sp.Symbol, float] = {}
        self.trained: list[str] = []
        try:
            result = torch_tracing.walk(torch_tracing.settled(module), X, self)
        except (ValueError, TypeError, AttributeError) as error:
            raise NotRead(str(error)) from error
        if not isinstance(result, sp.Expr) or result.func != _SOFTMAX or not result.has(Z):
            raise NotRead("no softmax of scores that W x makes")
        x, w = self.plus
        if (x is None) != (w is None):
            raise NotRead("one side of a cosine")
        self.expression: sp.Expr = result.args[0]
        self.weights = _array(self.matrix).T if self.transposed else _array(self.matrix)
        self.cosine: tuple[sp.Expr, sp.Expr] | None = None if x is None or w is None else (x, w)

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
        factors, vectors = zip(*(v.as_independent(*_VECTORS, as_Add=False) for v in (x, rows)), strict=True)
        self.plus = _plus(vectors[0], X, X_LENGTH), _plus(vectors[1].xreplace({TURNED: W}), W, W_LENGTH)
        return sp.Mul(*factors) * Z + (0 if bias is None else bias)

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


Verdict = Literal["yes", "no", "undecided"]


@dataclass(frozen=True)
class Form:
    """The parts of a router.

    read: what was read. s: the activation. tau: the temperature as a function of a parameter, such as "exp(log_tau)",
    or as a number; None where the scores have none. learned: whether it is a parameter that is trained. value: of tau,
    now. inside, outside: whether there are biases; outside is divided by tau where divided is True.
    """

    read: Scores
    s: Activation
    tau: str | None
    learned: bool
    value: float
    inside: bool
    outside: bool
    divided: bool

    @property
    def perturbed(self) -> bool:
        """Whether something is added to the lengths that cosines divide by."""
        return any(plus != 0 for plus in self.read.cosine or ())

    @property
    def formula(self) -> str:
        """The weights of the experts, written out."""
        product = "w_i.x" if self.read.cosine is None else "cos'(w_i, x)" if self.perturbed else "cos(w_i, x)"
        argument = product + " + c_i" * self.inside
        score = argument if self.s.is_linear else f"s({argument})"
        if self.outside and self.divided:
            score = f"{score} + b_i"
        if self.tau is not None:
            score = f"({score})/tau" if self.outside and self.divided else f"{score}/tau"
        if self.outside and not self.divided:
            score = f"{score} + b_i"
        return f"softmax({score})" + ("" if self.s.is_linear else f", s(z) = {self.s.name}")

    def gate(self, dim: int) -> Gate:
        """The gate in dimension dim, with parameters beta1 for w, c and tau, and beta0 for b; not of cosines.

        Where the router trains no temperature, the gate has one that divides all of its scores.
        """
        beta, c = coordinates("beta1", dim), sp.Symbol("c", real=True)
        z = dot(beta, covariates(dim)) + (c if self.inside else 0)
        pieces = [(p.expr.subs(Z, z) / TAU, z < p.upper) for p in self.s.pieces[:-1]]
        last = self.s.pieces[-1].expr.subs(Z, z) / TAU
        weight = sp.Piecewise(*pieces, (last, True), evaluate=False) if pieces else last
        parameters = (*beta, *((c,) if self.inside else ()), TAU)
        return Gate("router", weight, parameters, (TAU,), BETA0 / TAU if self.divided or not self.learned else BETA0)


@dataclass(frozen=True)
class Proof:
    """What the theory says of a form: whether tau is identifiable, why, and which functions of the parameters are."""

    verdict: Verdict
    reason: str
    identifiable: tuple[str, ...] | None
    caution: str | None = None


def form_of(module: Any) -> Form:
    """The parts of a router, compared with the module at random points.

    Raises:
        NotRead: it has no such parts, or other values.
    """
    read = Scores(module)
    if len(read.weights) < 2 or len(read.scalars) > 1:
        raise NotRead("one expert, or several numbers")
    scores, outside = read.expression, {}
    for bias in read.biases:
        slope = sp.simplify((scores - scores.subs(bias, 0)) / bias)
        if scores.has(bias) and not slope.free_symbols & {Z, *read.biases}:
            outside[bias], scores = slope, scores.subs(bias, 0)
    inside = [bias for bias in read.biases if scores.has(bias)]
    bare = scores.subs(dict.fromkeys(inside, 0))
    factor, s = sp.factor_terms(bare).as_independent(Z, as_Add=False)
    if sp.expand(scores - bare.subs(Z, Z + sp.Add(*inside))) != 0 or s.free_symbols - {Z}:
        raise NotRead("biases or a temperature that act otherwise")
    if read.cosine is not None and (s != Z or inside):
        raise NotRead("something acts on cosines")
    learned = any(factor.has(t) for t in read.scalars)
    ratios = [sp.simplify(slope / factor) for slope in outside.values()]
    divided = all(ratio == 1 if not learned else not ratio.has(*read.scalars) for ratio in ratios)
    if learned and not divided and any(slope.has(*read.scalars) for slope in outside.values()):
        raise NotRead("its bias and its scores have different temperatures")
    tau, gate_s = sp.simplify(1 / factor), activation(s)
    value = _value(tau, read)
    form = Form(read, gate_s, None if tau == 1 else str(tau), learned, value, bool(inside), bool(outside), divided)
    none = np.zeros(len(read.weights))
    offset = sum((_value(slope, read) * read.biases[bias] for bias, slope in outside.items()), none)
    shift = sum((read.biases[bias] for bias in inside), none)
    _compare(form, shift, offset, module)
    return form


def _value(expr: sp.Expr, read: Scores) -> float:
    """The value of a function of the learnable number, now."""
    for t, now in read.scalars.items():
        if expr.has(t):
            (value,) = compile_activation(activation(expr.subs(t, Z)))(np.array([now]), order=0)
            return float(value[0])
    return float(expr)


def _compare(form: Form, shift: Floats, offset: Floats, module: Any) -> None:
    """Compare softmax(s(W x + shift)/tau + offset) with the module at random points, in double precision."""
    import torch

    x, weights = np.random.default_rng(0).normal(size=(64, form.read.weights.shape[1])), form.read.weights
    with torch.no_grad():
        theirs = _array(torch_tracing.settled(module).double()(torch.tensor(x)))
    if form.read.cosine is not None:
        plus_x, plus_w = (float(plus) for plus in form.read.cosine)
        x = x / (np.linalg.norm(x, axis=1, keepdims=True) + plus_x)
        weights = weights / (np.linalg.norm(weights, axis=1, keepdims=True) + plus_w)
    (s,) = compile_activation(form.s)(x @ weights.T + shift, order=0)
    ours = softmax(s / form.value + offset, axis=1)
    if not any(np.allclose(values, ours, rtol=1e-6, atol=1e-9) for values in (theirs, np.exp(theirs))):
        raise NotRead("the module has other values")


def proof(form: Form) -> Proof:
    """Whether tau is identifiable, or would be if there were one, as the theory says of the form."""
    return _of_cosines(form) if form.read.cosine is not None else _of_products(form)


def _of_products(form: Form) -> Proof:
    """From the first-order relations of the gate, as `temperance derive` finds them."""
    dim = min(2, form.read.weights.shape[1])
    relations, derivation = _derived(form.gate(dim), dim)
    tau_moves = any(TAU in dict(flow.orbit) for flow in derivation.flows)
    tau_moves = tau_moves or any(TAU in generator.field.moved for generator in derivation.unintegrated)
    identifiable = None if derivation.identifiable is None else _in_words(derivation.identifiable, form)
    pairs = [symmetry.statement for symmetry in derivation.discrete if symmetry.name == "pair"]
    if tau_moves:
        return Proof("no", "A curve of its parameters that moves tau changes no weight.", identifiable)
    if derivation.identifiable is not None and TAU not in derivation.identifiable:
        return Proof("no", "The changes of the scores that softmax forgets move it.", identifiable)
    if pairs and len(form.read.weights) == 2:
        return Proof("undecided", f"There are, {pairs[0]}.", identifiable)
    if relations.complete and identifiable is not None:
        reason = "at generic parameters no change of tau is undone by the other parameters."
        return Proof("yes", reason, identifiable, _caution(form))
    return Proof("undecided", "; ".join(relations.missing) or derivation.proved, identifiable)


@lru_cache(maxsize=32)
def _derived(gate: Gate, dim: int) -> tuple[Interactions, Symmetries]:
    relations = derive(gate, dim=dim, order=1)
    return relations, symmetries(relations)


def _of_cosines(form: Form) -> Proof:
    """By the argument of docs/engineers.md: softmax sees the differences of (u_i/tau).x/|x| only, u_i = w_i/|w_i|."""
    k, d = form.read.weights.shape
    bias = ("b_i/tau - b_j/tau" if form.divided else "b_i - b_j",) * form.outside
    if form.perturbed:
        reason = "v_i -> l v_i for all i with tau -> l tau changes no weight; l is free near 1, as |v_i| < 1."
        return Proof("no", reason, ("(v_i - v_j)/tau, v_i = w_i/(|w_i| + p)", *bias))
    if k > d:
        special = f"unless all w_i/|w_i| lie on one plane ({k} experts, {d} features)"
        return Proof("yes", f"no other parameters have its weights, {special}.", ("w_i/|w_i|", "tau", *bias))
    reason = (
        f"{k} experts are not more than {d} features: there is m with u_i.m = 1 for all i, and u_i + s m for u_i, "
        "scaled to length 1, has the same weights at another tau for every small s."
    )
    return Proof("no", reason, ("(u_i - u_j)/tau, u_i = w_i/|w_i|", *bias))


def _caution(form: Form) -> str | None:
    """The mirror point of two experts."""
    if form.s.is_linear or form.inside or len(form.read.weights) != 2:
        return None
    mirror_point = mirror(form.s)
    if mirror_point.kind is None:
        return None
    return f"With two experts beware of w_2 = -w_1, a mirror point ({mirror_point.kind}): {mirror_point.description}."


def _in_words(functions: Iterable[sp.Expr], form: Form) -> tuple[str, ...]:
    """The functions of the gate's parameters, with w_i for a row of W; differences of what softmax translates."""
    spec = model(form.gate(2), "gaussian", None, 2)
    own = {p.name for p in spec.gate.parameters} | {"beta1"} | ({"beta0"} if form.outside else set())
    texts = [str(f) for f in functions if {str(s).partition("[")[0] for s in f.free_symbols} <= own]
    for text in [text for text in texts if text.startswith("beta1_1")]:
        other = text.replace("beta1_1", "beta1_2", 1)
        if other in texts:
            texts.remove(other)
            texts[texts.index(text)] = text.replace("beta1_1", "beta1", 1)
    shifted = {p.name.partition("_")[0] for p in plain_parameters(spec)}
    labels = [_difference(text, shifted) for text in texts]
    if "w_i[2]/w_i[1]" in labels and form.read.weights.shape[1] > 1:
        labels = ["direction of w_i" if t == "w_i[2]/w_i[1]" else t.replace("w_i[1]", "|w_i|") for t in labels]
    return tuple(text.replace("**", "^") for text in labels)


def _difference(text: str, shifted: set[str]) -> str:
    head, slash, tail = text.partition("/")
    name = _renamed(head)
    if head not in shifted or "/" in tail:
        return _renamed(text)
    difference = f"{name} - {name.replace('_i', '_j')}"
    return f"({difference})/{_renamed(tail)}" if slash else difference


def _renamed(text: str) -> str:
    for name, ours in (("beta1", "w"), ("beta0", "b"), ("c", "c")):
        text = re.sub(rf"\b{name}\[([ij])\]", rf"{ours}_\1", text)
        text = re.sub(rf"\b{name}_(\d)\b", rf"{ours}_i[\1]", text)
        text = re.sub(rf"\b{name}\b(?!_)", f"{ours}_i", text)
    return text
