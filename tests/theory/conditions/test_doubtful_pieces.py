"""Verdicts where a switch has no closed form, or a formula may be another function: no more is said than is known."""

import pytest

from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.theory.activations.activation import activation
from temperance.theory.conditions.certificates import certificates
from temperance.theory.conditions.decision import decide
from temperance.theory.kernel.check import check


@pytest.mark.parametrize(
    "text",
    [
        "where(z > 1000, sqrt(sin(z) - 1/10), z)",  # real on intervals that are never looked at
        "where(z < -50, log(gamma(z)), z)",
        "where(z > 10, tanh(exp(exp(exp(z)))), z)",  # too large to enclose
        "where(z > 100, 1/gamma(gamma(z)), z)",
        "where(z < 1/1000, where(z > 0, sqrt(sin(1/z) - 1 + 1/10**9), 0), 1)",
        "relu(z - 50) + sqrt(sin(z) - 99/100) - sqrt(sin(z) - 99/100)",
        "where(z > 100, exp(z), z)*sqrt(sin(z) - 9/10)/sqrt(sin(z) - 9/10)",
    ],
)
def test_no_family_fails_where_a_part_of_the_domain_may_be_missing(text):
    decision = decide(text)
    assert decision.first_order.outcome == "undecided"
    assert not decision.mirror.proved


MISLABELLED = [  # a formula is s in a part of its domain only; s is what follows #
    "sqrt(1 - cos(z)**2) - abs(sin(z))",  # 0
    "z + abs(sin(z) - 1/3) - sqrt(sin(z)**2 - 2*sin(z)/3 + 1/9)",  # z
    "z + abs(sin(1/z)) - sqrt(1 - cos(1/z)**2)",  # z
    "z + abs(cos(z) - z/50) - sqrt(cos(z)**2 - cos(z)*z/25 + z**2/2500)",  # z
    "asin(sin(z))*sign(cos(z)) - z",  # a step
    "exp(log(sin(z))) - sqrt(1 - cos(z)**2) + z",  # z
    "sqrt(sin(z))**2 - sqrt(1 - cos(z)**2) + z",  # z
    "z + sqrt(1 - cos(z)**2) - sin(z) + 0*log(sin(z))",  # z
]


@pytest.mark.parametrize("text", MISLABELLED)
def test_points_of_a_piece_that_may_have_another_formula_prove_nothing(text):
    decision = decide(text)
    assert decision.first_order.outcome == decision.second_order.outcome == "undecided"
    assert not decision.mirror.proved


def test_temperatures_are_not_denied_at_points_of_another_formula():
    """s = log(1 + z^2), for which A and (i) fail at tau = 1."""
    decision = decide("log(1 + z**2) + abs(sin(z)) - sqrt(1 - cos(z)**2)")
    assert decision.tau_beta1.outcome == "undecided"


@pytest.mark.parametrize("text", ["abs(sin(z))", "max(sin(z), z/7)", "relu(z - cos(z))", "abs(z**5 - z - 1)"])
def test_a_switch_without_closed_form_leaves_all_undecided(text):
    decision = decide(text)
    assert {(v.outcome, v.reason) for v in decision.verdicts} == {("undecided", "no closed-form switch")}
    assert (decision.mirror.proved, decision.activation.expression) == (False, text)
    assert certificates(decision) == []
    assert text in decision._repr_markdown_()
    with pytest.raises(ValueError, match="no closed-form switch"):
        activation(text)


def test_points_at_which_one_formula_is_proved_to_be_real_are_enough():
    decision = decide("log(sin(z))")
    assert {v.outcome for v in decision.verdicts} == {"holds"}
    assert len(certificates(decision)) == 5
    with pytest.raises(ValueError, match="where activation 'log\\(sin\\(z\\)\\)' is real has no closed form"):
        compile_activation(decision.activation)


@pytest.mark.parametrize("text", ["log(sin(z))", "log(tan(z))", "cosh(z) + 0*sqrt(sin(z) - 2/3)"])
def test_a_domain_without_its_mirror_image_has_no_type(text):
    """s(z) and s(-z) are never both real."""
    assert decide(text).mirror.kind is None


def test_one_formula_without_switches_is_known_wherever_it_is_real():
    assert decide("log(cos(z))").second_order.outcome == "holds"
    assert decide("log(exp(cos(z)))/cos(z)").first_order.outcome == "fails"


SQUARES = [  # a root of a square in the derivative: s is another function where what is squared is negative
    ("acosh((z**2 + 1)/(2*z))", "A"),  # |log z|
    ("acosh((z**2 + 1)/(2*z)) + log(z)", "A"),
    ("z*acosh((z**2 + 1)/(2*z))", ""),
    ("acos((1 - z**2)/(1 + z**2)) - 2*atan(z)", ""),  # 0 for z > 0, -4 atan z below
    ("acosh(1 + 2*z**2) - 2*asinh(z)", ""),
    ("exp(acosh(1 + 2*z**2) - 2*asinh(z))", ""),  # 1, or a power of z + sqrt(1 + z^2)
    ("asin(2*z/(1 + z**2)) + 2*atan(z)", ""),
    ("where(abs(z) > 1, exp(asinh((z**2 - 1)/(2*z))), 0)", "A"),
    ("erf(acosh(1 + 2*z**2) - 2*asinh(z))", ""),
]


@pytest.mark.parametrize(("text", "failing"), SQUARES)
def test_a_formula_under_which_a_root_vanishes_is_looked_at_on_every_piece(text, failing):
    decision = decide(text)
    assert decision.first_order.outcome == decision.b_nu.outcome == "holds"
    assert decision.second_order.failing_families == tuple(failing)
    assert (decision.second_order.outcome == "holds") == (not failing)


def test_a_sign_under_a_root_that_may_change_beyond_the_sample_points_is_an_assumption():
    """0 below 1000."""
    text = "sqrt(z**2*exp(z) - 2000*z*exp(z) + 10**6*exp(z)) + (z - 1000)*exp(z/2)"
    assert decide(text).first_order.outcome == "undecided"


def test_a_root_may_have_the_other_sign_on_a_part_of_the_domain_that_was_not_found():
    """4 atan(z) + ... near -104, 0 on (2, 4)."""
    domain = "0*sqrt(1 - (z - 3)**2 + 10**5*exp(-(z + 104)**2))"
    assert decide(f"acos((1 - z**2)/(1 + z**2)) - 2*atan(z) + {domain}").first_order.outcome == "undecided"
    assert decide(f"sqrt(1 + z**2) + {domain}").second_order.failing_families == ("A",)


def test_a_constant_of_integration_in_a_relation_is_no_certificate():
    decision = decide("(acosh(2*z**2 - 1) - 2*acosh(z))*z")  # 0
    assert decision.first_order.outcome == "fails"
    for certificate in certificates(decision):
        check(certificate)


SQUARES_OF_PARAMETERS = [  # |alpha - 1| sqrt(1 + z^2) and |1 + alpha z^2|, multiplied out
    "sqrt(alpha**2 + alpha**2*z**2 - 2*alpha*z**2 - 2*alpha + z**2 + 1) {} (alpha - 1)*sqrt(1 + z**2)",
    "sqrt(alpha**2*z**4 + 2*alpha*z**2 + 1) {} (alpha*z**2 + 1)",
    "sqrt(alpha**2*exp(z) - 2*alpha*exp(z) + exp(z)) {} (alpha - 1)*exp(z/2)",
]


@pytest.mark.parametrize("sign", ["+", "-"])
@pytest.mark.parametrize("text", SQUARES_OF_PARAMETERS)
def test_a_root_of_a_square_is_another_function_of_other_parameters(text, sign):
    """0 for some parameters only: neither outcome is one of all parameters."""
    assert decide(text.format(sign)).first_order.outcome == "undecided"


def test_a_root_whose_sign_its_argument_tells_is_no_obstacle():
    assert decide("sqrt(alpha + z**2)").second_order.failing_families == ("A",)
    assert decide("sqrt(theta**2 - z**2)").second_order.failing_families == ("A",)
