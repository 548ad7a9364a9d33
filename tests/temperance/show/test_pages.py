"""Reports as pages: structure, links, accessibility, what is attached, and that nothing is loaded or run."""

import base64
import json
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from temperance.claims.page import verification_page
from temperance.claims.table import Claim
from temperance.claims.verify import Result
from temperance.commands.app import run
from temperance.measurements.judgement import Leg
from temperance.numerics.studies import claim_studies
from temperance.show.output import to_json
from temperance.show.page import derivation_page, group, mathml, prose
from temperance.theory.interactions.interactions import derive
from temperance.theory.symmetries.derivation import derivation

pytestmark = pytest.mark.slow

VOID = {"meta", "link", "br", "img", "hr", "input"}
STYLE = Path(__file__).parents[3] / "temperance" / "show" / "templates" / "style.css"
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&lt;"


class Document(HTMLParser):
    """The elements of a page, each with its ancestors; fails on tags that do not nest."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len(attributes) == len(dict(attributes)), f"an attribute of {tag} is given twice"
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((data, tuple(self.open)))

    def all(self, *tags):
        return [attributes for tag, attributes, _ in self.elements if tag in tags]

    def text(self, within):
        return "".join(data for data, ancestors in self.texts if within in ancestors)


@pytest.fixture(scope="module")
def page(report):
    return verification_page(report)


@pytest.fixture(scope="module")
def document(page):
    return Document(page)


MODELS = [
    ("activation", "gaussian", "where(z<1, 0, log(1 + z**2))", 1, 1),
    ("gaussian-full", "multinomial:3", None, 2, 1),
    ("generic", "nonlinear", None, 1, 2),
]


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: f"{model[0]}-{model[1]}")
def derived(request):
    gate, expert, activation, dim, order = request.param
    found = derivation(derive(gate, expert, activation, dim, order))
    return found, Document(derivation_page(found))


def test_every_claim_and_leg_is_there_and_linked_from_the_summary(report, document):
    links = {a["href"] for a in document.all("a")}
    assert {f"#{r.claim.id}" for r in report} <= links
    ran = [(r, name, leg) for r in report for name, leg in r.legs.items() if leg is not None]
    assert {f"#{r.claim.id}-{name.replace('_', '-')}" for r, name, _ in ran} <= links
    words = document.text("main")
    for result, _, leg in ran:
        assert result.claim.statement in words
        assert (leg.detail[0].upper() + leg.detail[1:])[:100] in words
    cells = [data for data, ancestors in document.texts if "table" in ancestors and "span" in ancestors]
    assert Counter(cells)["proved"] == 2


def check_structure(document):
    ids = [attributes["id"] for _, attributes, _ in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in document.elements:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)
    for a in document.all("a"):
        assert a["href"].startswith("data:") or a["href"][1:] in ids, a["href"]
    levels = [int(tag[1]) for tag, *_ in document.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [len(document.all(tag)) for tag in ("html", "title", "header", "nav", "main", "footer")][2:] == [1] * 4
    assert document.all("html")[0]["lang"] == "en"
    assert len(document.all("table")) == len(document.all("caption"))
    assert {th.get("scope") for th in document.all("th")} <= {"col", "row"}
    assert all("aria-label" in nav for nav in document.all("nav"))


def check_loads_nothing(document):
    tags = {tag for tag, *_ in document.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "audio", "video", "base"}
    for _, attributes, _ in document.elements:
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert not attributes.get("href", "").startswith(("http:", "https:", "//"))
    style = document.text("style")
    assert "url(" not in style
    assert "@import" not in style


def test_a_verification_is_well_formed_accessible_and_loads_nothing(document):
    check_structure(document)
    check_loads_nothing(document)


def test_a_derivation_is_well_formed_accessible_and_loads_nothing(derived):
    _, document = derived
    check_structure(document)
    check_loads_nothing(document)


def test_a_derivation_has_its_steps_relations_and_formulas(derived):
    found, document = derived
    words = document.text("main")
    assert all(step.name in words for step in found.steps)
    printed = [math["alttext"] for math in document.all("math")]
    assert all(r.latex in printed for r in found.interactions.relations)
    assert "\\" not in document.text("math")  # no command of LaTeX is left unread
    assert "$" not in words


def test_plots_have_titles_and_descriptions(report, document):
    plots = [attributes for tag, attributes, _ in document.elements if tag == "svg" and "role" in attributes]
    assert plots
    assert all(svg["role"] == "img" and len(svg["aria-labelledby"].split()) == 2 for svg in plots)
    assert all(svg.get("aria-hidden") == "true" for svg in document.all("svg") if "role" not in svg)
    legs = [leg for r in report for leg in r.legs.values() if leg is not None]
    judged = [s for leg in legs for s in leg.data.get("slopes", ()) if s["outcome"] is not None]
    orders = [o for leg in legs for o in leg.data.get("orders", ()) if not isinstance(o["measured"], str)]
    assert len(plots) == len(judged) + len(orders)
    description = document.text("desc")
    assert all(f"measured {s['slope']:.3f}" in description for s in judged)


def attached(document):
    """File name and content of what can be saved."""
    links = {a["download"]: a["href"] for a in document.all("a") if "download" in a}
    head = "data:application/json;base64,"
    return {name: base64.b64decode(address.removeprefix(head)).decode() for name, address in links.items()}


def test_every_certificate_is_attached_and_proved_again_by_the_command_beside_it(report, document, tmp_path, capsys):
    legs = [leg for r in report for leg in r.legs.values() if leg is not None]
    expected = [c for leg in legs for c in leg.data.get("certificates", ())]
    files = attached(document)
    together = json.loads(files.pop("certificates.json"))
    assert expected
    assert together == expected
    assert [json.loads(text) for text in files.values()] == expected
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert f"temperance certify {name}" in document.text("code")
        assert run(["certify", str(tmp_path / name)]) == 0
    assert capsys.readouterr().out.count(": proved: ") == len(expected)


def test_what_coq_has_checked_is_told_with_the_claim(report, document):
    told = [f"Of its proof Coq has checked: {result.coq}." for result in report if result.coq is not None]
    assert told
    assert all(sentence in document.text("p") for sentence in told)


def test_a_study_can_be_repeated_from_the_page(document, small):
    study = small(claim_studies.LINEAR)
    words = document.text("main")
    assert study.digest in words
    definition = {**study.definition, "digest": study.digest}
    assert any(data == to_json(definition) for data, ancestors in document.texts if "code" in ancestors)
    for package in ("Python", "numpy", "numba", "sympy", "python-flint", "temperance"):
        assert re.search(rf"{package} \d+\.\d+", words)
    assert "temperance verify C1 C2 C4 C11" in words


def hostile_report():
    claim = Claim("C1", HOSTILE, (("proof", lambda _: None), ("contact", lambda _: None)))
    data = {"checks": [{"check": HOSTILE, "outcome": HOSTILE}], HOSTILE: HOSTILE}
    legs = {"proof": Leg("inconclusive", HOSTILE * 9, data, crashed=True), "contact": None, "monte_carlo": None}
    return (Result(claim, legs),), {"outcome": HOSTILE, "detail": HOSTILE, "checks": []}


def test_text_of_users_and_errors_is_text():
    page = verification_page(*hostile_report())
    document = Document(page)
    check_structure(document)
    check_loads_nothing(document)
    assert HOSTILE in document.text("main")


def test_formulas_escape_what_they_quote():
    assert "<script>" not in mathml(r"\text{<script>alert(1)</script> &lt;b&gt;}")
    assert "<b>" not in prose(r"a <b> $x < \text{<b>}$")
    assert prose(r"beta1\_1 at 5\% \& more\^{}2") == "beta1_1 at 5% &amp; more^2"
    assert "<b>" not in group("<b>")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_have_contrast(scheme):
    rules = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", rules[scheme]))
    pairs = [(front, back) for front in ("text", "muted", "link") for back in ("page", "panel")]
    pairs += [(kind, "page") for kind in ("measured", "predicted", "published")]
    pairs += [(kind, f"{kind}-panel") for kind in ("good", "bad", "open")]
    assert {pair: c for pair in pairs if (c := contrast(*(colours[name] for name in pair))) < 4.5} == {}
