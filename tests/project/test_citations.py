"""The sections that the code and the pages cite exist in docs/theory.md, and nothing else is cited by number."""

import re
from pathlib import Path

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
THEORY = ROOT / "docs" / "theory.md"
NUMBER = r"\d+(?:\.\d+)?(?!\.?\d|\w)"
SEVERAL = rf"{NUMBER}(?:(?:,| and| to|, and) {NUMBER})*"
FOLDERS = ("theory", "numerics", "temperance", "tests", "benchmarks", "campaigns", "tools", "docs", "notebooks")
TEXTS = {
    path: path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(p for f in FOLDERS for p in (ROOT / f).rglob("*"))]
    if path.suffix in (".py", ".md", ".ipynb", ".html") and path.exists() and path != Path(__file__)
}


def sections():
    return set(re.findall(rf"^#+ ({NUMBER}) ", THEORY.read_text(encoding="utf-8"), re.MULTILINE))


def cited(text, source=r"theory\.md"):
    """The section numbers after a name of the page: theory.md 2.3, theory.md 2.3 and 2.4, theory.md, section 2.3."""
    groups = re.findall(rf"{source}(?:`?,? sections?)?\s+({SEVERAL})", text)
    return {number for group in groups for number in re.findall(NUMBER, group)}


def test_citations_are_seen():
    assert cited("(theory.md 2.2 to 2.7)") == {"2.2", "2.7"}
    assert cited("docs/theory.md, section 2.3; theory.md 4, leg 2, and theory.md 2.4, 2.6") == {
        "2.3",
        "4",
        "2.4",
        "2.6",
    }
    assert cited("by sections 2.3 and 2.5.", source=r"\bsections?") == {"2.3", "2.5"}


def test_what_is_cited_exists():
    missing = {path.name: lost for path, text in TEXTS.items() if (lost := cited(text) - sections())}
    assert missing == {}


def test_no_other_document_is_cited_by_section():
    assert [p.name for p, text in TEXTS.items() if re.search(r"\bdesign (?:sections? )?\d", text, re.IGNORECASE)] == []


def test_the_sections_that_the_page_refers_to_exist():
    assert cited(TEXTS[THEORY], source=r"\bsections?") <= sections()


def test_much_is_cited():
    found = [number for path, text in TEXTS.items() if path.suffix == ".py" for number in cited(text)]
    assert len(found) > 30
    assert {"2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "4"} <= set(found)
