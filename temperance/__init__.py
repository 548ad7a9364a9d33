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
    from numerics.compiled import CompiledActivation as CompiledActivation
    from numerics.compiled import compile_activation as compile_activation
    from numerics.definitions import Study as Study
    from numerics.density import log_density as log_density
    from numerics.density import log_likelihood as log_likelihood
    from numerics.estimate import FitResult as FitResult
    from numerics.estimate import fit as fit
    from numerics.measures import Layout as Layout
    from numerics.measures import MixingMeasure as MixingMeasure
    from numerics.mle import Box as Box
    from numerics.mle import Fit as Fit
    from numerics.published import check_published as check_published
    from numerics.results import StudyResult as StudyResult
    from numerics.results import study_slopes as study_slopes
    from numerics.sampling import sample as sample
    from numerics.slopes import judge as judge
    from numerics.slopes import log_slope as log_slope
    from numerics.studies import run_study as run_study
    from temperance.claims import CLAIMS as CLAIMS
    from temperance.contact_orders import exponents as exponents
    from temperance.interop import activation as activation
    from temperance.interop import check as check
    from temperance.regressor import MoERegressor as MoERegressor
    from temperance.verify import verify_claims as verify_claims
    from theory.activations import Activation as Activation
    from theory.checker.verdict_checker import check as check_certificate  # noqa: F401 - told apart from the command check
    from theory.classification import classify as classify
    from theory.derivation import Derivation as Derivation
    from theory.derivation import derivation as derivation
    from theory.independence import Decision as Decision
    from theory.independence import decide as decide
    from theory.interactions import Interactions as Interactions
    from theory.interactions import derive as derive
    from theory.issuing import certificates as certificates
    from theory.mirror import mirror as mirror
    from theory.models import Expert as Expert
    from theory.models import Gate as Gate
    from theory.models import MoESpec as MoESpec
    from theory.models import symbolic_density as symbolic_density
    from theory.symmetry import Symmetries as Symmetries
    from theory.symmetry import symmetries as symmetries
    from theory.verdicts import Verdict as Verdict

_HOME = {
    "numerics.compiled": ("CompiledActivation", "compile_activation"),
    "numerics.density": ("log_density", "log_likelihood"),
    "numerics.measures": ("Layout", "MixingMeasure"),
    "numerics.estimate": ("FitResult", "fit"),
    "numerics.mle": ("Box", "Fit"),
    "numerics.published": ("check_published",),
    "numerics.sampling": ("sample",),
    "numerics.slopes": ("judge", "log_slope"),
    "numerics.definitions": ("Study",),
    "numerics.results": ("StudyResult", "study_slopes"),
    "numerics.studies": ("run_study",),
    "temperance.claims": ("CLAIMS",),
    "temperance.contact_orders": ("exponents",),
    "temperance.interop": ("activation", "check"),
    "temperance.regressor": ("MoERegressor",),
    "temperance.verify": ("verify_claims",),
    "theory.activations": ("Activation",),
    "theory.classification": ("classify",),
    "theory.derivation": ("Derivation", "derivation"),
    "theory.independence": ("Decision", "decide"),
    "theory.interactions": ("Interactions", "derive"),
    "theory.issuing": ("certificates",),
    "theory.mirror": ("mirror",),
    "theory.models": ("Expert", "Gate", "MoESpec", "symbolic_density"),
    "theory.symmetry": ("Symmetries", "symmetries"),
    "theory.verdicts": ("Verdict",),
}
_RENAMED = {
    "check_certificate": ("theory.checker.verdict_checker", "check"),
}
_MODULES = {name: (module, name) for module, names in _HOME.items() for name in names} | _RENAMED


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'temperance' has no attribute {name!r}")
    module, attribute = _MODULES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(_MODULES)
