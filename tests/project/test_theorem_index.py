"""The index of theorems names every section that states one."""

import re
from pathlib import Path

THEORY = (Path(__file__).parents[2] / "docs" / "theory.md").read_text(encoding="utf-8")
INDEX, BODY = THEORY.split("## Index of theorems\n")[1].split("## 1 The model\n")


def test_every_section_that_states_a_theorem_is_in_the_index():
    listed = set(re.findall(r"^\| ([\d.]+) \|", INDEX, re.MULTILINE))
    section, stated = "1", set()
    for line in BODY.splitlines():
        if heading := re.match(r"#+ ([\d.]+) ", line):
            section = heading[1]
        if re.search(r"\*{1,2}(Theorem|Proposition|Uniform lemma|Fact 1)\b", line):
            stated.add(section)
    assert stated
    assert stated <= listed


def test_every_line_says_what_checks_it_and_who_uses_it():
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in INDEX.splitlines() if row.startswith("| ")]
    assert all(len(row) == 5 and all(row) for row in rows)
