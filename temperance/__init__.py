"""temperance: the theory of temperature in softmax-gated Gaussian mixtures of experts, proved and measured.

Everything public can be had from here, and is loaded when it is first used:

>>> import temperance
>>> temperance.decide("relu").first_order.outcome
'fails'
>>> [g.equation for g in temperance.derive("linear", dim=1, order=1).generators]
['tau*u_{tau} + beta1*u_{beta1} = 0']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperance.claims.table import CLAIMS as CLAIMS
    from temperance.claims.verify import verify_claims as verify_claims
    from temperance.interop.callables import activation as activation
    from temperance.interop.callables import check as check
    from temperance.interop.regressor import MoERegressor as MoERegressor
    from temperance.measurements.contact_orders import exponents as exponents
    from temperance.numerics.errors.slopes import judge as judge
    from temperance.numerics.errors.slopes import log_slope as log_slope
    from temperance.numerics.estimation.estimate import FitResult as FitResult
    from temperance.numerics.estimation.estimate import fit as fit
    from temperance.numerics.fitting.mle import Box as Box
    from temperance.numerics.fitting.mle import Fit as Fit
    from temperance.numerics.mixture.activation_numpy import CompiledActivation as CompiledActivation
    from temperance.numerics.mixture.activation_numpy import compile_activation as compile_activation
    from temperance.numerics.mixture.density import log_density as log_density
    from temperance.numerics.mixture.density import log_likelihood as log_likelihood
    from temperance.numerics.mixture.measures import Layout as Layout
    from temperance.numerics.mixture.measures import MixingMeasure as MixingMeasure
    from temperance.numerics.mixture.sampling import sample as sample
    from temperance.numerics.studies.published_estimates import check_published as check_published
    from temperance.numerics.studies.results import StudyResult as StudyResult
    from temperance.numerics.studies.results import study_slopes as study_slopes
    from temperance.numerics.studies.run import run_study as run_study
    from temperance.numerics.studies.study import Study as Study
    from temperance.theory.activations.activation import Activation as Activation
    from temperance.theory.checker.verdict_checker import check as check_certificate  # noqa: F401 - told apart from the command check
    from temperance.theory.conditions.certificates import certificates as certificates
    from temperance.theory.conditions.decision import Decision as Decision
    from temperance.theory.conditions.decision import decide as decide
    from temperance.theory.conditions.first_order_failures import classify as classify
    from temperance.theory.conditions.mirror_points import mirror as mirror
    from temperance.theory.conditions.verdict import Verdict as Verdict
    from temperance.theory.derivations.derivation import Derivation as Derivation
    from temperance.theory.derivations.derivation import derivation as derivation
    from temperance.theory.interactions.interactions import Interactions as Interactions
    from temperance.theory.interactions.interactions import derive as derive
    from temperance.theory.models.spec import Expert as Expert
    from temperance.theory.models.spec import Gate as Gate
    from temperance.theory.models.spec import MoESpec as MoESpec
    from temperance.theory.models.spec import symbolic_density as symbolic_density
    from temperance.theory.symmetries.flows import Symmetries as Symmetries
    from temperance.theory.symmetries.flows import symmetries as symmetries

_HOME = {
    "temperance.numerics.mixture.activation_numpy": ("CompiledActivation", "compile_activation"),
    "temperance.numerics.mixture.density": ("log_density", "log_likelihood"),
    "temperance.numerics.mixture.measures": ("Layout", "MixingMeasure"),
    "temperance.numerics.estimation.estimate": ("FitResult", "fit"),
    "temperance.numerics.fitting.mle": ("Box", "Fit"),
    "temperance.numerics.studies.published_estimates": ("check_published",),
    "temperance.numerics.mixture.sampling": ("sample",),
    "temperance.numerics.errors.slopes": ("judge", "log_slope"),
    "temperance.numerics.studies.study": ("Study",),
    "temperance.numerics.studies.results": ("StudyResult", "study_slopes"),
    "temperance.numerics.studies.run": ("run_study",),
    "temperance.claims.table": ("CLAIMS",),
    "temperance.measurements.contact_orders": ("exponents",),
    "temperance.interop.callables": ("activation", "check"),
    "temperance.interop.regressor": ("MoERegressor",),
    "temperance.claims.verify": ("verify_claims",),
    "temperance.theory.activations.activation": ("Activation",),
    "temperance.theory.conditions.first_order_failures": ("classify",),
    "temperance.theory.derivations.derivation": ("Derivation", "derivation"),
    "temperance.theory.conditions.decision": ("Decision", "decide"),
    "temperance.theory.interactions.interactions": ("Interactions", "derive"),
    "temperance.theory.conditions.certificates": ("certificates",),
    "temperance.theory.conditions.mirror_points": ("mirror",),
    "temperance.theory.models.spec": ("Expert", "Gate", "MoESpec", "symbolic_density"),
    "temperance.theory.symmetries.flows": ("Symmetries", "symmetries"),
    "temperance.theory.conditions.verdict": ("Verdict",),
}
_RENAMED = {
    "check_certificate": ("temperance.theory.checker.verdict_checker", "check"),
}
_MODULES = {name: (module, name) for module, names in _HOME.items() for name in names} | _RENAMED


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'temperance' has no attribute {name!r}")
    module, attribute = _MODULES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(_MODULES)
