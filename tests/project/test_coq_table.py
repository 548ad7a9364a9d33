"""The table of claims in Coq names theorems that stand in its files, and a row for every claim that has a part."""

import re
from pathlib import Path

from temperance.claims.verify import IN_COQ
from temperance.theory.coq.files import FILES, library

PAGE = (Path(__file__).parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (C\d+) \| (.*) \| (.*) \|$", PAGE.split("## What Coq has checked")[1], re.MULTILINE)


def test_every_claim_with_a_part_in_coq_has_a_row():
    assert [claim for claim, _, _ in ROWS] == list(IN_COQ)
    without = re.search(r"^(.*) have no part in Coq\.$", PAGE, re.MULTILINE)[1]
    assert not {*re.findall(r"C\d+", without)} & {*IN_COQ}


def test_the_theorems_that_are_named_are_in_the_files():
    named = {tuple(name.split(".")) for _, theorems, _ in ROWS for name in re.findall(r"`(\w+\.\w+)`", theorems)}
    stated = {(file, name) for file in FILES for name in re.findall(r"^Theorem (\w+)", library(file), re.MULTILINE)}
    assert len(named) > 10
    assert named <= stated
