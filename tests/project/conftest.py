"""Asks a checkout only: in a source distribution the rooms are folders of temperance, not beside it."""

from pathlib import Path

collect_ignore_glob = [] if (Path(__file__).parents[2] / "theory").is_dir() else ["test_*.py"]
