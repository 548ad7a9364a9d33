"""Coq accepts the theorems, from its four axioms of the reals alone, and refuses false ones. Skipped without Coq."""

import re
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.coq.files import FILES, file_of, library

pytestmark = [
    pytest.mark.slow,
    pytest.mark.coq,
    pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc, of the proof assistant Coq, is not installed"),
]

AXIOMS = {
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
}


def coqc(folder, name):
    command = ["coqc", "-Q", ".", "Temperance", f"{name}.v"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def axioms(printed):
    return set(re.findall(r"^(\S+)(?= :|$)", printed.partition("Axioms:\n")[2], flags=re.MULTILINE))


@pytest.fixture(scope="session")
def library_checked(tmp_path_factory):
    """A folder with the library, checked, and what Coq printed of each file."""
    path, printed = tmp_path_factory.mktemp("coq"), {}
    for name in FILES:
        (path / f"{name}.v").write_text(library(name), encoding="utf-8")
        done = coqc(path, name)
        if "Cannot find a physical path" in done.stderr:
            pytest.skip("Coq is installed without its libraries Interval and Coquelicot")
        assert done.returncode == 0, done.stderr
        printed[name] = done.stdout
    return path, printed


@pytest.fixture
def folder(library_checked):
    return library_checked[0]


def written(names: Sequence[str], conditions: Sequence[str] = ()) -> str:
    def chosen(name):
        return [c for c in certificates(name) if not conditions or verdict_of(c)["title"] in conditions]

    text, refused = file_of([(activation(name), chosen(name)) for name in names])
    assert refused == []
    return text


def accepted(folder, text, name):
    (folder / f"{name}.v").write_text(text, encoding="utf-8")
    done = coqc(folder, name)
    assert done.returncode == 0, done.stderr
    return axioms(done.stdout)


def test_activations_are_proved_from_the_four_axioms_alone(folder):
    names = ["tanh", "gelu", "relu", "log(1 + z**2)", "hardtanh", "tan", "elu(z, 1/2)", "LambertW"]
    names += ["tanh(100*z)", "tanh(300*z)", "1/(1 + exp(-500*z))", "exp(exp(z))"]  # values near 1, and large ones
    names += ["sin(log(z))", "tanh(log(z))", "exp(3*log(z))"]  # by identities of sin, exp and log
    names += ["z*(1/2 + atan(z)/pi)", "where(z < sqrt(2), z, z**2)"]  # numbers that are not rational
    names += ["hardshrink", "where(z < sqrt(2), z, where(z < E, 0, z))"]  # failures almost everywhere
    assert accepted(folder, written(names), "some") == AXIOMS


def test_logarithms_and_roots_are_proved_on_pieces_with_irrational_ends(folder):
    names = ["log(z**2 - 2)", "sqrt(z**2 - 3)", "where(z < sqrt(2), z, log(z))", "where(z < log(2), z, log(z))"]
    names += ["where(z < -pi, sqrt(-z), z)", "where(z < pi, z, log(z - 1))", "where(z < sqrt(2), z, log(z**2 - 1))"]
    names += ["where(z < sqrt(2), z, 2*z - sqrt(2))", "where(z < sqrt(3), sqrt(3)*z, 3)"]  # irrational relations
    assert accepted(folder, written(names), "irrational") == AXIOMS


@pytest.mark.parametrize("name", FILES[1:])  # the first has no theorem of its own
def test_theorems_on_mixtures_are_proved_from_the_four_axioms_alone(name, library_checked):
    assert set() < axioms(library_checked[1][name]) <= AXIOMS


def test_axioms_that_are_taken_besides_are_noticed(folder):
    text = written(["identity"], ["first_order"]).replace("Proof. solve_relation. Qed.", "Proof. Admitted.", 1)
    assert accepted(folder, text, "admitted") - AXIOMS == {"identity.F1_relation_0"}


@pytest.mark.full
def test_the_catalogue_is_proved_from_the_four_axioms_alone(folder):
    names = [name for name in CATALOGUE if name not in ("gamma", "loggamma")]
    assert accepted(folder, written(names), "catalogue") == AXIOMS


FIRST, SECOND = ("first_order",), ("second_order",)
S_IS = "Definition s (z : R) : R := "
D_IS = "Definition D (z : R) : Prop := "
CODE_IS = "Definition code : pieces := "
MUTATIONS = {
    "a point twice": ("tanh", FIRST, ("(mF1, [0; 1; 2]%nat)", "(mF1, [0; 1; 1]%nat)")),
    "another function": ("tanh", FIRST, (f"{S_IS}tanh z.", f"{S_IS}tanh (2 * z).")),
    "no exceptional temperature": ("log1p_square", SECOND, ("tau <> 1 -> ", ""), (" Hne", "")),
    "a wrong relation": ("relu", FIRST, ("[0; - 1; 1]", "[0; - 2; 1]")),
    "a domain too large": ("log", FIRST, (f"{D_IS}0 < z.", f"{D_IS}True.")),
    "exp instead of tanh": ("tanh", SECOND, (f"{S_IS}tanh z.", f"{S_IS}exp z."), ("App Tanh X", "App Exp X")),
    "relu instead of tanh": (
        "tanh",
        FIRST,
        (f"{S_IS}tanh z.", f"{S_IS}if Rlt_dec z 0 then 0 else z."),
        (f"{CODE_IS}Last (App Tanh X).", f"{CODE_IS}Below (Int 0) (Int 0) (Last X)."),
        (f"{D_IS}True.", f"{D_IS}z < 0 \\/ 0 < z."),
        ("frac 0 1", "frac 1 3"),
    ),
    "a kink in the domain": ("elu", FIRST, (f"{D_IS}z < 0 \\/ 0 < z.", f"{D_IS}True.")),
    "a point at a kink": ("elu", FIRST, ("points := [frac (-1) 1", "points := [frac 0 1")),
    "an end that is in the domain": ("hardshrink", FIRST, ("[- 1 / 2; 1 / 2] D", "[- 1 / 2; 1 / 3] D")),
    "holds for fails": ("relu", FIRST, ("first_order_fails D s", "first_order D s")),
    "tau lost with tanh": ("tanh", FIRST, ("Scores.tau_learnable D s", "Scores.tau_lost D s")),
    "tau learnable with relu": ("relu", FIRST, ("Scores.tau_lost D s", "Scores.tau_learnable D s")),
    "tau lost with a step": ("step", FIRST, ("Scores.singular D s", "Scores.tau_lost D s")),
    "fails for holds": ("tanh", FIRST, ("first_order D s", "first_order_fails D s")),
    "another exceptional temperature": ("log1p_square", SECOND, ("order_fails_at 1 D", "order_fails_at 2 D")),
    "code with another sign": ("tanh", FIRST, ("Last (App Tanh X)", "Last (Neg (App Tanh X))")),
    "an empty domain": ("relu", FIRST, (f"{D_IS}z < 0 \\/ 0 < z.", f"{D_IS}False.")),
    "a point that is missing": ("tanh", FIRST, ("(mF1, [0; 1; 2]%nat)", "(mF1, [0; 1; 9]%nat)")),
    "two bits": ("log1p_square", FIRST, ("check_ok 64 0", "check_ok 2 0")),
    "another bound of a piece": ("hardtanh", FIRST, ("if Rlt_dec z (- 1)", "if Rlt_dec z (- 2)")),
    "a sharp condition that fails": ("square", ("a",), ("sharp_ii_fails D s", "sharp_ii D s")),
    "poles in the domain": ("tan", FIRST, (f"{D_IS}cos z <> 0.", f"{D_IS}True.")),
    "the evidence for another family": ("tanh", SECOND, ("pick 1 families_independent", "pick 2 families_independent")),
    "a relation of zeros": ("relu", FIRST, ("[0; - 1; 1]", "[0; 0; 0]")),
    "few terms of the series of erf": ("gelu", SECOND, (r"check_ok 64 \d+", "check_ok 64 3")),
    "left of the branch point": ("LambertW", FIRST, (f"{D_IS}- exp (- 1) < z.", f"{D_IS}True.")),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_false_statements_and_false_proofs_are_refused(what, folder):
    name, conditions, *replacements = MUTATIONS[what]
    text = written([name], conditions)
    for old, new in replacements:
        pattern = old if "\\d" in old else re.escape(old)
        assert re.search(pattern, text), old
        text = re.sub(pattern, lambda _, new=new: new, text)
    assert_refused(folder, text)


def assert_refused(folder, text):
    """That a text is refused as a proof, not for its grammar or a name."""
    (folder / "mutated.v").write_text(text, encoding="utf-8")
    done = coqc(folder, "mutated")
    assert done.returncode != 0
    assert "Syntax error" not in done.stderr
    assert "was not found" not in done.stderr


def assert_variant_refused(name, old, new, folder):
    """That a file of the library is refused with one of its texts changed."""
    text = library(name)
    assert text.count(old) == 1
    assert_refused(folder, text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    u_bb = 2 * u_nu.", "    u_bb = 3 * u_nu."),
        ("    tau * u_bbeta1 = u_a.", "    u_bbeta1 = u_a."),
        ("(c * beta1 i) (q * beta0 i)) atoms).", "(c * beta1 i) (beta0 i)) atoms)."),
        (
            "(tau / 2) [regate i beta (beta0 / 2); regate j 0 0] /\\",
            "(tau / 2) [regate i beta beta0; regate j 0 0] /\\",
        ),
        ("solvability_order 2 4.", "solvability_order 2 5."),
        ("varentropy p <= 4393 / 10000.", "varentropy p <= 4392 / 10000."),
        ("(228 <= n)%nat.", "(229 <= n)%nat."),
    ],
)
def test_false_statements_on_mixtures_are_refused(old, new, folder):
    assert_variant_refused("Mixtures", old, new, folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exists n, (N <= n)%nat /\\ P n.", "exists n, P n."),
        ("NoDup (map Rabs bs) ->\n  independent D", "NoDup bs ->\n  independent D"),
        ("l = 1 / 2 /\\ c = - b", "l = 1 / 3 /\\ c = - b"),
        ("\\/ b = 0 /\\ b' = - c /\\ c' = c).", ")."),
        ("atoms /\\ NoDup (map expert_of atoms).", "atoms."),
        (
            "three_identified : Prop :=\n  only_twins odd_twin tanh",
            "three_identified : Prop :=\n  only_twins mirror_twin tanh",
        ),
        ("[regate i (- beta1 j) (beta0 i);", "[regate i (beta1 j) (beta0 i);"),
        ("Forall (fun b => b <> 0) bs -> NoDup (map Rabs bs) ->", "NoDup (map Rabs bs) ->"),
        ("three_activations : Prop := free_in_size tanh", "three_activations : Prop := free tanh"),
        ("/\\ free_in_size gelu /\\", "/\\ free gelu /\\"),
        (
            "(l * tau) [regate i (l * beta) (l * beta0); regate j (- (l * beta)) 0].",
            "tau [regate i (l * beta) (l * beta0); regate j (- (l * beta)) 0].",
        ),
    ],
)
def test_false_statements_on_twins_are_refused(old, new, folder):
    assert_variant_refused("Twins", old, new, folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("varentropy_at_most 3 (7619 / 10000).", "varentropy_at_most 3 (7618 / 10000)."),
        ("varentropy_at_most 8 (17766 / 10000).", "varentropy_at_most 8 (17765 / 10000)."),
        ("samples_at_least 3 132.", "samples_at_least 3 133."),
        ("samples_at_least 8 57.", "samples_at_least 8 58."),
        ("/\\ Forall (fun p => 0 <= p) l /\\ sum l = 1.", "/\\ sum l = 1."),
        ("p * (ln p - mean_log l) ^ 2) l).", "p * (ln p - 2 * mean_log l) ^ 2) l)."),
    ],
)
def test_false_floors_are_refused(old, new, folder):
    assert_variant_refused("Floor", old, new, folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("beta0 j = 0 /\\ expert_of i <> expert_of j.", "beta0 j = 0 /\\ expert_of i = expert_of i."),
        ("beta1 i <> 0 /\\ beta1 j = 0.", "beta1 i = beta1 i /\\ beta1 j = 0."),
        ("crowded D -> first_order D s -> regular D s.", "crowded D -> smooth D s -> regular D s."),
        ("crowded D -> first_order D s -> regular D s.", "(exists z, D z) -> first_order D s -> regular D s."),
        ("crowded D -> first_order D s ->\n", "crowded D -> smooth D s ->\n"),
        ("-> d1 <> 0 -> tau_lost D s.", "-> d2 <> 0 -> tau_lost D s."),
        ("tau_lost (fun z => z <> 0) relu.", "tau_learnable (fun z => z <> 0) relu."),
        ("forall D, locally' 0 D -> regular D s.", "forall D, (exists z, D z) -> regular D s."),
        ("  Rabs (beta1 i) <> Rabs (beta1 j) -> forall c,", "  beta1 i <> beta1 j -> forall c,"),
        ("  [tanh; sigmoid; gelu; softplus].\n", "  [tanh; sigmoid; gelu; fun z => z].\n"),
        ("[1; 0; 0; 0; 0; 0; 0; 0; 0; 1].", "[1; 0; 1; 0; 0; 0; 0; 0; 0; 1]."),
        ("(l * beta1 i) (l * beta0 i); j].", "(l * beta1 i) (beta0 i); j]."),
        ("NoDup (map snd l) ->\n  (forall y", "NoDup l ->\n  (forall y"),
    ],
)
def test_false_statements_on_scores_are_refused(old, new, folder):
    assert_variant_refused("Scores", old, new, folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("d_beta1 m = 0 /\\ d_beta0 m = 0 /\\ Exists", "d_beta1 m = d_beta1 m /\\ d_beta0 m = 0 /\\ Exists"),
        ("d_beta1 m = 0 /\\ d_beta0 m = 0 /\\ Exists", "d_beta1 m = 0 /\\ d_beta0 m = d_beta0 m /\\ Exists"),
        ("Exists (fun '(i, _) => beta1 i <> 0) l /", "Exists (fun '(i, _) => beta1 i = beta1 i) l /"),
        ("NoDup (map (fun '(i, _) => expert_of i) all).", "NoDup all."),
        ("/\\ (beta1 i = 0 -> Derive s 0 <> 0)) l ->\n", "/\\ (beta1 i = 0 -> s 0 = s 0)) l ->\n"),
        ("  locally' 0 X ->\n  unseen_move", "  (exists x, X x) ->\n  unseen_move"),
    ],
)
def test_false_statements_on_any_number_of_atoms_are_refused(old, new, folder):
    assert_variant_refused("Anchored", old, new, folder)


FALSE_ON_CELLS = {
    "five equations of three atoms have a solution": ("solvability_order 3 6.", "solvability_order 3 5."),
    "the order is the least, and six equations have none": ("solvability_order 3 6.", "solvability_order 3 7."),
    "the nodes of Gauss and Hermite have offsets t and moment sums t^4": (
        "uniform_lemma : Prop := uniform 2 4 4.",
        "uniform_lemma : Prop := uniform 2 4 3.",
    ),
    "and no other moment sum than the fourth": (
        "uniform_lemma : Prop := uniform 2 4 4.",
        "uniform_lemma : Prop := uniform 2 3 4.",
    ),
    "the lemma holds": ("~ uniform 2 4 3 /\\", "~ uniform 2 4 4 /\\"),
    "an atom without weight may be anywhere": ("p * rho b nu ^ n) l).", "rho b nu ^ n) l)."),
}
WEIGHT = "Rmin (share s tau (concat cells) x i) (share s tau (concat cells) x' i) *\n"
FALSE_ON_EXPERTS = {
    "an atom of small probability may be anywhere": (WEIGHT, ""),
    "two means t apart change the density by t^4": (
        "Rabs (shift i - shift e) ^ 4 + Rabs (nu i",
        "Rabs (shift i - shift e) ^ 3 + Rabs (nu i",
    ),
    "so do variances off by t^2": ("Rabs (nu i - nu e) ^ 2) <=", "Rabs (nu i - nu e) ^ 1) <="),
    "and that at one x": ("spread 4 l <= C * V /\\\n", "spread 3 l <= C * V /\\\n"),
    "the density of three atoms t apart changes by t^6": (
        "(length cell <= 2)%nat /\\ Forall (P",
        "(length cell <= 3)%nat /\\ Forall (P",
    ),
    "equal experts may exchange their weights": (" es /\\ NoDup (map (key x) es).", " es."),
    "the theorem on experts holds": ("p i * Rabs (shift i) ^ 3)", "p i * Rabs (shift i) ^ 4)"),
    "one x does not tell a slope": (
        "experts_at_two_x : Prop := forall s0 tau0 es x x', x <> x' ->",
        "experts_at_two_x : Prop := forall s0 tau0 es x x',",
    ),
    "nor that of merged means": (
        "merging_at_two_x : Prop := forall s0 tau0 es x x', x <> x' ->",
        "merging_at_two_x : Prop := forall s0 tau0 es x x',",
    ),
    "the variance of a mixture is more than the mean of variances": (
        "(nu i + (mean_at x i - cell_mean s tau atoms x cell) ^ 2)) cell) /",
        "nu i) cell) /",
    ),
    "moments about the mean are not those about 0": (
        "2 * moment_sum 2 l / w - (moment_sum 1 l / w) ^ 2.",
        "2 * moment_sum 2 l / w.",
    ),
    "an intercept is the mean at x = 0": ("let b := m x - a * x in", "let b := m x in"),
}


@pytest.mark.parametrize(
    ("name", "why"), [("Cells", why) for why in FALSE_ON_CELLS] + [("Experts", why) for why in FALSE_ON_EXPERTS]
)
def test_false_statements_on_cells_are_refused(name, why, folder):
    old, new = (FALSE_ON_CELLS | FALSE_ON_EXPERTS)[why]
    assert_variant_refused(name, old, new, folder)
