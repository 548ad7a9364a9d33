"""The gamma function, its logarithm and the derivatives of that, and Lambert's W: without branches, as in `vectormath`.

Gamma is a polynomial on [2, 3], Stirling's series from 8 on, the recurrence between, and the reflection below 1/2. The
polynomials interpolate at Chebyshev nodes, where nothing else is said with a relative error below 2e-16.
"""

from __future__ import annotations

from math import sqrt

from numba import njit

from numerics.vectormath import EXACT, ROUNDER, bits_of, exp, from_bits, log, nearest, small_exp, wave

_PI, _HALF_LOG_2_PI = 3.141592653589793, 0.9189385332046728
_E_HIGH, _E_LOW = 2.718281828459045, 1.4456468917292502e-16


@njit(**EXACT)
def _gamma_polynomial(u: float) -> float:
    """Gamma(u + 5/2) on [-1/2, 1/2]."""
    p = 2.038631996005556e-07
    p = p * u - 5.060382483924732e-07
    p = p * u + 1.0675361551610872e-06
    p = p * u - 2.5237611386457594e-06
    p = p * u + 7.257335209971111e-06
    p = p * u - 1.2810259356350584e-05
    p = p * u + 6.132951527532448e-05
    p = p * u + 3.942933739732899e-06
    p = p * u + 0.0007544741634534283
    p = p * u + 0.001607400398278153
    p = p * u + 0.010392403424525895
    p = p * u + 0.028360780598296692
    p = p * u + 0.10967323400218487
    p = p * u + 0.253871246841081
    p = p * u + 0.6545585779813367
    p = p * u + 0.9347345216260858
    p = p * u + 1.329340388179137
    return p


@njit(**EXACT)
def _log_gamma_polynomial(u: float) -> float:
    """log Gamma(u + 5/2)/(u + 1/2) on [-1/2, 1/2]."""
    p = -1.4586003484400256e-08
    p = p * u + 3.8720781951940836e-08
    p = p * u - 8.772358424774663e-08
    p = p * u + 2.353723932844072e-07
    p = p * u - 6.421417451955873e-07
    p = p * u + 1.745641275403404e-06
    p = p * u - 4.786379987514225e-06
    p = p * u + 1.3275711130257407e-05
    p = p * u - 3.735336940027229e-05
    p = p * u + 0.00010710021010234954
    p = p * u - 0.00031505925035239633
    p = p * u + 0.0009610979285520405
    p = p * u - 0.0030951822936174096
    p = p * u + 0.0108770015141976
    p = p * u - 0.0448058426973846
    p = p * u + 0.2675817993988097
    p = p * u + 0.5693657409458384
    return p


@njit(**EXACT)
def _stirling_polynomial(u: float) -> float:
    """x (log Gamma(x) - (x - 1/2) log x + x - log(2 pi)/2) in w = 1/x^2, x >= 8."""
    p = -0.0016526004455595122
    p = p * u + 0.0008372834512071336
    p = p * u - 0.0005952025951802712
    p = p * u + 0.0007936506649488252
    p = p * u - 0.002777777777606244
    p = p * u + 0.0833333333333333
    return p


@njit(**EXACT)
def _digamma_polynomial(u: float) -> float:
    """x^2 (log x - 1/(2x) - (log Gamma)'(x)) in w = 1/x^2, x >= 8."""
    p = 0.06362150587634356
    p = p * u - 0.020697987372370493
    p = p * u + 0.007571689620283902
    p = p * u - 0.0041666448230497
    p = p * u + 0.0039682539119537084
    p = p * u - 0.008333333333278636
    p = p * u + 0.08333333333333333
    return p


@njit(**EXACT)
def _trigamma_polynomial(u: float) -> float:
    """x^3 ((log Gamma)''(x) - 1/x - 1/(2x^2)) in w = 1/x^2, x >= 8."""
    p = 0.8586880107331692
    p = p * u - 0.24699740954161503
    p = p * u + 0.07569481310235808
    p = p * u - 0.03333299706371194
    p = p * u + 0.023809522943893217
    p = p * u - 0.03333333333249287
    p = p * u + 0.16666666666666655
    return p


@njit(**EXACT)
def _branch_polynomial(u: float) -> float:
    """(W + 1)/p for p <= 1.6, to 2e-6."""
    p = 0.0012183941744087243
    p = p * u - 0.008972037928638286
    p = p * u + 0.031042926880405726
    p = p * u - 0.07331293985367084
    p = p * u + 0.15125169496099025
    p = p * u - 0.33318808274824824
    p = p * u + 0.9999976517224684
    return p


@njit(**EXACT)
def _near_polynomial(u: float) -> float:
    """(W + 1)/p for p <= 1/4."""
    p = 0.0010578256151532995
    p = p * u - 0.003118502904414993
    p = p * u + 0.0058010921878856835
    p = p * u - 0.009574580367556717
    p = p * u + 0.015630146817331672
    p = p * u - 0.02598425335017747
    p = p * u + 0.04450229044738197
    p = p * u - 0.07962962887562869
    p = p * u + 0.1527777777657706
    p = p * u - 0.33333333333325854
    p = p * u + 0.9999999999999999
    return p


@njit(**EXACT)
def _to_two_and_three(x: float) -> tuple[float, float, float]:
    """(y, p, q) with y in [2, 3] and Gamma(x) = Gamma(y) p/q, for 0 < x <= 8."""
    y, p, q = x, 1.0, 1.0
    for _ in range(2):
        q = q * y if y < 2.0 else q
        y = y + 1.0 if y < 2.0 else y
    for _ in range(5):
        above = y > 3.0
        y = y - 1.0 if above else y
        p = p * y if above else p
    return y, p, q


@njit(**EXACT)
def _stirling(x: float) -> float:
    """log Gamma(x) for x >= 8."""
    inverse = 1.0 / x
    return (x - 0.5) * log(x) - x + (_HALF_LOG_2_PI + inverse * _stirling_polynomial(inverse * inverse))


@njit(**EXACT)
def log_gamma(x: float) -> float:
    """log Gamma(x) for x > 0; nan for x <= 0."""
    y, p, q = _to_two_and_three(8.0 if x > 8.0 else x)
    near = (y - 2.0) * _log_gamma_polynomial(y - 2.5) + log(p / q)
    value = _stirling(x) if x > 8.0 else near
    return value if x > 0.0 else float("nan")


@njit(**EXACT)
def _gamma_of_positive(x: float) -> float:
    y, p, q = _to_two_and_three(8.0 if x > 8.0 else x)
    near = _gamma_polynomial(y - 2.5) * (p / q)
    return exp(_stirling(x)) if x > 8.0 else near


@njit(**EXACT)
def _wave_of_half_turns(x: float) -> tuple[float, float, float]:
    """(sin pi f, cos pi f, (-1)^n) with x = n + f, |f| <= 1/2."""
    n = nearest(x)
    f = x - n
    size = abs(f)
    s, c = wave(0.5 * (0.5 - size if size > 0.25 else size))
    sine, cosine = (c, s) if size > 0.25 else (s, c)
    return (-sine if f < 0.0 else sine), cosine, (1.0 if n == 2.0 * nearest(0.5 * n) else -1.0)


@njit(**EXACT)
def gamma(x: float) -> float:
    """Gamma(x); beyond the range of a double inf, nan at the poles."""
    reflected = x < 0.5
    value = _gamma_of_positive(1.0 - x if reflected else x)
    sine, _, sign = _wave_of_half_turns(x)
    value = _PI / (sign * sine * value) if reflected else value
    return value if sine != 0.0 or x > 0.0 else float("nan")


@njit(**EXACT)
def digamma(x: float) -> float:
    """(log Gamma)'(x); nan at the poles."""
    reflected = x < 0.5
    y = 1.0 - x if reflected else x
    shifted, total = y < 8.0, 0.0
    for i in range(8):
        total += 1.0 / (y + i)
    far = y + 8.0 if shifted else y
    inverse = 1.0 / far
    w = inverse * inverse
    value = log(far) - (0.5 * inverse + w * _digamma_polynomial(w)) - (total if shifted else 0.0)
    sine, cosine, _ = _wave_of_half_turns(x)
    return value - _PI * (cosine / sine) if reflected else value


@njit(**EXACT)
def trigamma(x: float) -> float:
    """(log Gamma)''(x); nan at the poles."""
    reflected = x < 0.5
    y = 1.0 - x if reflected else x
    shifted, total = y < 8.0, 0.0
    for i in range(8):
        part = 1.0 / (y + i)
        total += part * part
    far = y + 8.0 if shifted else y
    inverse = 1.0 / far
    w = inverse * inverse
    value = inverse + (0.5 * w + w * inverse * _trigamma_polynomial(w)) + (total if shifted else 0.0)
    sine, _, _ = _wave_of_half_turns(x)
    part = _PI / sine
    return part * part - value if reflected else value


@njit(**EXACT)
def _rough_log(x: float) -> float:
    """log(x) for a positive normal number, to 2e-5."""
    exponent = (bits_of(x) - 0x3FE6A09E667F3BCD) >> 52
    f = from_bits(bits_of(x) - (exponent << 52)) - 1.0
    p = 0.1736061130189729 * f - 0.2701433284034951
    p = p * f + 0.3366817211100688
    p = p * f - 0.499500282709017
    p = p * f + 0.9999621969823976
    return p * f + 0.6931471805599453 * (from_bits(bits_of(ROUNDER) + exponent) - ROUNDER)


@njit(**EXACT)
def _improved(w: float, x: float) -> float:
    """One step of Halley's towards w = x exp(-w)."""
    d = w - x * small_exp(-w)
    above = 1.0 + w
    return w - 2.0 * above * d / (2.0 * above * above - (2.0 + w) * d)


@njit(**EXACT)
def lambertw(x: float) -> float:
    """The principal branch of Lambert's W, w exp(w) = x with w >= -1; nan for x < -1/e.

    Starts: a polynomial in p = sqrt(2 (e x + 1)) near the branch point, else that of Iacono and Boyd (2017).
    """
    t = x * _E_HIGH + 1.0 + x * _E_LOW
    p = sqrt(2.0 * (t if t > 0.0 else 0.0))
    l = _rough_log(1.0 + (1.0 if p < 1.2 else x))
    start = l * (1.0 - _rough_log(1.0 + l) / (2.0 + l)) if p > 1.2 else p * _branch_polynomial(p) - 1.0
    w = _improved(_improved(start, x), x)
    w = x * (1.0 - x * (1.0 - 1.5 * x)) if abs(x) < 1e-6 else w
    w = p * _near_polynomial(p) - 1.0 if p < 0.2 else w
    return w if t > -1e-15 and x <= 1.7976931348623157e308 else float("nan")
