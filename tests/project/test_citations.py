"""What the code and the pages cite exists in docs/theory, and nothing else is cited by number."""

import re
from pathlib import Path

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
CHAPTERS = {path.stem[0]: path for path in sorted((ROOT / "docs" / "theory").glob("[0-9A-E]-*.md"))}
NUMBER = r"(?:\d+|[A-E](?=[\s.,;:)\]]|$))(?:\.\d+){0,2}(?!\.?\d|\w)"
SEVERAL = rf"{NUMBER}(?:(?:, and|,| and| to) {NUMBER})*"
RESULT = r"(?<![\w.-])(?:[1-9]\.\d+\.\d+|[A-E]\.\d+(?:\.\d+)?)(?![\w-]|\.\d)"
FOLDERS = ("theory", "numerics", "temperance", "tests", "benchmarks", "campaigns", "tools", "docs", "notebooks")
TEXTS = {
    path: path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(p for f in FOLDERS for p in (ROOT / f).rglob("*"))]
    if path.suffix in (".py", ".md", ".v", ".ipynb", ".html") and path.exists() and path != Path(__file__)
}
OLD = r"theory\.md"


def numbers():
    """The numbers of all chapters, sections and results."""
    found = set(CHAPTERS)
    for path in CHAPTERS.values():
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"^## ([\dA-E]\.\d+) ", text, re.MULTILINE))
        found |= set(re.findall(r"^#### [A-Z]\w+ ([\dA-E]\.\d+\.\d+) \(", text, re.MULTILINE))
    return found


def cited(text, source=r"\b[Tt]heory"):
    """The numbers after the word: theory 2.3, theory 2.3.1 and 2.4, [theory D](..)."""
    groups = re.findall(rf"{source}\s+({SEVERAL})", text)
    return {number for group in groups for number in re.findall(NUMBER, group)}


def test_citations_are_seen():
    assert cited("(theory 2.2 to 2.3.4)") == {"2.2", "2.3.4"}
    assert cited("[theory D](x), and theory 9.1, leg 2; theory\n4.2.2, B.2.1") == {"D", "9.1", "4.2.2", "B.2.1"}
    assert cited("by sections 2.3 and 2.5.", source=r"\b[Ss]ections?") == {"2.3", "2.5"}
    assert cited("theory Coq, theory A is, theory Bounds 2.3, theory 1e-3") == {"A"}
    assert re.findall(RESULT, "by 4.2.2 (A.1.1, D.4), 4.75, 2.5.x, Gemma-2.1.3") == ["4.2.2", "A.1.1", "D.4"]


def test_every_chapter_begins_with_its_number():
    assert "".join(CHAPTERS) == "123456789ABCDE"
    for number, path in CHAPTERS.items():
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {number} ")
        assert {found[0] for found in re.findall(r"^#{2,4} (?:[A-Z]\w+ )?([\dA-E]\.[\d.]+)", text, re.MULTILINE)} == {
            number
        }


def test_no_number_is_given_twice():
    text = "\n".join(path.read_text(encoding="utf-8") for path in CHAPTERS.values())
    given = re.findall(r"^#{2,4} (?:[A-Z]\w+ )?([\dA-E]\.[\d.]+)", text, re.MULTILINE)
    assert len(given) == len(set(given)) > 100


def test_what_is_cited_exists():
    missing = {path.name: lost for path, text in TEXTS.items() if (lost := cited(text) - numbers())}
    assert missing == {}


def test_a_link_to_a_chapter_leads_to_the_one_that_is_cited():
    for path, text in TEXTS.items():
        for number, link in re.findall(r"\[[Tt]heory ([\dA-E])[^\]]*\]\([^)]*theory/(\w)-[^)]*\)", text):
            assert number == link, path.name


def test_nothing_cites_the_page_that_the_chapters_replaced():
    assert [path.name for path, text in TEXTS.items() if re.search(OLD, text)] == []


def test_no_other_document_is_cited_by_section():
    assert [p.name for p, text in TEXTS.items() if re.search(r"\bdesign (?:sections? )?\d", text, re.IGNORECASE)] == []


def test_the_results_and_sections_that_the_chapters_refer_to_exist():
    for path in (ROOT / "docs" / "theory").glob("*.md"):
        assert set(re.findall(RESULT, TEXTS[path])) <= numbers(), path.name
        assert cited(TEXTS[path], source=r"\b(?:[Ss]ections?|[Cc]hapters?|[Ss]upplements?)") <= numbers(), path.name


def test_much_is_cited():
    found = [number for path, text in TEXTS.items() if path.suffix == ".py" for number in cited(text)]
    assert len(found) > 30
    assert {"1.2.1", "2.1", "2.3", "3.1", "3.2", "3.3", "4.1.1", "4.2.2", "5.1.1", "9"} <= set(found)


def test_the_table_of_claims_cites_what_exists():
    rows = re.findall(r"^\| (C\d+\w?) [^|]*\| ([^|]*) \|", TEXTS[CHAPTERS["9"]], re.MULTILINE)
    assert len(rows) == 19
    for claim, cell in rows:
        found = set(re.findall(NUMBER, cell))
        assert found, claim
        assert found <= numbers(), claim
