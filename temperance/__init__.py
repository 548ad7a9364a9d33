"""temperance: the theory of temperature in softmax-gated Gaussian mixtures of experts, proved and measured.

Every command of the shell is a function of the same name and options. Each returns an answer, which prints what the
command prints, shows itself in a notebook, and has `to_json()`, `to_frame()` and `write(FILE)`:

>>> import temperance
>>> temperance.check("gelu")
<Check: tau learnable: yes, except at beta1_2 = -beta1_1 (k = 2, free gauge)>
>>> [g.equation for g in temperance.derive("linear", order=1).generators]
['tau*u_{tau} + beta1*u_{beta1} = 0']

Which question does a function answer?

- `check`, `catalogue`: is the temperature learnable with this activation? `certify`: is the proof right?
- `derive`: which relations hold among the derivatives of an atom, and what is identifiable? `twins`: which other
  parameters have the same density?
- `predict`, `rates`, `exponents`: how fast do estimates converge, by theory, by Monte Carlo, by contact orders?
- `atlas`: which contact orders do the gates of the literature have?
- `efficiency`: how many observations does the temperature need? (`required_n`, `standard_errors`: the numbers alone)
- `fit`: which mixture do these data come from? `experts`: how many experts has it? `merge`: what are some of its atoms
  together?
- `coefficient`: what does an extra expert cost, where BIC charges half its parameters?
- `audit`: what of a torch router is identifiable, and what to change?
- `verify`: which claims of the theory stand?
- `paper`: all that is proved and measured of a model, as a paper.

Besides them there are their inputs and results:

- `activation`, `Activation`: an activation from a name, an expression, or a function of torch or jax;
- `Gate`, `Expert`, `MoESpec`: models of one's own, as formulas;
- `MixingMeasure`, `sample`: parameters of a mixture as arrays, with its density and likelihood; data from it;
- `Study`, `run_study`, `StudyResult`, `study_slopes`: a rate study of one's own; `Box`: the parameter set of its fits;
- `MoERegressor`: a mixture as a scikit-learn estimator; `FitResult`, `FormulaFit`, `FitComparison`, `Merge`:
  what `fit`, `merge` and `audit` return; `Answer`: what all others do.

Everything else is imported from its wing (docs/architecture.md): `temperance.theory.conditions.decision` and so on.
All names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temperance.answers.atlas import atlas as atlas
    from temperance.answers.certify import certify as certify
    from temperance.answers.check import catalogue as catalogue
    from temperance.answers.check import check as check
    from temperance.answers.coefficient import coefficient as coefficient
    from temperance.answers.derive import derive as derive
    from temperance.answers.efficiency import efficiency as efficiency
    from temperance.answers.efficiency import required_n as required_n
    from temperance.answers.efficiency import standard_errors as standard_errors
    from temperance.answers.experts import experts as experts
    from temperance.answers.exponents import exponents as exponents
    from temperance.answers.paper import paper as paper
    from temperance.answers.predict import predict as predict
    from temperance.answers.rates import rates as rates
    from temperance.answers.twins import twins as twins
    from temperance.answers.verify import verify as verify
    from temperance.interop.callables import activation as activation
    from temperance.interop.regressor import MoERegressor as MoERegressor
    from temperance.numerics.estimation.fit import fit as fit
    from temperance.numerics.estimation.merge import Merge as Merge
    from temperance.numerics.estimation.merge import merge as merge
    from temperance.numerics.estimation.result import FitComparison as FitComparison
    from temperance.numerics.estimation.result import FitResult as FitResult
    from temperance.numerics.estimation.result import FormulaFit as FormulaFit
    from temperance.numerics.fitting.problem import Box as Box
    from temperance.numerics.mixture.measures import MixingMeasure as MixingMeasure
    from temperance.numerics.mixture.measures import sample as sample
    from temperance.numerics.studies.results import StudyResult as StudyResult
    from temperance.numerics.studies.results import study_slopes as study_slopes
    from temperance.numerics.studies.run import run_study as run_study
    from temperance.numerics.studies.study import Study as Study
    from temperance.routers.audit import audit as audit
    from temperance.show.answer import Answer as Answer
    from temperance.theory.activations.activation import Activation as Activation
    from temperance.theory.models.spec import Expert as Expert
    from temperance.theory.models.spec import Gate as Gate
    from temperance.theory.models.spec import MoESpec as MoESpec

_HOME = {
    "temperance.answers.atlas": ("atlas",),
    "temperance.answers.certify": ("certify",),
    "temperance.answers.check": ("catalogue", "check"),
    "temperance.answers.derive": ("derive",),
    "temperance.answers.efficiency": ("efficiency", "required_n", "standard_errors"),
    "temperance.answers.exponents": ("exponents",),
    "temperance.answers.paper": ("paper",),
    "temperance.answers.predict": ("predict",),
    "temperance.answers.rates": ("rates",),
    "temperance.answers.twins": ("twins",),
    "temperance.answers.verify": ("verify",),
    "temperance.answers.coefficient": ("coefficient",),
    "temperance.answers.experts": ("experts",),
    "temperance.routers.audit": ("audit",),
    "temperance.interop.callables": ("activation",),
    "temperance.interop.regressor": ("MoERegressor",),
    "temperance.numerics.estimation.fit": ("fit",),
    "temperance.numerics.estimation.result": ("FitComparison", "FitResult", "FormulaFit"),
    "temperance.numerics.estimation.merge": ("Merge", "merge"),
    "temperance.numerics.fitting.problem": ("Box",),
    "temperance.numerics.mixture.measures": ("MixingMeasure", "sample"),
    "temperance.numerics.studies.results": ("StudyResult", "study_slopes"),
    "temperance.numerics.studies.run": ("run_study",),
    "temperance.numerics.studies.study": ("Study",),
    "temperance.show.answer": ("Answer",),
    "temperance.theory.activations.activation": ("Activation",),
    "temperance.theory.models.spec": ("Expert", "Gate", "MoESpec"),
}
_MODULES = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("temperance")
    if name not in _MODULES:
        raise AttributeError(f"module 'temperance' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
