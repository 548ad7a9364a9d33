import doctest

import pytest

from temperance.notebooks import table
from temperance.notebooks.table import Table


def test_the_example_of_the_module():
    found = doctest.testmod(table)
    assert (found.attempted, found.failed) == (2, 0)


def test_markdown_keeps_bars_inside_cells():
    shown = Table(("a|b", "$|x|$"), [("`|y|`", 0.123456), (None, True), (3, False)])._repr_markdown_()
    assert shown.splitlines() == [
        r"| a\|b | $\vert x\vert $ |",
        "| --- | --- |",
        r"| `\|y\|` | 0.1235 |",
        "| - | yes |",
        "| 3 | no |",
    ]


def test_a_row_must_fit_the_columns():
    with pytest.raises(ValueError, match="a row of 2 columns is needed"):
        Table(("a", "b"), [(1, 2, 3)])
