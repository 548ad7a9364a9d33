"""The index of theorems names every result of the chapters, links to it, and no result lacks a proof or a reason."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "theory"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8").split("## Index of theorems\n")[1]
HEADING = re.compile(r"^#### ((?:Theorem|Lemma|Proposition|Corollary) ([\dA-E]\.\d+\.\d+) \((.+)\))$", re.MULTILINE)
CHAPTERS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("[0-9A-E]-*.md")}
RESULTS = {
    number: (name, heading, title)
    for name, text in CHAPTERS.items()
    for heading, number, title in HEADING.findall(text)
}
ROWS = [[cell.strip() for cell in row.split("|")[1:-1]] for row in INDEX.splitlines() if row.startswith("| ")][1:]


def anchor(heading):
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()))


def test_the_index_names_every_result_and_no_other():
    assert [re.match(r"\[([\dA-E.]+)\]", row[0])[1] for row in ROWS] == sorted(
        RESULTS, key=lambda n: [int(p, 16) for p in n.split(".")]
    )


def test_every_line_links_to_its_result_and_has_its_title():
    for row in ROWS:
        number, link = re.fullmatch(r"\[(.+)\]\((.+)\)", row[0]).groups()
        name, heading, title = RESULTS[number]
        assert link == f"{name}#{anchor(heading)}"
        assert "--" not in link, "GitHub and mkdocs would name this anchor differently"
        assert row[1] == title


def test_every_line_says_what_checks_it_and_who_uses_it():
    assert all(len(row) == 5 and all(row) for row in ROWS)


def test_every_theorem_of_the_chapters_is_numbered():
    for name, text in CHAPTERS.items():
        headings = re.findall(r"^#### (.*)$", text, re.MULTILINE)
        assert headings == [heading for heading, _, _ in HEADING.findall(text)], name
        assert re.findall(r"\*(?:Theorem|Lemma|Proposition|Corollary)\b(?! [\dA-E]\.)", text) == [], name
