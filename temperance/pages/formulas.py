"""States the claims in plain words, and in symbols as LaTeX, for reports."""

from __future__ import annotations

MODEL = (
    r"g_G(y \mid x) = \sum_{i=1}^{k} \frac{\exp\left(\frac{s(\beta_{1i} \cdot x) + \beta_{0i}}{\tau}\right)}"
    r"{\sum_{j=1}^{k} \exp\left(\frac{s(\beta_{1j} \cdot x) + \beta_{0j}}{\tau}\right)}\,"
    r"\mathcal{N}(y \mid a_i \cdot x + b_i, \nu_i)"
)
_HALF = r"= O_P(n^{-1/2})"

FORMULAS: dict[str, tuple[str, ...]] = {
    "C1": (
        r"\tau\,u_{\tau} + \beta_1 \cdot u_{\beta_1} = 0",
        r"\operatorname{rank} = \sum_{i=0}^{r} \binom{i+d-1}{d-1}\,(2r-i+1)",
    ),
    "C2": (
        r"g_G = g_{G_c}, \quad G_c:\; (\beta_1, \beta_0, \tau) \mapsto (c\,\beta_1, c\,\beta_0, c\,\tau)",
        r"\frac{\beta_1}{\tau},\quad \frac{\beta_0}{\tau},\quad a,\quad b,\quad \nu",
    ),
    "C3": (r"V(G_c, G) = 0 < D_r(G_c, G) \quad (c \ne 1), \qquad \inf \frac{V}{D_r} = 0",),
    "C4": (
        r"\ell(c\,\beta_1, c\,\beta_0, c\,\tau, a, b, \nu) = \ell(\beta_1, \beta_0, \tau, a, b, \nu)",
        r"\frac{\beta_1}{\tau},\quad \frac{\beta_0}{\tau},\quad a,\quad b,\quad \nu \quad \text{at } n^{-1/2}",
    ),
    "C5": (
        r"\{1, s, z s'\} \text{ independent}",
        r"\hat\beta_1 - \beta_1,\; \hat\tau - \tau,\; \hat a - a,\; \hat b - b,\; \hat\nu - \nu " + _HALF,
    ),
    "C6": (
        r"s(\lambda z) = \lambda^p s(z) \;(\lambda > 0):\quad "
        r"(\beta_1, \beta_0, \tau) \mapsto (\lambda \beta_1, \lambda^p \beta_0, \lambda^p \tau)",
        r"\frac{|\beta_1|^p}{\tau},\quad \frac{\beta_0}{\tau},\quad a,\quad b,\quad \nu \quad \text{at } n^{-1/2}",
    ),
    "C7": (r"\tau:\; n^{-1/2}, \quad \beta_1, a:\; n^{-1/4}, \quad b:\; n^{-1/(4m)}, \quad \nu:\; n^{-1/(2m)}",),
    "C8": (
        r"\sum_{l=1}^{m} p_l^2 \sum_{n_1 + 2 n_2 = j} \frac{q_{1l}^{n_1} q_{2l}^{n_2}}{n_1!\,n_2!} = 0, "
        r"\quad j = 1, \dots, r",
        r"\bar r(m) = 2m",
    ),
    "C9": (r"h(g_{\hat G}, g_G) " + _HALF,),
    "C10": (
        r"\beta_{1,2} = -\beta_{1,1}: \quad \hat\beta_{1,1} + \hat\beta_{1,2} = O_P(n^{-1/4}), "
        r"\quad \hat\beta_{1,1} - \hat\beta_{1,2} - 2 \beta_{1,1} " + _HALF,
    ),
    "C11": (
        r"s(z) = \log(1 + z^2), \; \tau = 1: \quad e^{s/\tau} = 1 + z^2, \qquad "
        r"(\beta_1^2 + t) + (\beta_1^2 - t) = 2 \beta_1^2",
    ),
    "C12": (r"n \ge \frac{1}{\varepsilon^2 \max_L L^2 / (4 \cosh^2 (L/2))} = \frac{2.2767}{\varepsilon^2}",),
    "C13": (r"n \, \mathrm{Var}(\log \hat\tau) \to [I^{-1}]_{\tau \tau}",),
    "C14a": (r"|\Delta_\theta|^{r} = O(\|g_G - g_{G_*}\|)",),
    "C14b": (r"\exists\, G_t \to G_*: \quad \|g_{G_t} - g_{G_*}\| = O(|\Delta_\theta(G_t)|^{r})",),
    "C14c": (r"\hat\theta - \theta = O_P(n^{-1/(2r)})",),
    "C15": (
        r"\frac{s(b_i x) - s(b_j x)}{\tau} - \frac{s(b_i' x) - s(b_j' x)}{\tau'} \text{ constant} "
        r"\implies (b', \tau') = (b, \tau) \text{ or a twin}",
    ),
    "C16": (
        r"m - \mu_j^* = M_{j1}/\pi_J, \quad v - \nu_j^* = 2 M_{j2}/\pi_J - (M_{j1}/\pi_J)^2",
        r"\hat\theta_J - \theta_j^* = O_P(n^{-1/2})",
    ),
    "C17": (
        r"\mathrm{vol}\{K < \varepsilon\} \sim c\, \varepsilon^{\lambda} \log(1/\varepsilon)^{m-1}",
        r"\lambda = \frac{p_{k^*}}{2} + \frac{d+1}{2}, \quad m = 1 \quad (k = k^* + 1, \; k^* \ge 2)",
    ),
}

IN_WORDS: dict[str, str] = {
    "C1": "relations of the linear gate's derivatives",
    "C2": "linear gate: tau is not identifiable",
    "C3": "no distance bounds a loss that holds tau",
    "C4": "linear gate: beta1/tau at n^(-1/2)",
    "C5": "tanh, sigmoid, GELU: tau at n^(-1/2)",
    "C6": "ReLU: tau is not identifiable",
    "C7": "more atoms than needed: the rates",
    "C8": "solvability order r_bar(m) = 2m",
    "C9": "density at n^(-1/2) everywhere",
    "C10": "mirror points of tanh and GELU",
    "C11": "log(1+z^2): no rate at tau = 1",
    "C12": "how many points tau needs at least",
    "C13": "variance of tau: inverse information",
    "C14a": "the atlas: no order exceeds its bound",
    "C14b": "the atlas: exact orders are exact",
    "C14c": "the atlas: errors fall with its rates",
    "C15": "tanh, GELU: one point, up to twins",
    "C16": "atoms of a cell, merged: n^(-1/2)",
    "C17": "what an extra expert costs",
}
"""What each claim is about, for a reader who does not know it."""
