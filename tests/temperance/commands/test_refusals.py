"""Bad input of every command: status 2, nothing on stdout, and one line that says what is wrong and what is accepted.

`LINES` has a line of each kind; whatever else is typed, it is one line (`test_no_hostile_value_ends_otherwise`).
"""

import inspect
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import temperance
from temperance.commands.app import app, run

POINT = {"beta1": [[3], [0.5]], "beta0": [1, 0], "tau": 0.25, "a": [[1], [-1]], "b": [2, -2], "nu": [0.25, 0.5]}
POINT["x"] = {"law": "uniform", "low": -2, "high": 4}
WAVE = "--gate kappa*cos(x-c)/tau"
LINES = r"""
                                                  a command is missing
chek                                              unknown command 'chek'; accepted: check
--nope                                            unknown option '--nope'
check --json                                      needs an activation
check tanh --jsn                                  unknown option '--jsn'; accepted: --gate, --certificate,
check tanh --json=5                               --json takes no value, not '5'
check tanh --require third                        unknown condition 'third'; accepted: first_order, second_order
check tanh --require a --require a                --require is given twice
check sin(                                        cannot read 'sin('
check exp(-z^2)                                   powers are written **: 'exp(-z**2)'
check x**2                                        the variable is called z
check sin(z)+geluu(z)                             did you mean gelu or elu?
check 2z                                          products are written *, as in 2*z
check z/tau                                       s is what stands before the temperature
check __import__('os').system('true')             accepted: the variable z
check tanh --expert constant                      --expert goes with --loss least-squares
check tanh --loss least-squares --require a       --require is about the likelihood
check tanh --certificate a.txt                    unknown ending; accepted: .json
derive extra                                      unexpected argument 'extra'
derive softmax                                    accepted: --gate softmax, or the options
derive --gate lnear                               unknown gate 'lnear'; did you mean linear? accepted:
derive --gate relu                                ; the activation 'relu' goes with --activation
derive --gate linear --activation tanh            the gate 'linear' takes no activation; the gate 'activation' does
derive --dim 1.5                                  --dim takes an integer of at most 9 digits, not '1.5'
derive --dim 0                                    from 1 to 20
derive --order 9                                  from 1 to 8
derive -o no/such/folder/d.md                     there is no such folder
derive --gate w*y                                 y is the response
derive --gate x/tau                               constant in x
derive --gate -(x-c)**2/tau            --gate needs a value; one that begins with a dash is given as --gate=VALUE
derive --gate w*x --shared w;c                    --shared takes names between commas, such as w,c, not 'w;c'
derive --gate w*k*x --constants k=1,k=2           --constants takes numbers by their names, each once
derive --no-bias                                  only a gate that is a formula
derive --loss mse                                 unknown loss 'mse'; accepted: likelihood, least-squares
derive --noise common                             accepted: each, known
exponents relu                                    unexpected argument 'relu'; accepted: --activation relu, or
exponents --gate w1*x1+w2*x2+w3*x3                --dim must be 1 or 2, not 3
exponents --gate w*x --no-bias                    only --split all has orders
exponents --loss least-squares --noise known      has no nu
exponents --noise known --split all               --noise known is about --split one
exponents --truth truth.json --certificate truth.json       is named twice; accepted: a file for each input and output
atlas --gate mish                                 ; its orders: `temperance exponents --activation mish`
atlas --cell all-split                            unknown cell 'all-split'; accepted: exact, two, three, "all split"
atlas --gate softmax --loss least-squares         accepted without other options
atlas --gate softmax --cell exact --dim 1 --certificates d.csv/below    cannot make the folder
twins                                             twins are of an activation or of a gate; accepted: one, such as tanh
twins tanh --dim 2                                go with --gate FORMULA
certify                                           certify needs a file
certify empty.json                                is not JSON
predict --true 2                                  --fitted must be given
predict --true 3 --fitted 2                       need 1 <= true <= fitted, not 3, 2
predict --true 2 --fitted 1000000                 --fitted must be at most 100 atoms, not 1000000
predict --true 2 --fitted 2 --gauge loose         'loose'; accepted: free, anchored
predict --true 2 --fitted 2 --truth missing.json  cannot be read: No such file
predict WAVE --true 2 --fitted 2 --gauge anchored  --gauge anchored is for linear, softmax and activation
predict WAVE --true 2 --fitted 2 --loss least-squares       with --true 2 and --fitted 3 or more, not 2, 2
predict --gate generic --true 2 --fitted 2        orders need functions by name
rates --true 2 --fitted 2 --activation sin(w*z)   free parameters
rates --true 2 --fitted 2 --n 2000,1000           sizes must be at least two and increase
rates --true 2 --fitted 2 --n 1.5,1e4             --n takes whole sizes N,N,.. such as 1000,1e6, not '1.5,1e4'
rates --true 2 --fitted 2 --n 1e4,1e20            n = 1e20 is out of range; accepted: 10 (all beta1, beta0, a, b, nu)
rates --true 2 --fitted 2 --experiment grid       experiment must be sample or lattice, not 'grid'
rates --true 2 --fitted 2 --replicates 9          at least 10
rates --true 2 --fitted 2 --workers 0             workers must be at least 1
rates --true 2 --fitted 2 --scheduler nowhere     no Dask scheduler
rates WAVE --true 2 --fitted 2 --gauge anchored   --gauge anchored is for linear, softmax and activation gates
rates WAVE --true 3 --fitted 3                    measured with --true 2 --fitted 2 or 3, not 3, 3
rates --gate laplace --true 2 --fitted 2          the gate 'laplace' has a kink that x can reach
efficiency                                        an activation is missing
efficiency tanh --precision 0                     precision must be
efficiency tanh --match .9,.1                     0 < LOW < HIGH < 1
efficiency tanh --match .1,.9 --tau 1             --tau
efficiency tanh --tau 1,-2                        temperatures T,T,.. between 1e-50 and 1e50
efficiency log(z)+z                               not real and finite
efficiency tanh --truth truth.json --gauge anchored         must obey the gauge
efficiency --gate w*x/tau                         --gate needs --parameter, what is to be learnt; accepted: w, tau, a
efficiency --gate w*x/tau --parameter w[2]        w[2] is held, as a choice of gauge; accepted: w[1],
efficiency --gate where(x<c,0,w*x) --parameter w  the gate jumps where c moves the jump
coefficient --true 3 --fitted 2                   fitted must be at least true
coefficient --true 2 --fitted 21                  at most 20
fit                                               DATA (--data) needs a value
fit d.csv --fitted 1,x                            --fitted takes a number of experts, or several as 1,2,3
fit d.csv --fitted 2 --target w                   no column 'w'
fit d.csv --fitted 2 --weights x                  columns of their own
fit d.csv --fitted 2                              fewer than
fit missing.csv --fitted 2                        row 3, column 'y': the value is missing; --drop-missing leaves out
experts d.csv --most 1                            most must be a whole number, at least 2
audit mine:a.b                                    'mine:a.b' names no model; accepted: MODULE:FACTORY
""".strip("\n").splitlines()


def parted(line):
    """The arguments and the message of a line of the table."""
    arguments, _, message = line.strip().rpartition("  ")
    return [WAVE.split()[i] if w == "WAVE" else w for w in arguments.split() for i in range(1 + (w == "WAVE"))], message


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where files of a truth and of data lie."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.json").write_text(json.dumps(POINT))
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "d.csv").write_text("x,y\n1,2\n2,3\n")
    (tmp_path / "missing.csv").write_text("x,y\n1,2\n3,\n")
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_bad_input_is_one_line_and_status_two(refused, folder, monkeypatch, line):
    monkeypatch.setattr("temperance.commands.users.find_spec", lambda name: object())
    refused(*parted(line))


HOSTILE = ("", "1/0", "sin(", "a\nb(", "\x1b[31m(", "\udcff", "__import__('os')", "(" * 500, "\N{INFINITY}", "--")
COMMANDS = {
    "check": [],
    "derive": [],
    "predict": ["--true", "2", "--fitted", "2"],
    "rates": ["--true", "2", "--fitted", "2"],
    "efficiency": ["tanh"],
    "exponents": [],
    "coefficient": ["--true", "2", "--fitted", "2"],
    "atlas": [],
    "twins": [],
    "fit": ["d.csv", "--fitted", "2"],
    "experts": ["d.csv"],
}
FILES = {"store", "scheduler", "certificates"}  # which may have any name
OPTIONS = [
    (name, option)
    for name in COMMANDS
    for option, p in inspect.signature(app[name].default_command).parameters.items()
    if p.kind is p.KEYWORD_ONLY and option not in FILES and f"--{option}" not in COMMANDS[name]
]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(of=st.sampled_from(OPTIONS), value=st.sampled_from(HOSTILE))
def test_no_hostile_value_ends_otherwise(refused, folder, of, value):
    name, option = of
    refused([name, *COMMANDS[name], f"--{option.replace('_', '-')}={value}"])


TRUTHS = {
    "{": "is not JSON",
    "[]": "must be an object",
    '{"tau": 1, "tau": 2}': "'tau' is given twice",
    "[" * 100000: "is not JSON",
    **{
        json.dumps({**POINT, **changes}): message
        for message, changes in {
            "has 'z'; accepted": {"z": 1},
            "tau must be positive": {"tau": -1},
            "tau must hold numbers": {"tau": True},
            "b holds a number that is too large": {"b": [1e300, 0]},
            "tau and nu must be at least 1e-50": {"tau": 1e-300},
            "beta0/tau must lie between -500 and 500": {"beta0": [600, 0]},
            "b must have shape": {"b": [1, 2, 3]},
            "rows of one length": {"a": [[1], [1, 2]]},
            "uniform": {"x": {"law": "normal", "low": 0, "high": 1}},
            "low < high": {"x": {"law": "uniform", "low": 1, "high": 1}},
            "NaN is no number": {"tau": float("nan")},
            "must obey the gauge": {"beta0": [1, 2]},
            "d = 2, not k": {"beta1": [[1, 2], [1, 2]], "a": [[1, 2], [1, 2]]},
        }.items()
    },
}


@pytest.mark.parametrize("text", TRUTHS, ids=range(len(TRUTHS)))
def test_a_truth_that_is_none_is_one_line(folder, refused, text):
    (folder / "t.json").write_text(text)
    refused(["rates", "--activation", "tanh", "--true", "2", "--fitted", "2", "--truth", "t.json"], TRUTHS[text])


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ({"q": 1}, "'the truth' has 'q'; accepted: "),
        ({"w": [1]}, "2 or more"),
        ({"w": [1, 2], "a": [1, 2, 3]}, "as many values"),
        ({"w": [1, 2, 3]}, "has 3 atoms and no 'a' of each"),
        ({"tau": [1, 2]}, "one of a shared one"),
        ({"w": "one"}, "w is no number"),
        ({"a": [1, 1], "b": [0, 0], "nu": [1, 1]}, "must be distinct"),
    ],
)
def test_a_truth_of_a_formula_that_is_none_is_named(truth, words):
    with pytest.raises(ValueError) as error:
        temperance.efficiency(gate="w*x/tau", parameter="w", truth=truth)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: temperance.check("tanh", "gelo"), "gelo"),
        (lambda: temperance.derive("linear", expert=3), "expert must be a text or an Expert, not 3"),
        (lambda: temperance.derive("w*x", shared="w"), "^shared must be "),
        (lambda: temperance.derive("w*x", constants=["k"]), "^constants must be "),
        (lambda: temperance.rates(true=2, fitted=2, n="1e4"), "n must be a list, each a whole number, not '1e4'"),
        (lambda: temperance.efficiency("tanh", tau="1"), "tau must be a number or a list, each a number, not '1'"),
        (lambda: temperance.certify([]), r"files must be a text or a mapping, not \[\]"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(asked, message):
    with pytest.raises(ValueError, match=message):
        asked()


def test_an_answer_replaces_no_file_that_is_read_or_written_besides(folder, refused):
    for name in ("t.json", "./t.json"):
        refused(["check", "gelu", "--certificate", name, "-o", "t.json"], "is named twice")
    refused(["rates", "--true", "2", "--fitted", "2", "--truth", "truth.json", "-o", "truth.json"], "is named twice")
    assert json.loads((folder / "truth.json").read_text()) == POINT


def test_an_unknown_name_does_not_discard_the_answers_to_the_others(capsys):
    assert run(["check", "tanh", "gelo", "relu", "z^2", "--json"]) == 2
    out, err = capsys.readouterr()
    assert [found["activation"] for found in json.loads(out)] == ["tanh", "relu"]
    assert [name in line for name, line in zip(("gelo", "z^2"), err.splitlines(), strict=True)] == [True, True]
    assert run(["check", "gelo", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == []


def test_without_torch_an_audit_says_so(refused, monkeypatch):
    monkeypatch.setattr("temperance.commands.users.find_spec", lambda name: None)
    refused(["audit", "mine:make"], "audit needs torch, which is not installed; run: pip install torch")
