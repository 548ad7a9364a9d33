"""Says what every command answers, and gives examples, for --help."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "check": (
        "temperance check tanh relu torch.nn.GELU",
        'temperance check "log(1 + z**2)" "elu(z, alpha)"',
        "temperance check gelu --require first_order,second_order",
        "temperance check gelu relu --certificate proofs.json",
        "temperance check gelu relu --coq verdicts.v",
        'temperance check --json -- "-z*exp(z)"',
        "temperance check tanh --loss least-squares --expert nonlinear:tanh",
        'temperance check --gate "kappa*cos(x - c)/tau"',
    ),
    "certify": ("temperance certify proofs.json orders.json",),
    "catalogue": ("temperance catalogue", "temperance catalogue --json"),
    "derive": (
        "temperance derive",
        "temperance derive --gate activation --activation gelu --dim 2",
        "temperance derive --order 1 -o derivation.ipynb",
        "temperance derive --gate quadratic -o derivation.html",
        'temperance derive --gate "kappa*cos(x - c)/tau" --expert "a*x + b"',
        "temperance derive --gate softmax --loss least-squares",
    ),
    "predict": (
        "temperance predict --gate softmax --true 2 --fitted 3",
        "temperance predict --activation tanh --gauge anchored --true 2 --fitted 3",
    ),
    "rates": (
        "temperance rates --true 2 --fitted 2 --n 500,1000,2000 --replicates 50",
        "temperance rates --activation tanh --true 2 --fitted 3 --store study.sqlite",
    ),
    "efficiency": (
        "temperance efficiency tanh gelu --gauge anchored",
        "temperance efficiency tanh --tau .1,.5,2",
        "temperance efficiency --match .1,.9",
        'temperance efficiency --gate "max(x - c, 0)*w" --parameter c',
    ),
    "coefficient": (
        "temperance coefficient --gate softmax --true 2 --fitted 3",
        "temperance coefficient --activation tanh --true 2 --fitted 3 --json",
        "temperance coefficient --gate softmax --true 1 --fitted 2 --dim 2 --json",
    ),
    "exponents": (
        "temperance exponents --gate softmax",
        'temperance exponents --activation "z**2 + z" --expert constant',
        "temperance exponents --gate softmax --certificate orders.json",
        "temperance exponents --gate softmax --split all --json",
        'temperance exponents --gate "beta1*x**3/tau + beta2*x"',
        "temperance exponents --expert nonlinear:gelu --loss least-squares",
        "temperance exponents --gate softmax --noise known",
    ),
    "atlas": ("temperance atlas", "temperance atlas --json", "temperance atlas --loss least-squares"),
    "fit": (
        "temperance fit data.csv --fitted 2",
        "temperance fit data.csv --fitted 3 --activation tanh --target price --json",
    ),
    "experts": (
        "temperance experts data.csv",
        "temperance experts data.csv --most 4 --activation tanh -o k.html",
    ),
    "twins": (
        "temperance twins tanh",
        'temperance twins "z + z**2" --json',
        "temperance twins gelu --atoms 3 --gauge anchored",
        'temperance twins --gate "v*tanh(w*x)/tau"',
    ),
    "paper": (
        "temperance paper --gate softmax --without-experiments -o softmax",
        'temperance paper --gate "kappa*cos(x - c)/tau" --activation tanh -o cosine',
    ),
    "audit": (
        "temperance audit my.model:make",
        "temperance audit my.model:make --inputs my.model:example --json",
    ),
    "verify": (
        "temperance verify",
        "temperance verify C1 C2 -o report.json",
        "temperance verify --store studies.sqlite -o report.html",
        "temperance verify --from report.json -o report.html",
    ),
    "notebooks run": (
        "temperance notebooks run notebooks",
        "temperance notebooks run -p activation silu -o results",
    ),
}


QUESTIONS: dict[str, str] = {
    "check": "Is the temperature learnable with this activation?",
    "certify": "Are these proofs right? Exit status 1: one is not.",
    "catalogue": "Which named activations make the temperature learnable?",
    "derive": "Which relations tie the parameters, and what is identifiable?",
    "predict": "How fast do estimates converge, by theory?",
    "rates": "How fast do they converge, measured? A slope of -0.5 is an error n^(-1/2).",
    "efficiency": "How much data does the temperature need?",
    "exponents": "Which contact orders does a gate have, proved and measured?",
    "coefficient": "What does an expert too many cost, and what does BIC charge?",
    "atlas": "Which contact orders do the gates of the literature have?",
    "twins": "Which other parameters have the same density?",
    "paper": "What is proved and measured of a model, written as a paper?",
    "audit": "Can the temperatures of a torch model's routers be learnt?",
    "verify": "Which claims of the theory stand? Exit status 1: one is contradicted.",
    "fit": "Which mixture do my data come from?",
    "experts": "How many experts do these data come from?",
}


def epilogue(name: str) -> str:
    """The examples of a command, as they stand at the end of its help."""
    return "\n".join(["Examples:", *(f"    {line}" for line in EXAMPLES[name])])
