"""What `check` and `derive` print: tables, JSON, answers in words."""

import json
import re
import shlex

import pytest

from temperance.commands.app import run

ISSUE = ["tanh", "sigmoid", "gelu", "relu", "z**2"]


VERDICT = ["verdict", "fails_at_tau", "relation", "scope"]


def strict(text):
    """JSON without NaN, keys in their order."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_an_argument_with_a_dash_works_after_two_dashes(output):
    assert strict(output("check", "--json", "--", "-z"))[0]["activation"] == "-z"


def test_check_prints_a_table_and_the_relations(output):
    out = output("check", *ISSUE)
    for name in ISSUE:
        assert name in out
    assert "relu, first_order: -s + s'*z = 0" in out
    assert "\x1b" not in out


def test_check_json_has_the_documented_keys_in_order(output):
    found = strict(output("check", *ISSUE, "--json"))
    assert [entry["activation"] for entry in found] == ISSUE
    for entry in found:
        keys = ["activation", "expression", "first_order", "second_order", "sharp", "mirror", "exceptional_parameters"]
        assert list(entry) == [*keys, "mirror_points"]
        assert list(entry["first_order"]) == ["verdict", "relation", "scope", "reason"]
        second = ["verdict", "failing_families", "fails_at_tau", "relation", "scope", "reason"]
        assert list(entry["second_order"]) == second
        assert list(entry["sharp"]) == ["tau_beta1", "a", "b_nu"]
        assert all(list(v) == VERDICT for v in entry["sharp"].values())
    assert [entry["first_order"]["verdict"] for entry in found] == ["holds", "holds", "holds", "fails", "fails"]
    assert [entry["mirror"] for entry in found] == ["odd", "odd", "homogeneous", "homogeneous", "even"]


def test_check_json_tells_no_mirror_type_from_an_undecided_one(output):
    found = strict(output("check", "tanh", "mish", "z - atan(tan(z))", "--json"))
    assert [entry["mirror"] for entry in found] == ["odd", None, None]
    assert [entry["mirror_points"]["type"] for entry in found] == ["odd", "none", "undecided"]
    reasons = [entry["mirror_points"]["reason"] for entry in found]
    assert reasons[:2] == [None, None]
    assert reasons[2]


def test_check_json_reports_special_temperatures_and_parameters(output):
    at_one, family = strict(output("check", "log(1 + z**2)", "elu(z, c)", "--json"))
    assert at_one["second_order"]["verdict"] == "holds"
    assert at_one["second_order"]["fails_at_tau"] == at_one["sharp"]["tau_beta1"]["fails_at_tau"] == ["1"]
    assert family["exceptional_parameters"] == {"c": ["0"]}


def test_check_json_is_the_same_twice(output):
    assert output("check", *ISSUE, "--json") == output("check", *ISSUE, "--json")


@pytest.mark.parametrize(
    ("names", "required", "status"),
    [
        (["tanh", "gelu"], "first_order,second_order", 0),
        (["tanh", "relu"], "first_order", 1),
        (["exp"], "first_order", 0),
        (["exp"], "first_order, second_order", 1),
        (["exp"], "tau_beta1,a,b_nu", 0),
    ],
)
def test_require_tells_by_the_exit_status(output, names, required, status):
    out = output("check", *names, "--json", "--require", required, status=status)
    assert len(strict(out)) == len(names)


def test_an_unknown_name_does_not_discard_the_answers_to_the_others(capsys):
    for arguments in (["--json"], []):
        assert run(["check", "tanh", "gelo", "relu", "z^2", *arguments]) == 2
        out, err = capsys.readouterr()
        assert len(err.splitlines()) == 2
        assert "gelo" in err
        assert "powers are written **" in err
        if arguments:
            assert [found["activation"] for found in strict(out)] == ["tanh", "relu"]
        else:
            assert "tanh" in out
            assert "relu" in out
    assert run(["check", "gelo", "--json"]) == 2
    assert strict(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("x**2", "'x**2': the name 'x' is refused; the variable is called z"),
        ("GeLU", "unknown activation 'GeLU'; did you mean gelu?"),
        ("sin(z) + geluu(z)", "'sin(z) + geluu(z)': unknown function 'geluu'; did you mean gelu or elu?"),
        ("exp(-z^2)", "'exp(-z^2)': the operator ^ is refused; powers are written **: 'exp(-z**2)'"),
        ("2z", "cannot read '2z' (invalid decimal literal); products are written *, as in 2*z"),
        ("z/tau", "'z/tau': the name 'tau' is refused; s is what stands before the temperature, in s(beta1.x)/tau: "),
    ],
)
def test_a_slip_is_answered_by_its_hint_alone(capsys, text, hint):
    assert run(["check", text]) == 2
    told = capsys.readouterr().err
    assert told.startswith(hint)
    assert "LambertW" not in told


def test_a_check_ends_with_the_answer_and_what_to_do(output):
    *_, answer, advice, rates = output("check", "gelu").splitlines()
    assert answer == "tau learnable: yes, except at beta1_2 = -beta1_1 (k = 2, free gauge)"
    assert advice == "what to do: anchor one atom, beta1_k = 0 (--gauge anchored)"
    told = output(*shlex.split(rates.partition(": temperance ")[2])).splitlines()
    assert told[0] == "Predicted rates n^(-p): gelu, anchored gauge, k* = 2, k = 3"
    lines = output("check", "relu", "softplus", "z").splitlines()
    assert "relu: tau learnable: no: at most beta1/|beta1|, |beta1|/tau, beta0/tau are" in lines
    assert "z: tau learnable: no: only beta1/tau and beta0/tau are" in lines
    assert "what to do (relu): fix tau, or take another activation, such as tanh, sigmoid or gelu" in lines


def test_what_is_undecided_of_mirror_points_is_said_below_the_table(output):
    out = output("check", "gamma(z + 1) - z*gamma(z)")
    assert "gamma(z + 1) - z*gamma(z), mirror: no relation found" in out


def test_an_activation_alone_chooses_the_activation_gate(output):
    found = strict(output("derive", "--activation", "tanh", "--order", "1", "--json"))
    assert found["gate"] == "activation"


def test_a_derivation_ends_with_what_is_identifiable_in_words(output):
    last = output("derive", "--activation", "z**2", "--order", "1").splitlines()[-1]
    assert last.startswith("Identifiable: (beta1[i]**2 - beta1[j]**2)/tau, beta0/tau, a, b, nu; not identifiable by")


def test_derive_json_has_the_documented_keys_in_order(output):
    found = strict(output("derive", "--gate", "linear", "--dim", "1", "--order", "2", "--json"))
    assert list(found) == [
        "gate",
        "expert",
        "dim",
        "loss",
        "order",
        "derivatives",
        "rank",
        "relations",
        "generators",
        "complete",
        "missing",
        "symmetries",
        "identifiable_functions",
        "gate_formula",
    ]
    assert (found["derivatives"], found["rank"], len(found["relations"])) == (21, 12, 9)
    assert found["generators"][0] == {"order": 1, "equation": "tau*u_{tau} + beta1*u_{beta1} = 0"}
    assert found["identifiable_functions"] == ["beta1/tau", "beta0/tau", "a", "b", "nu"]


def test_derive_prints_every_relation(output):
    found = strict(output("derive", "--json"))
    out = output("derive")
    assert all(relation["equation"] in out for relation in found["relations"])


@pytest.mark.parametrize(
    ("options", "weight", "density"),
    [
        ([], "exp(beta0/tau + beta1*x/tau)", "N(y | a*x + b, nu)"),
        (["--gate", "generic", "--expert", "nonlinear"], "exp(beta0/tau + s(beta1*x)/tau)", "N(y | h(a*x + b), nu)"),
        (["--gate", "softmax", "--expert", "polynomial:2"], "exp(beta0 + beta1*x)", "N(y | a_1*x + a_2*x**2 + b, nu)"),
        (["--activation", "z**2"], "exp(beta0/tau + beta1**2*x**2/tau)", "N(y | a*x + b, nu)"),
        (["--expert", "multinomial:2"], "exp(beta0/tau + beta1*x/tau)", "exp(Piecewise((a_1*x + b_1 - log("),
    ],
)
def test_a_derivation_begins_with_the_model(output, options, weight, density):
    _, gate, expert, *_ = output("derive", "--order", "1", *options).splitlines()
    assert gate == f"gate: an atom has the weight {weight}, divided by the sum over all atoms"
    assert expert.startswith(f"expert: the density {density}")


def test_a_long_list_is_cut_and_says_how_to_see_all(output):
    cut, whole = (output("derive", "--order", "3", *more).splitlines() for more in ([], ["--all"]))
    assert "  ... and 14 more: --all prints them, in Python all=True" in cut
    assert len(whole) == len(cut) + 14 - 1
    assert strict(output("derive", "--order", "3", "--json"))["relations"][33]["equation"] in "\n".join(whole)


def test_one_relation_is_not_counted_as_many(output):
    assert "rank 5, 1 relation;" in output("derive", "--order", "1")


def words(text):
    """The words in the columns of a table, joined over the lines of each row where they are not broken."""
    return set(re.split(r"[\s─]+", text)) - {""}


@pytest.mark.parametrize("columns", [62, 70, 80, 200])
def test_a_narrow_table_breaks_between_words(output, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = output("check", "tanh", "relu", "log(1 + z**2)").split("tanh, twins")[0]
    assert max(map(len, out.splitlines())) <= columns
    heads = "activation first second tau, beta1 a b, nu mirror"
    cells = "tanh holds odd relu fails (A, B, C) homogeneous log(1 + z**2) holds, not at tau = 1 even"
    assert words(out) == words(f"{heads} {cells}")


@pytest.mark.parametrize("columns", [8, 20])
def test_a_table_without_room_for_its_words_loses_no_letter(capsys, monkeypatch, columns):
    from temperance.terminal.output import console, table

    monkeypatch.setenv("COLUMNS", str(columns))
    console().print(table(["first", "second"], [["homogeneous and a half", "mirror"], ["", "odd"]]))
    letters = sorted("".join(capsys.readouterr().out.replace("─", "").split()))
    assert letters == sorted("firstsecondhomogeneousandahalfmirrorodd")


@pytest.mark.parametrize(("ending", "start"), [(".md", "# Interactions"), (".tex", r"\documentclass")])
def test_derive_writes_files(output, tmp_path, ending, start):
    target = tmp_path / f"derivation{ending}"
    target.write_text("old")
    assert strict(output("derive", "--order", "1", "--json", "-o", str(target)))["order"] == 1
    assert target.read_text(encoding="utf-8").startswith(start)
    assert list(tmp_path.iterdir()) == [target]
