"""Provides what the legs of several claims share: exact checks, contact orders, slopes and variances (theory 9).

`Runs` runs studies and other dear work, each once, on shared workers; studies into a store.
`with_lattices` proves that the lattices of studies carry laws, and have no relations of their own (theory D.2, D.4).
`constants` holds errors of a linear gate against exact information (theory 7.1): the scale (beta1, beta0, tau) ->
c (beta1, beta0, tau) leaves the density, so that an estimate may be taken at the true tau; what is left has a regular
information, and n times the mean squares of its errors go to the diagonal of I^-1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from threading import Event
from typing import Any, TypeVar

import numpy as np

from temperance.measurements.judgement import (
    Leg,
    LegOutcome,
    PlannedTest,
    combined,
    conditions,
    count_confirmed,
    describe_open,
    holds,
    name_of,
    objection,
    with_test,
)
from temperance.measurements.slopes import fits, study_record
from temperance.numerics.contact.curves import Contact, Curve, CurveMeasure, contact
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.studies.errors import hellinger, in_order
from temperance.numerics.studies.lattice import (
    atoms,
    gate_functions,
    independent_on_design,
    normalisation,
    same_relations,
)
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.run import Progress, compile_side_by_side, run_study
from temperance.numerics.studies.slopes import Hypothesis, variance_test
from temperance.numerics.studies.study import Study
from temperance.numerics.studies.workers import WorkersLost, cluster, local_workers, lost_workers_told
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.conditions.decision import decide
from temperance.theory.conditions.families import Outcome
from temperance.theory.kernel.check import check, describe
from temperance.theory.kernel.place import Claim
from temperance.theory.models.gates import activated

Report = Callable[[str, Progress], None]
"""Called with the name of a study and how far it is."""
Task = TypeVar("Task")
Found = TypeVar("Found")
_ATTEMPTS = 3
"""How often a function of tasks is begun whose local workers are lost; a cluster tries again itself."""


class Runs:
    """Results of studies, each run once, one after the other, in the background, on workers that all share.

    A context: workers start with the first study, and end with the block; what is not finished then is dropped.
    workers: local processes, or scheduler: the address of a Dask cluster; store: an SQLite file for the finished
    replicates; report: told how far a study is. Raises ValueError, on entering, where no cluster answers.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        scheduler: str | None = None,
        store: str | None = None,
        report: Report = lambda name, progress: None,
    ) -> None:
        self._workers, self._scheduler, self._store, self._report = workers, scheduler, store, report
        self._found: dict[str, Future[StudyResult]] = {}
        self._others: dict[Callable[[Any], Any], Future[list[Future[Any]]]] = {}
        self._waiting: list[Future[Any]] = []
        self._stack, self._background, self._closed = ExitStack(), ThreadPoolExecutor(1), Event()
        self._pool: Executor | None = None

    def __enter__(self) -> Runs:
        """Connect to the cluster, if there is one, so that one that is not there is told at once."""
        if self._scheduler is not None:
            self._executor()
        return self

    def __exit__(self, *_: object) -> None:
        """End the study that runs, and drop those that wait."""
        self._closed.set()
        self._drop()
        self._background.shutdown(cancel_futures=True)
        self._drop()  # what was begun in between
        self._stack.close()

    def _drop(self) -> None:
        for task in self._waiting:
            task.cancel()

    def start(self, studies: Sequence[Study]) -> None:
        """Begin with these studies, while other legs are at work."""
        new = {study.digest: study for study in studies if study.digest not in self._found}
        if len(new) > 1 and self._workers > 1 and self._scheduler is None:
            self._background.submit(self._on_workers, partial(compile_side_by_side, list(new.values())))
        for digest, study in new.items():
            place = len(self._found) + 1
            self._found[digest] = self._background.submit(self._on_workers, partial(self._run, study, place))

    def begin(self, function: Callable[[Task], Any], tasks: Sequence[Task]) -> None:
        """Begin with a function of some tasks, before the studies that are not begun yet."""

        def submitted(executor: Executor) -> list[Future[Any]]:
            with lost_workers_told(function.__name__):
                begun = [executor.submit(function, task) for task in tasks]
            self._waiting += begun
            return begun

        if function not in self._others:
            self._others[function] = self._background.submit(self._on_workers, submitted)

    def each(self, function: Callable[[Task], Found], tasks: Sequence[Task]) -> list[Found]:
        """What a function finds at each of its tasks, once it is there; begun again where local workers are lost."""
        for attempt in range(1, _ATTEMPTS + 1):
            self.begin(function, tasks)
            try:
                with lost_workers_told(function.__name__):
                    return [task.result() for task in self._others[function].result()]
            except WorkersLost:
                self._others.pop(function, None)
                self._pool = None
                if attempt == _ATTEMPTS or self._scheduler is not None or self._closed.is_set():
                    raise
        raise AssertionError("the last attempt returns or raises")

    def result(self, study: Study) -> StudyResult:
        """The result of a study, once it is there."""
        self.start([study])
        return self._found[study.digest].result()

    def _executor(self) -> Executor:
        if self._pool is None:
            pool = local_workers(self._workers) if self._scheduler is None else cluster(self._scheduler)
            self._pool = self._stack.enter_context(pool)
        return self._pool

    def _on_workers(self, work: Callable[[Executor], Any]) -> Any:
        try:
            return work(self._executor())
        except WorkersLost:
            self._pool = None  # what comes next has new workers
            raise

    def _run(self, study: Study, place: int, executor: Executor) -> StudyResult:
        def report(progress: Progress) -> None:
            if self._closed.is_set():
                raise CancelledError  # ends the study, which drops the replicates that wait
            self._report(f"study {place} of {max(place, len(self._found))}: {study.name}", progress)

        return run_study(study, executor=executor, store=self._store, progress=report)


Check = tuple[str, Callable[[], LegOutcome]]


def proof_leg(checks: Sequence[Check], proofs: Sequence[dict[str, Any]] = ()) -> Leg:
    """Run exact checks; proofs: certificates that belong to them, each checked again here."""
    tried: list[dict[str, Any]] = [{"check": text, "outcome": run()} for text, run in checks]
    tried += [{"check": f"certificate: {_describe(c)}", "outcome": _check_again(c)} for c in proofs]
    missed = [f"{t['check']} ({t['outcome']})" for t in tried if t["outcome"] != "confirmed"]
    detail = f"{count_confirmed(tried)} exact checks" + describe_open(missed, separator="; ")
    more = {"certificates": list(proofs)} if proofs else {}
    return Leg(combined(t["outcome"] for t in tried), detail, {"checks": tried, **more})


def _describe(certificate: dict[str, Any]) -> str:
    """The claims and the activation or model that a certificate is of."""
    claims = ", ".join(describe(Claim(**claim)) for claim in certificate["claims"])
    return f"{claims}: {certificate['place']['model']['log_weight']}"


def _check_again(certificate: dict[str, Any]) -> LegOutcome:
    """A certificate that is refused proves nothing, and refutes nothing either."""
    try:
        check(certificate)
    except ValueError:
        return "inconclusive"
    return "confirmed"


def verdict_check(activation: str, condition: str, expected: Outcome, *, at_tau: tuple[str, ...] = ()) -> Check:
    """That a condition of `decision.decide` has this verdict, and fails besides exactly at these temperatures."""

    def run() -> LegOutcome:
        verdict = getattr(decide(activation), condition)
        if verdict.outcome == "undecided":
            return "inconclusive"
        return holds(verdict.outcome == expected and tuple(verdict.fails_at_tau) == at_tau)

    besides = f", except at tau = {', '.join(at_tau)}" if at_tau else ""
    return (f"{condition} {expected} for {activation}{besides}", run)


def certificates_of(activation: str, conditions: Sequence[str]) -> list[dict[str, Any]]:
    """The certificates of these conditions of an activation."""
    return [c for c in certificates(activation) if verdict_of(c)["title"] in conditions]


_NEAR = 1e-3  # distance of a measured order from the expected one that is no disagreement
_UNCERTAIN = 1e-3  # error of the extrapolation beyond which an order says nothing


@dataclass(frozen=True)
class Expected:
    """A curve, and the order that the theory gives it: a number, or None where the distance is identically 0.

    truth, activation: G* and s; moves: directions over which the distance is minimised.
    """

    name: str
    curve: Curve
    truth: CurveMeasure
    activation: str
    order: float | None
    moves: Sequence[dict[str, Any]] = field(default=())


def contact_leg(expected: Sequence[Expected]) -> Leg:
    """Measure every curve; zeros are zeros to within the working precision, and are proved in the leg of proofs."""
    records = [_measure(e) for e in expected]
    off = [f"{r['curve']}: {r['measured']}, expected {r['expected']}" for r in records if r["outcome"] != "confirmed"]
    detail = f"{count_confirmed(records)} contact orders as predicted" + describe_open(off, separator="; ")
    return Leg(combined(r["outcome"] for r in records), detail, {"orders": records})


def _measure(e: Expected) -> dict[str, Any]:
    effort = _ZERO if e.order is None else _MINIMISED if e.moves else {}
    result = contact(e.curve, e.truth, e.activation, moves=e.moves, **effort)
    return {
        "curve": e.name,
        "activation": e.activation,
        "expected": "identically 0" if e.order is None else e.order,
        "measured": "0 to within the working precision" if result.order is None else result.order,
        "error": result.error,
        "largest_distance": max(result.distances),
        "levels": [result.levels[0], result.levels[-1]],
        "digits": result.digits,
        "outcome": _outcome(e, result),
        "distances": list(result.distances),
    }


# a zero wants many digits and few points; a minimum over many directions is dear, and few nodes are a distance too
_ZERO: dict[str, Any] = {"levels": range(2, 6), "nodes": 48}
_MINIMISED: dict[str, Any] = {"levels": range(6, 12), "nodes": 20}


def _outcome(e: Expected, result: Contact) -> LegOutcome:
    if result.order is None or result.error is None:
        return "confirmed" if e.order is None else "contradicted"
    if e.order is None:
        return "contradicted"
    if result.error > _UNCERTAIN:
        return "inconclusive"
    return "confirmed" if abs(result.order - e.order) <= _NEAR else "contradicted"


_RATIOS = {"beta1": "beta1/tau", "beta0": "beta0/tau", "nu": "log nu"}


@dataclass(frozen=True, eq=False)
class Constant:
    """An error with its asymptotic constant.

    parameter, atom: what it is of (atom None: the density, in the Hellinger distance). deviation: the limit of RMS
    sqrt(n). ratios (R, N): n error^2/deviation^2, nan where a fit was dropped. numbers: how many squares of normal
    errors a ratio is the mean of.
    """

    parameter: str
    atom: int | None
    deviation: float
    ratios: Floats
    numbers: int = 1


def constants(result: StudyResult) -> list[Constant]:
    """The errors of an exact-specified study of the linear gate with a fitted tau, in one dimension.

    Raises ValueError for another study.
    """
    study, truth = result.study, result.study.truth
    if not (study.linear and study.exact and study.tau is None):
        raise ValueError(f"study {study.name}: constants are those of exact-specified fits of the linear gate with tau")
    tau, information = float(truth.tau), study.lattice_information
    held = Layout(study.k, truth.d, "anchored", tau)
    keep = [j for j, (name, _) in enumerate(study.layout.names) if name != "tau"]
    variances = np.linalg.inv(information[np.ix_(keep, keep)]).diagonal()
    ordered, matched = in_order(result.measures, truth, study.symmetry)
    offsets = held.pack(_at(ordered, tau)) - held.pack(truth)
    matched_fits, n = result.valid_fits & matched.astype(bool), np.array(study.sizes, dtype=float)
    ratios = np.where(matched_fits[..., None], offsets**2 * n[:, None] / variances, np.nan)
    rows = []
    for j, (name, atom) in enumerate(held.names):
        unit = tau if name in ("beta1", "beta0") else 1.0
        rows.append(Constant(_RATIOS.get(name, name), atom, float(variances[j] ** 0.5 / unit), ratios[..., j]))
    # 8 H^2 is the quadratic form of I in the errors, up to its limit: chi-squared, a mean of as many squares
    distance = hellinger(result.measures, truth, study.gate, low=study.low, high=study.high)
    size = len(variances)
    squares = np.where(result.valid_fits, 8 * n * distance**2 / size, np.nan)
    return [*rows, Constant("density", None, (size / 8) ** 0.5, squares, size)]


def _at(measure: MixingMeasure, tau: float) -> MixingMeasure:
    """The measures (..., k) of the same densities with this tau and an anchored last atom."""
    factor = tau / measure.tau
    beta1 = (measure.beta1 - measure.beta1[..., -1:, :]) * factor[..., None, None]
    beta0 = (measure.beta0 - measure.beta0[..., -1:]) * factor[..., None]
    return replace(measure, beta1=beta1, beta0=beta0, tau=np.full(measure.tau.shape, tau))


_ENOUGH = 1e-15  # times n = 10^12: far below one unit of log-likelihood
_EXACT, _OVER_SPECIFIED = 2, 4  # orders of the derivatives: twice and four times the order of a cell of m = 1, 2 atoms


def with_lattices(leg: Leg, studies: Sequence[Study]) -> Leg:
    """A leg of slopes with the proofs by balls for those of its studies that are on a lattice."""
    records = [record for study in studies if study.experiment == "lattice" for record in lattice_records(study)]
    if not records:
        return leg
    missed = sorted({r["study"] for r in records if r["outcome"] != "confirmed"})
    detail = f"; not proved to be the right experiment: the lattice of {', '.join(missed)}" if missed else ""
    return leg.extended(records, leg.detail + detail, lattices=records)


@lru_cache(maxsize=64)  # several claims share a study
def lattice_records(study: Study) -> tuple[dict[str, Any], ...]:
    """For every true atom: the bounds of `normalisation`, and the rank on the lattice, to the order that rates take.

    gates: why the derivatives of the gates have no relations with each other on the design.
    """
    lattice, truth = study.lattice, study.exact_truth
    spec = truth.spec if study.linear else replace(truth.spec, gate=activated(truth.spec.dim, study.gate.source))
    bound, order = normalisation(lattice), _EXACT if study.exact else _OVER_SPECIFIED
    points, records = atoms(study.truth, spec), []
    between, independent = "polynomials, fewer than points" if study.linear else "related, at a mirror point", True
    if not study.linear and study.position == "generic":
        moving = points[: study.layout.gates - (study.k - len(points))]
        independent = independent_on_design(gate_functions(spec, moving, order), {}, lattice)
        between = "independent" if independent else "not proved"
    for atom, point in enumerate(points):
        held = study.gauge == "anchored" and atom == len(points) - 1
        rank = same_relations(spec, point, lattice, order, held=held)
        good = rank.proved and independent and max(bound.box, bound.outside) <= _ENOUGH
        records.append(
            {
                "study": study.name,
                "atom": atom,
                "not_normalised": bound.box,
                "left_out": bound.outside,
                "order": order,
                "derivatives": rank.derivatives,
                "rank": rank.rank,
                "gates": between,
                "outcome": "confirmed" if good else "inconclusive",
            }
        )
    return tuple(records)


_SHOWN = 3  # of the slopes that are not confirmed, in a detail; the record has them all


def study_leg(runs: Runs, level: float, studies: Sequence[Study], *, parameters: Sequence[str] | None = None) -> Leg:
    """The predicted slopes of some studies, and the proofs that their lattices are the right experiments.

    level: of each test. By default these are all but the density, which has a claim of its own.
    """
    records = {study.name: study_record(runs.result(study), level=level) for study in studies}
    slopes = [
        {**slope, "study": name}
        for name, record in records.items()
        for slope in record["slopes"]
        if (slope["parameter"] in parameters if parameters else slope["parameter"] != "density")
    ]
    return with_lattices(judged(slopes, records), studies)


def judged(slopes: list[dict[str, Any]], records: dict[str, dict[str, Any]]) -> Leg:
    """A leg from slope records that name their study and the records of the studies."""
    counted = [s for s in slopes if s["outcome"] is not None]
    open_ = [f"{name_of(s)} ({s['outcome']}: {s['reason']})" for s in counted if s["outcome"] != "confirmed"]
    sharp = sum(bool(s["sharp"]) for s in counted)
    power = [s["test"]["power"] for s in counted if s["outcome"] == "confirmed" and "test" in s]
    detail = f"{count_confirmed(counted)} slopes confirmed, {sharp} of them sharp"
    detail += f", with power {min(power):.3g} at least" if power else ""
    if rare := sum(s["outcome"] is None and "test" in s for s in slopes):
        detail += f"; {rare} more, of few fits, lack the power and are not judged"
    detail += describe_open(open_, _SHOWN)
    studies = [
        {"name": name, "fits": r["fits"], "definition": r["setting"], "conditions": r["conditions"]}
        for name, r in records.items()
    ]
    names = ("total", "converged", "at_bound", "failed")
    total = {name: sum(r["fits"][name] for r in records.values()) for name in names}
    return Leg(combined(s["outcome"] for s in counted), detail, {"slopes": slopes, "fits": total, "studies": studies})


def variance_row(
    result: StudyResult, ratios: Floats, row: dict[str, Any], level: float, *, floor: bool = False, numbers: int = 1
) -> dict[str, Any]:
    """A row with the test of ratios (R, N), squared errors over what is stated; nan where a fit is not meant.

    level: of the test. floor, numbers: as `variance_test` has them.
    """
    beside = conditions(result)
    tested = _variance_test(result.study, level, ratios[~np.isnan(ratios).any(axis=1)], floor=floor, numbers=numbers)
    no_test = objection(result.dropped, beside["agreement"])
    return with_test({"study": result.study.name, **row, **beside}, tested, level, objection=no_test)


def _variance_test(
    study: Study, level: float, ratios: Floats | None = None, *, floor: bool = False, numbers: int = 1
) -> Hypothesis:
    """The test of a variance; without ratios as it is before its study runs."""
    errors = np.empty((0, len(study.sizes))) if ratios is None else ratios
    return variance_test(errors, study.sizes, level=level, replicates=study.replicates, floor=floor, numbers=numbers)


def planned_variances(studies: Sequence[Study], level: float, *, floor: bool = False) -> list[PlannedTest]:
    """The hypotheses of the variance of log tau in some studies, or of its floor."""
    group = "log tau, floor" if floor else "log tau"
    return [PlannedTest(study.name, group, _variance_test(study, level, floor=floor)) for study in studies]


def planned_constants(study: Study, level: float) -> list[PlannedTest]:
    """The hypotheses of `with_constants`: each identifiable parameter, and the density."""
    theta = np.tile(study.layout.pack(study.truth), (1, len(study.sizes), 1))
    none = np.zeros((1, len(study.sizes)))
    of_truth = constants(StudyResult(study, theta, np.full(none.shape, "converged"), none.astype(int), none))
    return [
        PlannedTest(study.name, f"{c.parameter} of atom {c.atom}", _variance_test(study, level, numbers=c.numbers))
        for c in of_truth
    ]


def with_constants(leg: Leg, runs: Runs, level: float, study: Study) -> Leg:
    """A leg with RMS sqrt(n) of a study of the linear gate, for every identifiable parameter and the density."""
    result, rows = runs.result(study), []
    for c in constants(result):
        mean = np.nanmean(c.ratios, axis=0)
        row = {
            "parameter": c.parameter,
            "cell": c.atom,
            "sizes": list(study.sizes),
            "predicted": c.deviation,
            "rms_root_n": (c.deviation * np.sqrt(mean)).tolist(),
            "ratios": mean.tolist(),
            "ratio": float(mean.mean()),
        }
        rows.append(variance_row(result, c.ratios, row, level, numbers=c.numbers))
    ratios = [r["ratio"] for r in rows]
    detail = (
        f"{leg.detail}; variances times n over those of exact information, {study.replicates} samples at n = "
        f"{', '.join(f'{size:.0e}' for size in study.sizes)}: {min(ratios):.3f} to {max(ratios):.3f}, "
        f"{count_confirmed(rows)} confirmed"
    )
    whole = [{"definition": study.definition, "fits": fits(result)}]
    return leg.extended(rows, detail, constants=rows, constants_of=whole)
