"""What `check` and `derive` answer: JSON, status, and that tables and files hold it."""

import json
import re
import shlex

import pytest

import temperance

ISSUE = ["tanh", "sigmoid", "gelu", "relu", "z**2"]
VERDICT = ["verdict", "fails_at_tau", "relation", "scope"]


def strict(text):
    """JSON without NaN, keys in their order."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_an_argument_with_a_dash_works_after_two_dashes(output):
    assert strict(output("check", "--json", "--", "-z"))[0]["activation"] == "-z"


def test_check_json_has_the_documented_keys_in_order(output):
    found = strict(output("check", *ISSUE, "--json"))
    assert [entry["activation"] for entry in found] == ISSUE
    for entry in found:
        keys = ["activation", "expression", "first_order", "second_order", "sharp", "mirror", "exceptional_parameters"]
        assert list(entry) == [*keys, "mirror_points", "coq"]
        assert list(entry["first_order"]) == ["verdict", "relation", "scope", "reason"]
        second = ["verdict", "failing_families", "fails_at_tau", "relation", "scope", "reason"]
        assert list(entry["second_order"]) == second
        assert list(entry["sharp"]) == ["tau_beta1", "a", "b_nu"]
        assert all(list(v) == VERDICT for v in entry["sharp"].values())
    assert [entry["first_order"]["verdict"] for entry in found] == ["holds", "holds", "holds", "fails", "fails"]
    enough, loses = "Scores.first_order_is_enough", "Scores.relation_loses_tau"
    assert [entry["coq"] for entry in found] == [enough, enough, enough, loses, loses]
    assert [entry["mirror"] for entry in found] == ["odd", "odd", "homogeneous", "homogeneous", "even"]


def test_json_has_special_temperatures_parameters_and_what_is_open(output):
    at_one, family, none, open_ = strict(
        output("check", "log(1 + z**2)", "elu(z, c)", "mish", "z - atan(tan(z))", "--json")
    )
    assert at_one["second_order"]["verdict"] == "holds"
    assert at_one["second_order"]["fails_at_tau"] == at_one["sharp"]["tau_beta1"]["fails_at_tau"] == ["1"]
    assert family["exceptional_parameters"] == {"c": ["0"]}
    assert (none["mirror"], none["mirror_points"]) == (None, {"type": "none", "reason": None})
    assert (open_["mirror"], open_["mirror_points"]["type"]) == (None, "undecided")
    assert open_["mirror_points"]["reason"]


@pytest.mark.parametrize(
    ("names", "required", "status"),
    [
        (["tanh", "gelu"], "first_order,second_order", 0),
        (["tanh", "relu"], "first_order", 1),
        (["exp"], "first_order, second_order", 1),
        (["exp"], "tau_beta1,a,b_nu", 0),
    ],
)
def test_require_tells_by_the_exit_status(output, names, required, status):
    out = output("check", *names, "--json", "--require", required, status=status)
    assert len(strict(out)) == len(names)


def test_the_command_that_a_check_names_can_be_run(output):
    line = next(line for line in output("check", "gelu").splitlines() if line.startswith("how fast: "))
    assert "gelu, anchored gauge" in output(*shlex.split(line.partition(": temperance ")[2]))


def test_derive_json_has_the_documented_keys_in_order(output):
    found = strict(output("derive", "--gate", "linear", "--dim", "1", "--order", "2", "--json"))
    keys = ["gate", "expert", "dim", "loss", "order", "derivatives", "rank", "relations", "generators", "complete"]
    assert list(found) == [*keys, "missing", "symmetries", "identifiable_functions", "gate_formula"]
    assert (found["derivatives"], found["rank"], len(found["relations"])) == (21, 12, 9)
    assert found["generators"][0] == {"order": 1, "equation": "tau*u_{tau} + beta1*u_{beta1} = 0"}
    assert found["identifiable_functions"] == ["beta1/tau", "beta0/tau", "a", "b", "nu"]
    assert all(relation["equation"] in output("derive") for relation in found["relations"])
    assert strict(output("derive", "--activation", "tanh", "--order", "1", "--json"))["gate"] == "activation"


@pytest.mark.parametrize(
    ("options", "weight", "density"),
    [
        ([], "exp(beta0/tau + beta1*x/tau)", "N(y | a*x + b, nu)"),
        (["--gate", "generic", "--expert", "nonlinear"], "exp(beta0/tau + s(beta1*x)/tau)", "N(y | h(a*x + b), nu)"),
        (["--gate", "softmax", "--expert", "polynomial:2"], "exp(beta0 + beta1*x)", "N(y | a_1*x + a_2*x**2 + b, nu)"),
        (["--expert", "multinomial:2"], "exp(beta0/tau + beta1*x/tau)", "exp(Piecewise((a_1*x + b_1 - log("),
    ],
)
def test_a_derivation_says_the_model_under_its_answer(output, options, weight, density):
    answer, _, _, gate, expert, *_ = output("derive", "--order", "1", *options).splitlines()
    assert answer.startswith(("Identifiable: ", "What is identifiable is not decided: "))
    assert weight in gate
    assert density in expert


def test_a_long_list_is_cut_and_says_how_to_see_all(output):
    cut, whole = (output("derive", "--order", "3", *more).splitlines() for more in ([], ["--all"]))
    assert sum("--all" in line for line in cut) == 1
    assert len(whole) == len(cut) + 14 - 1
    assert strict(output("derive", "--order", "3", "--json"))["relations"][33]["equation"] in "\n".join(whole)


def words(text):
    """The words in the columns of a table, joined over the lines of each row where they are not broken."""
    return set(re.split(r"[\s─]+", text)) - {""}


@pytest.mark.parametrize("columns", [62, 200])
def test_a_narrow_table_breaks_between_words(output, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = output("check", "tanh", "relu", "log(1 + z**2)")
    out = out[out.index("\n ") : out.index("\nfirst: ")]
    assert max(map(len, out.splitlines())) <= columns
    heads = "activation first second tau, beta1 a b, nu mirror"
    cells = "tanh holds odd relu fails (A, B, C) homogeneous log(1 + z**2) holds, not at tau = 1 even"
    assert words(out) == words(f"{heads} {cells}")


@pytest.mark.parametrize(("ending", "start"), [(".md", "# Interactions"), (".tex", r"\documentclass")])
def test_derive_writes_files(output, tmp_path, ending, start):
    target = tmp_path / f"derivation{ending}"
    target.write_text("old")
    assert strict(output("derive", "--order", "1", "--json", "-o", str(target)))["order"] == 1
    assert target.read_text(encoding="utf-8").startswith(start)
    assert list(tmp_path.iterdir()) == [target]


def test_a_derivation_has_the_derivatives_of_tanh_as_powers_of_sech():
    found = temperance.derive(activation="tanh", order=1).derivation
    (lines,) = (b.lines for s in found.steps if s.name == "Derivatives" for b in s.blocks[3:4])
    assert r"\operatorname{sech}^{2}{\left(\beta_{1} x \right)}" in lines[0]
    assert not any("e^{" in line for line in lines)
