"""Writes the kernel of a likelihood as a module with one function, for any log weight and mean, and runs it.

The kernel goes through the data in blocks. For each atom it fills rows of a workspace (`atom_formulas`); with the
probabilities of atoms before and after y it adds up products of rows (`vector_code`). Rows that are free of x are
filled once. All rows of an atom lie in one flat array, at constant offsets: so the compiler sees that they do not
overlap, and makes vector instructions of the loop. The number of atoms is an argument, so that a gate is compiled once.

A `Printer` writes formulas as code; `module_of` keeps modules that were written so, with their machine code. A module
goes into the user's cache under the digest of its text; Numba keeps the machine code beside it, and a second process
finds both. The text is always made anew and compared, so that only what this program writes is ever run, and none is
found that was made from other sources.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp
from numba import njit, types
from numba.extending import intrinsic
from sympy.printing.pycode import PythonCodePrinter

from temperance.numerics.mixture import vector_code
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.atom_formulas import (
    ERROR,
    SQUARE,
    AtomFormulas,
    Coordinates,
    Kind,
    Sums,
    scatter,
    slopes_of,
    sums_of,
    tables_of,
)
from temperance.numerics.mixture.threads import interrupts_noted
from temperance.numerics.mixture.vector_code import LANES
from temperance.theory.expressions.language import LANGUAGE

_ELEMENTARY = ("erf", "exp", "log", "logistic", "softplus", "tanh")
_SCALAR = [name for name in LANGUAGE if hasattr(math, name) and name not in (*_ELEMENTARY, "sqrt", "gamma")]
_LARGEST_POWER = 64

FUNCTIONS = f"""from math import nan, pow, sqrt, {", ".join(_SCALAR)}
from {__package__}.vector_code import choose, {", ".join(_ELEMENTARY)}
"""
"""What a module imports whose formulas `Printer` writes."""


class NoMachineCode(ValueError):
    """A formula holds a function that is not translated."""


class Printer(PythonCodePrinter):
    """Python code for the functions of `vector_code` and `math`; numbers as doubles."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if expr is sp.nan:
            return "nan"
        if isinstance(expr, sp.Expr) and not expr.free_symbols:
            value = complex(sp.N(expr, 30))
            if value.imag or value.real != value.real:
                raise NoMachineCode(f"{expr} is not a real number")
            if math.isinf(value.real):
                raise ValueError("a formula has numbers beyond the range of doubles")
            return repr(value.real) if value.real >= 0 else f"({value.real!r})"
        return str(super()._print(expr, **kwargs))

    def _print_Function(self, expr: sp.Expr) -> str:
        name = expr.func.__name__.lower()
        if name not in (*_ELEMENTARY, *_SCALAR):
            raise NoMachineCode(f"no machine code for {expr.func.__name__}")
        return f"{name}({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Mul(self, expr: sp.Expr) -> str:
        return "(" + "*".join(self._print(factor) for factor in expr.args) + ")"

    def _print_Add(self, expr: sp.Expr) -> str:
        return "(" + " + ".join(self._print(term) for term in expr.args) + ")"

    def _print_sign(self, expr: sp.Expr) -> str:
        value = self._print(expr.args[0])
        return f"(1.0 if {value} > 0.0 else (-1.0 if {value} < 0.0 else 0.0))"

    def _print_Piecewise(self, expr: sp.Expr) -> str:
        text = "nan"
        for value, condition in reversed(expr.args):
            here = self._print(value)
            text = here if condition == sp.true else f"choose({self._print(condition)}, {here}, {text})"
        return text

    def _print_Relational(self, expr: sp.Expr) -> str:
        return f"({self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)})"

    def _print_Pow(self, expr: sp.Expr, rational: bool = False, sqrt: str = "") -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Rational and abs(exponent) <= _LARGEST_POWER:
            # one root and one division for all powers of a base
            text, whole = self._print(base), int(sp.floor(exponent))
            factor = text if whole >= 0 else f"1.0/({text})"
            part = exponent - whole
            root = "" if part == 0 else f"sqrt({text})*" if part == sp.S.Half else f"pow({text}, {float(part)!r})*"
            return f"({root}({factor})**{abs(whole)})" if whole else f"({root}1.0)"
        if base.is_positive and base.is_number:
            return f"exp({self._print(sp.log(base))}*({self._print(exponent)}))"
        return f"pow({self._print(base)}, {self._print(exponent)})"


for _name in (*LANGUAGE, "polygamma"):  # SymPy's own printers of these stand before that of any function
    setattr(Printer, f"_print_{_name}", Printer._print_Function)


def module_of(stem: str, text: str) -> ModuleType:
    """The module of a text, written to the user's cache unless it is there, and imported; stem: how its name begins."""
    path = cache_folder() / f"{stem}_{hashlib.sha256(text.encode()).hexdigest()[:32]}.py"
    _write(path, text)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        return _import(path)


def cache_folder() -> Path:
    """Where modules are written: temperance/ in $TEMPERANCE_CACHE, $XDG_CACHE_HOME or ~/.cache, or a temporary one."""
    root = os.environ.get("TEMPERANCE_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "temperance"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="temperance-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="temperance-"))


def _write(path: Path, text: str) -> None:
    """Write the text unless it is there; whole or not at all, also beside another process that does the same."""
    if path.exists() and path.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # cached machine code is found by the name of its module
    spec.loader.exec_module(module)
    return module


def version_of(*folders: Path) -> str:
    """The SHA-256 digest of all sources in some folders: machine code of other ones is not found on disk."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


BLOCK = 256
STRIDE = BLOCK + LANES

_OPTIONS = "fastmath={'reassoc', 'contract', 'nsz', 'arcp'}, error_model='numpy', nogil=True"
# inlined by force: a function of its own would be taken from its own compilation, with other bits, in the process that
# compiles the kernel, and from the kernel's where this is found on disk
_INNER = f"@njit({_OPTIONS}, forceinline=True)"
_HEADER = f'''"""A likelihood, written from its formulas."""
import math
import numpy as np
from numba import njit, types
{FUNCTIONS}from {vector_code.__name__} import (
    aligned, gram, softmax, softmax_of_two, spread, use_wide_vectors, weigh, weigh_shares, weighted_value
)

ROW, TABLE = types.float64[::1], types.float64[:, ::1]

'''


def kernel_text(formulas: AtomFormulas, names: Sequence[str]) -> str:
    """The text of a module whose `kernel` is the likelihood of any number of atoms.

    names: of the kinds of atoms, "free" those that move their gates, "held" others, in this order. kernel(values (k,
    p), nu (k,), free, x (n, d), y (n,), weights, reference (both (n,) or empty), sums), of which the first `free` atoms
    move their gates, returns the log-likelihood and fills the sums of `sums_of`. Raises `NoMachineCode` if a function
    is not translated.
    """
    kinds = {name: Kind(formulas, name == "free") for name in names}
    parts = [_HEADER, *(text for kind in kinds.values() for text in _filling(kind)), _kernel(formulas, kinds)]
    return "\n\n".join(parts) + f"# {version_of(Path(__file__).parent)}\n"


def _filling(kind: Kind) -> tuple[str, str]:
    """Two functions: one fills the rows that are free of x, the other those of m data from start on."""
    f, name, printer = kind.formulas, "free" if kind.free else "held", Printer()
    rows, seen = kind.contents(), {*f.x, ERROR, SQUARE, *slopes_of(f)}
    rest = {row: value for row, value in rows.items() if not value.free_symbols & seen}
    head = [_INNER, f"def rest_{name}(w, v):", *_names(f)]
    head += [f"    w[{row * STRIDE}:{(row + 1) * STRIDE}] = {printer.doprint(v)}" for row, v in rest.items()]
    first = dict(zip((*sp.symbols("t mean"), *slopes_of(f)), (f.log_weight, f.mean, *f.line_slopes), strict=True))
    moving = {row: value for row, value in rows.items() if row not in rest}
    common, values = sp.cse([*first.values(), *moving.values()], symbols=sp.numbered_symbols("u"), order="canonical")
    steps = [*common, *zip((*first, *moving), values, strict=True)]
    return "\n".join([*head, "    return 0", ""]), "\n".join(_loop(kind, name, steps))


def _loop(kind: Kind, name: str, steps: Sequence[tuple[sp.Symbol | int, sp.Expr]]) -> list[str]:
    """The function that fills rows from data, one after another; what is free of them is computed before the loop.

    What takes e, or slopes of the mean, comes after these.
    """
    f, printer, varying, late = kind.formulas, Printer(), {*kind.formulas.x}, {ERROR, SQUARE, *slopes_of(kind.formulas)}
    before, inside, after = list[str](), list[str](), list[str]()
    for target, value in steps:
        text, used = printer.doprint(value), value.free_symbols
        if isinstance(target, int):
            after.append(f"w[{target * STRIDE} + j] = {text}")
        elif used & late:
            late.add(target)
            after.append(f"{target} = {text}")
        elif used & varying:
            varying.add(target)
            inside.append(f"{target} = {text}")
        else:
            before.append(f"{target} = {text}")
    copied = [f"    for j in range(m): w[{l * STRIDE} + j] = x[j, {l}]" for l in range(kind.x)]
    return [
        _INNER,
        f"def fill_{name}(w, v, nu, x, y, m, t_row, f_row):",
        "    use_wide_vectors()",
        *_names(f),
        "    half, constant = 0.5/nu, -0.5*(math.log(2*math.pi*nu) + 1.0)",
        *(f"    {line}" for line in before),
        *copied,
        "    for j in range(m):",
        *(f"        x{l} = w[{l * STRIDE} + j]" for l in range(kind.x)),
        *(["        x0 = x[j, 0]"] if not kind.x else []),
        *(f"        {line}" for line in inside),
        "        e = y[j] - mean",
        "        q = half*e*e - 0.5",
        *(f"        {line}" for line in after),
        "        t_row[j] = t",
        "        f_row[j] = constant - q",
        "    return 0",
        "",
    ]


def _names(f: AtomFormulas) -> list[str]:
    return [f"    p{n} = v[{n}]" for n in range(len(f.parameters))]


def _kernel(f: AtomFormulas, kinds: Mapping[str, Kind]) -> str:
    """The function that goes through the data.

    Rows of the workspace W: ones, common products of slopes; t, f, the probabilities p and r before and after y, a row
    for each atom; scratch; the rows of atoms, kind by kind; weights and weighted probabilities.
    """
    shares, tops = "W[p:r], W[r:end]", "W[end]"
    rows = f"W[t:f], W[f:p], {shares}, {tops}"
    data = "x[start:start + m], y[start:start + m], m"
    weighted = f"weighted_value({tops}, {shares}, weights[start:start + m], reference[start:start + m], k, m)"
    sizes = {name: kind.rows * STRIDE for name, kind in kinds.items()}
    lines = [
        f"@njit(types.float64(TABLE, ROW, types.int64, TABLE, ROW, ROW, ROW, ROW), {_OPTIONS}, cache=True)",
        "def kernel(values, nu, free, x, y, weights, reference, sums):",
        "    use_wide_vectors()",
        f"    k, size_free, size_held = len(nu), {sizes.get('free', 0)}, {sizes.get('held', 0)}",
        f"    t = {1 + len(f.products)}",
        "    f, p, r, end = t + k, t + 2*k, t + 3*k, t + 4*k",
        f"    first_free = (end + 1)*{STRIDE}",
        "    first_held = first_free + free*(size_free - size_held)",
        f"    given = (first_held + k*size_held)//{STRIDE}",
        "    size = given + 1 + 2*k",
        f"    w, partial, value = aligned(size*{STRIDE}), aligned(len(sums)*{LANES}), 0.0",
        f"    W = w.reshape(size, {STRIDE})",
        "    base, out = np.int64(w.ctypes.data), np.int64(partial.ctypes.data)",
        "    W[0] = 1.0",
        *_loops(kinds, 4, "rest_{name}({rows}, values[i])"),
        "    wp, wr = (given + 1, given + 1 + k) if len(weights) else (p, r)",
        f"    for start in range(0, len(y), {BLOCK}):",
        f"        m = min({BLOCK}, len(y) - start)",
        f"        padded = (m + {LANES - 1})//{LANES}*{LANES}",
        *_products(f),
        *_loops(kinds, 8, f"fill_{{name}}({{rows}}, values[i], nu[i], {data}, W[t + i], W[f + i])"),
        f"        gain = softmax_of_two({rows}, m) if k == 2 else softmax({rows}, k, m)",
        f"        value += {weighted} if len(weights) else gain",
        "        W[p:end, m:padded] = 0.0",
        "        if len(weights):",
        "            weigh_shares(W[p:end], weights[start:start + m], W[given:size], m)",
        "            W[given:size, m:padded] = 0.0",
        f"        to, count = out, padded//{LANES}",
        *(line for name in kinds for line in _adding(f, kinds, name)),
        "    for s in range(len(sums)):",
        "        total = 0.0",
        f"        for lane in range({LANES}): total += partial[s*{LANES} + lane]",
        "        sums[s] = total",
        "    return value",
    ]
    return "\n".join(lines) + "\n"


_RANGES = {"free": ("0", "free"), "held": ("free", "k")}
"""The numbers of the first atom of a kind, and of the one after the last, as code."""


def _loops(kinds: Mapping[str, Kind], indent: int, call: str) -> list[str]:
    """A call for every atom, `{name}` being its kind and `{rows}` its rows, as code."""
    lines = []
    for name, kind in kinds.items():
        lines += ["for i in range({}, {}):".format(*_RANGES[name]), f"    a = first_{name} + i*size_{name}"]
        lines.append("    " + call.format(name=name, rows=f"w[a:a + {kind.rows * STRIDE}]"))
    return [" " * indent + line for line in lines]


def _products(f: AtomFormulas) -> list[str]:
    """The rows of products of slopes that atoms have in common."""
    lines = []
    for row, product in enumerate(f.products, 1):
        if product.free_symbols:
            lines.append("        for j in range(m):")
            lines += [f"            x{l} = x[start + j, {l}]" for l in range(f.dim)]
            lines.append(f"            w[{row * STRIDE} + j] = {Printer().doprint(product)}")
        else:
            lines.append(f"        W[{row}] = {Printer().doprint(product)}")
    return lines


def _adding(f: AtomFormulas, kinds: Mapping[str, Kind], name: str) -> list[str]:
    """The sums of atoms of one kind, in the order of `sums_of`."""
    kind, line = kinds[name], 8 * STRIDE
    n, g, common, bends, others = (
        kind.features, len(kind.gate), 1 + len(f.products), len(kind.bends), len(f.other_products)
    )  # fmt: skip
    here, after, before = f"here + {kind.x * line}", f"base + (wr + i)*{line}", f"base + (wp + i)*{line}"
    lines = ["for i in range({}, {}):".format(*_RANGES[name]), f"    here = base + 8*(first_{name} + i*size_{name})"]
    lines += _sum("spread", f"{here}, {after}, base + (r + i)*{line}", f"{n}", n * (n + 3) // 2)
    lines += _sum("weigh", f"base, {after}", f"{common}", common)
    lines += _sum("spread", f"{here}, {before}, base + (p + i)*{line}", f"{g}", g * (g + 3) // 2)
    if bends:
        lines.append("    for j in range(padded): W[end, j] = W[wr + i, j] - W[wp + i, j]")
    lines += _sum("weigh", f"here + {kind.bent * line}, base + end*{line}", f"{bends}", bends)
    lines += _sum("weigh", f"here + {(kind.bent + bends) * line}, {after}", f"{others}", others)
    for other in list(kinds)[list(kinds).index(name) :]:
        second, (start, stop) = kinds[other], _RANGES[other]
        o, h = second.features, len(second.gate)
        lines.append(f"    for j in range({'i + 1' if other == name else start}, {stop}):")
        lines.append(f"        there = base + 8*(first_{other} + j*size_{other}) + {second.x * line}")
        pair = _sum("gram", f"{here}, there, {after}, base + (r + j)*{line}", f"{n}, {o}", n * o)
        pair += _sum("gram", f"{here}, there, {before}, base + (p + j)*{line}", f"{g}, {h}", g * h)
        lines += ["    " + text for text in pair]
    return [" " * 8 + text for text in lines]


def _sum(function: str, rows: str, numbers: str, sums: int) -> list[str]:
    """A call that adds so many sums, if there are any, and moves on to the next ones."""
    return [f"    {function}({rows}, to, count, {numbers}, {STRIDE})", f"    to += {sums * 8 * LANES}"] if sums else []


_scatter = njit(cache=True, error_model="numpy", nogil=True, no_cfunc_wrapper=True)(scatter)


_BLOCK, _VECTOR = types.float64[:, ::1], types.float64[::1]
_KERNEL = types.float64(_BLOCK, _VECTOR, types.int64, _BLOCK, _VECTOR, _VECTOR, _VECTOR, _VECTOR)


@intrinsic
def call_kernel(typing_context, address, values, nu, free, x, y, weights, reference, sums):  # type: ignore[no-untyped-def]
    """What the kernel at an address returns, for machine code alone.

    Numba's own first-class functions call Python whenever one is handed over, where an interrupt is lost.
    """

    def call(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        pointer = builder.inttoptr(arguments[0], context.get_value_type(types.FunctionType(_KERNEL).ftype))
        return builder.call(pointer, arguments[1:])

    return types.float64(types.intp, *_KERNEL.args), call


class Compiled:
    """The sums of `likelihood.plain_sums` for k atoms, `free` of which move their gates, by a kernel.

    One kernel serves all k. stem: how the name of its module begins. address: of the kernel, for callers of the C
    convention. Raises `NoMachineCode` if a function of the formulas is not translated.
    """

    def __init__(self, stem: str, formulas: AtomFormulas, k: int, free: int) -> None:
        self.where, self.tables, self.free = Coordinates(formulas, k), tables_of(formulas, k, free), free
        self.count = sum(n for *_, n in sums_of(formulas, k, free))
        names = ("free", "held") if free < k else ("free",)
        self.kernel: Any = module_of(stem, kernel_text(formulas, names)).kernel
        code = self.kernel.get_compile_result(_KERNEL)
        self.address = int(code.library.get_pointer_to_function(code.fndesc.llvm_cfunc_wrapper_name))

    def __call__(self, natural: Floats, x: Floats, y: Floats, weights: Floats, reference: Floats) -> Sums:
        """Value, score and Hessian at parameters (not logarithms)."""
        values, nu = natural.take(self.where.values), natural.take(self.where.nu)
        sums, score, hessian = np.empty(self.count), np.zeros(len(natural)), np.zeros((len(natural), len(natural)))
        value = self.kernel(values, nu, self.free, x, y, weights, reference, sums)
        _scatter(sums, natural, nu, self.tables, score, hessian)
        return Sums(value, score, hessian)
