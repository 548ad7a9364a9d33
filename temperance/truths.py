"""True points of rate studies: from a JSON file, or a documented well-conditioned one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numerics.measures import MixingMeasure

_KEYS = ("beta1", "beta0", "tau", "a", "b", "nu", "x")
_LAW = ("law", "low", "high")
_LARGEST_FILE = 10**6  # bytes
_EXAMPLE = '{"beta1":[[..]],"beta0":[..],"tau":t,"a":[[..]],"b":[..],"nu":[..],"x":{"law":"uniform","low":-3,"high":3}}'


@dataclass(frozen=True, eq=False)
class Truth:
    """A true measure, and x uniform on [low, high]^d."""

    measure: MixingMeasure
    low: float = -3.0
    high: float = 3.0


def read_truth(path: str) -> Truth:
    """The truth in a JSON file, in the form of design section 6.

    Raises:
        ValueError: the file cannot be read, or does not hold a truth.
    """
    try:
        if Path(path).stat().st_size > _LARGEST_FILE:
            raise ValueError(f"{path!r} is no truth: it has more than {_LARGEST_FILE} bytes")
        found = json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise ValueError(f"{path!r} cannot be read: {error.strerror or error}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path!r} is not JSON ({error}); accepted: {_EXAMPLE}") from None
    return _parsed(found, path)


def _no_constant(name: str) -> float:
    raise ValueError(f"a truth has finite numbers, not {name}")


def _parsed(found: Any, path: str) -> Truth:
    from numerics.measures import MixingMeasure

    if not isinstance(found, dict) or sorted(found) != sorted(_KEYS):
        raise ValueError(f"{path!r} must be an object with the keys {', '.join(_KEYS)}; accepted: {_EXAMPLE}")
    law = found["x"]
    if not isinstance(law, dict) or sorted(law) != sorted(_LAW) or law["law"] != "uniform":
        raise ValueError(f'{path!r}: x must be {{"law":"uniform","low":-3,"high":3}}, not {law!r}')
    arrays = {name: _numbers(found[name], name, path) for name in _KEYS if name != "x"}
    low, high = (_number(law[name], f"x.{name}", path) for name in ("low", "high"))
    if not low < high:
        raise ValueError(f"{path!r}: x must have low < high, not {low:g} and {high:g}")
    try:
        return Truth(MixingMeasure(**arrays), low, high)
    except ValueError as error:
        raise ValueError(f"{path!r}: {error}; accepted: {_EXAMPLE}") from None


def _number(value: Any, name: str, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path!r}: {name} must hold numbers, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{path!r}: {name} holds a number that is too large") from None


def _numbers(value: Any, name: str, path: str) -> Any:
    """Nested lists of numbers as an array."""
    import numpy as np

    def walk(part: Any) -> Any:
        return [walk(p) for p in part] if isinstance(part, list) else _number(part, name, path)

    try:
        return np.array(walk(value), dtype=float)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"{path!r}: {name} must have rows of one length") from None


def default_truth(true_k: int, dim: int, *, tau: float, anchored: bool) -> Truth:
    """Experts that stay apart, and gates of alternating direction; the last is 0 in the anchored gauge.

    beta1_j = 1, -3/2, 2, -5/2, ... along the axis j mod d, the last 0 (anchored) or 1/2; beta0_j = 0; a_j = +-1/2;
    b_j = 4 apart; nu_j = 1/4, 1/2 in turn; x uniform on [-3, 3]^d.
    """
    import numpy as np

    from numerics.measures import MixingMeasure

    j = np.arange(true_k)
    beta1, a = np.zeros((true_k, dim)), np.zeros((true_k, dim))
    beta1[j, j % dim] = (-1.0) ** j * (1 + j / 2)
    beta1[-1] = 0.0
    if not anchored:
        beta1[-1, -1] = 0.5
    a[j, j % dim] = (-1.0) ** j / 2
    nu = np.where(j % 2, 0.5, 0.25).astype(float)
    b = (4.0 * (j - (true_k - 1) / 2)).astype(float)
    return Truth(MixingMeasure(beta1, np.zeros(true_k), np.array(tau), a, b, nu))
