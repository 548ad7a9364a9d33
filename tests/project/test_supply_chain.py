"""What temperance is built from: pinned to versions, all of it needed, under known licences."""

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from licences import closure, direct, installed_as_pinned, licence, locked, table  # noqa: E402
from lowest import lowest  # noqa: E402

PINNED = [group for group in direct() if group != "interop"]
pinned = pytest.mark.skipif(not installed_as_pinned(), reason="other versions than the pinned ones are installed")


def test_the_lock_holds_sorted_pins_and_no_addresses(tmp_path):
    names = list(locked())
    assert len(names) > 50
    assert names == sorted(names)
    for line in ("numpy", "numpy>=2", "numpy @ file:///numpy.whl", "-e .", ""):
        other = tmp_path / "requirements.lock"
        other.write_text(f"scipy==1.17.1\n{line}\n")
        with pytest.raises(ValueError, match="name==version is needed"):
            locked(other)


@pytest.mark.parametrize("group", PINNED)
def test_pins_are_in_the_ranges_of_the_project(group):
    pins = locked()
    for text in direct()[group]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


@pinned
def test_what_is_needed_is_pinned_and_what_is_pinned_is_needed():
    needed = set().union(*(closure(direct()[group]) for group in PINNED))
    assert needed == set(locked())


@pinned
def test_the_licences_are_listed_as_the_packages_declare_them():
    assert (ROOT / "LICENSES.md").read_text() == table(), "run `make licences`"
    assert all(row.split("|")[3].strip() for row in table().splitlines()[8:])


def test_a_licence_is_read_from_an_expression_a_field_or_classifiers():
    class Package:
        def __init__(self, text):
            from email import message_from_string

            self.metadata = message_from_string(text)

    many = "Classifier: License :: OSI Approved :: BSD License\nClassifier: License :: Public Domain\n"
    assert licence(Package("License-Expression: MIT\nLicense: other\n" + many)) == "MIT"
    assert licence(Package("License: ISC licence\n" + many)) == "ISC licence"
    assert licence(Package("License: UNKNOWN\n" + many)) == "BSD License; Public Domain"
    assert licence(Package("License: Copyright\n  of somebody\n" + many)) == "BSD License; Public Domain"
    assert licence(Package("Name: nothing\n")) == ""


def test_the_lowest_versions_are_those_of_the_project(tmp_path):
    assert len(lowest([])) == len(direct()["run"])
    assert len(lowest(["test"])) == len(direct()["run"]) + len(direct()["test"])
    project = tmp_path / "pyproject.toml"
    start = "[project]\ndependencies = {}\n[project.optional-dependencies]\nplots = ['c[py]>=0.1']\n"
    project.write_text(start.format("['a>=1.2', 'b-c>=3,<4']"))
    assert lowest([], project) == ["a==1.2", "b-c==3"]
    assert lowest(["plots"], project) == ["a==1.2", "b-c==3", "c[py]==0.1"]
    with pytest.raises(ValueError, match="unknown extras docs; accepted: plots"):
        lowest(["docs"], project)
    project.write_text(start.format("['a']"))
    with pytest.raises(ValueError, match="'a' has no lower bound"):
        lowest([], project)
