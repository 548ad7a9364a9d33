"""Tables of truth: JSON in the folder data/ beside the tests, a file for each file of tests, by the names of tables."""

import json
from pathlib import Path


def tables(test):
    """Those of a file test_NAME.py, of data/NAME.json; a text between rows says why the row below it is there."""
    path = Path(test)
    file = path.parent / "data" / f"{path.stem.removeprefix('test_')}.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: [row for row in rows if not isinstance(row, str)] if isinstance(rows, list) else rows
        for name, rows in found.items()
    }
