import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from temperance.numerics.studies.run import open_store

DIGEST = "0" * 64


def outcome(replicate):
    rng = np.random.default_rng(replicate)
    theta = rng.normal(size=(3, 5)) * 10.0 ** rng.integers(-300, 300, size=(3, 5))
    theta[0, 0], theta[1, 1] = -0.0, np.nan
    return theta, ["converged", "spike", "at_bound"], [1, 2, replicate], [0.0, 1e-9, rng.exponential()]


def opened(path, name="study", digest=DIGEST):
    return open_store(path, name, digest, {"name": name})


def stored(path):
    with opened(path) as store:
        return store.outcomes()


def check_outcomes(found, replicates):
    assert sorted(found) == sorted(replicates)
    for replicate in replicates:
        theta, *rest = outcome(replicate)
        assert found[replicate][0].tobytes() == theta.tobytes()
        assert found[replicate][1:] == (*rest,)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "study.sqlite"
    with opened(path) as store:
        for replicate in (5, 0, 3):
            store.add(replicate, outcome(replicate))
    return path


def test_outcomes_come_back_bit_for_bit(path):
    check_outcomes(stored(path), (0, 3, 5))


def test_a_stored_outcome_stays_and_another_one_in_its_place_is_refused(path):
    """Two processes may run the same replicate, but not with other results: their versions differ then."""
    with opened(path) as store:
        store.add(3, outcome(3))
        for other in ((outcome(4)[0], *outcome(3)[1:]), (*outcome(3)[:2], [1, 2, 4], outcome(3)[3]), outcome(5)):
            with pytest.raises(ValueError, match="replicate 3 was stored with another outcome meanwhile"):
                store.add(3, other)
        store.add(4, outcome(4))
    check_outcomes(stored(path), (0, 3, 4, 5))


def test_a_file_holds_several_studies_apart(path):
    with opened(path, "other", "1" * 64) as store:
        assert store.outcomes() == {}
        store.add(1, outcome(1))
        check_outcomes(store.outcomes(), (1,))
    check_outcomes(stored(path), (0, 3, 5))


def check_refused(path, message, before, **arguments):
    """One line that names the file; the file is as it was."""
    with pytest.raises(ValueError, match=message) as refusal, opened(path, **arguments):
        pass
    assert "\n" not in str(refusal.value)
    assert repr(str(path)) in str(refusal.value)
    assert path.read_bytes() == before


def test_another_definition_of_the_name_is_refused(path):
    check_refused(path, "another definition of the study 'study'", path.read_bytes(), digest="1" * 64)
    check_outcomes(stored(path), (0, 3, 5))


@pytest.mark.parametrize("content", [b"beta1,tau\n1,2\n" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
def test_files_of_another_kind_are_refused(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    check_refused(path, "cannot be used", content)


def test_databases_of_others_are_refused(tmp_path):
    path = tmp_path / "mail.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE studies (digest, name, definition)")
    connection.commit()
    connection.close()
    check_refused(path, "not a store of rate studies", path.read_bytes())


def test_truncated_stores_are_refused(path):
    whole = path.read_bytes()
    for length in (len(whole) - 4096, 100):
        path.write_bytes(whole[:length])
        check_refused(path, "cannot be used|damaged", whole[:length])


def test_no_damaged_byte_changes_an_outcome(path):
    """Refused with the file as it was, or harmless: what comes back is what was stored."""
    whole, refused = path.read_bytes(), 0
    positions = np.random.default_rng(0).integers(len(whole), size=100)
    used = [i for i in positions if whole[i]]  # most of the file is empty
    for position in used:
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            found = stored(path)
        except ValueError:
            refused += 1
        else:
            assert set(found) <= {0, 3, 5}
            check_outcomes(found, found)
    assert refused > len(used) / 2


def test_damage_to_any_copy_of_the_digest_is_refused(path):
    """In the tables and in their indices, so that no replicate is lost from sight."""
    whole = path.read_bytes()
    positions = [match.start() for match in re.finditer(DIGEST.encode(), whole)]
    assert len(positions) == 2 * (1 + 3)
    for position in positions:
        path.write_bytes(whole[:position] + b"1" + whole[position + 1 :])
        check_refused(path, "damaged|another definition|cannot be used", path.read_bytes())


def altered(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("change", ["agree = '[1, 2, 4]'", "theta = 7", "status = x'00'"])
def test_a_changed_value_is_found_out(path, change):
    altered(path, f"UPDATE replicates SET {change} WHERE replicate = 3")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="replicate 3 does not match its checksum"):
        stored(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM replicates").fetchone() == (3,)
    connection.close()
    assert len(path.read_bytes()) == len(before)


@pytest.fixture
def full_disk(monkeypatch):
    """Databases that may not grow beyond 12 pages: SQLite's own error for a full disk."""
    connect = sqlite3.connect

    def limited(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 12")
        return connection

    monkeypatch.setattr("temperance.numerics.studies.run.sqlite3.connect", limited)
    return monkeypatch


def test_a_full_disk_is_named_and_what_was_added_is_kept(tmp_path, full_disk):
    path, added = tmp_path / "study.sqlite", []

    def fill(store):
        for replicate in range(1000):
            store.add(replicate, outcome(replicate))
            added.append(replicate)

    with opened(path) as store:
        with pytest.raises(ValueError, match=r"written \(database or disk is full\); what it holds is kept"):
            fill(store)
        check_outcomes(store.outcomes(), added)
    assert added
    full_disk.undo()
    with opened(path) as store:
        store.add(1000, outcome(1000))
    check_outcomes(stored(path), [*added, 1000])


def test_a_locked_store_is_refused(path, monkeypatch):
    monkeypatch.setattr("temperance.numerics.studies.run._PATIENCE", 0.01)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    check_refused(path, "locked", path.read_bytes())
    connection.close()
    check_outcomes(stored(path), (0, 3, 5))


AS_NOBODY = """
import os, sys
from temperance.numerics.studies.run import open_store
if os.getuid() == 0:
    os.setuid(65534)  # root may write to read-only files
for place in sys.argv[1:]:
    try:
        with open_store(place, "study", "0" * 64, {"name": "study"}):
            print("opened")
    except ValueError as refusal:
        print(refusal)
"""


def test_read_only_stores_are_refused(path):
    """A file or a folder that may not be written; the first may."""
    before = path.read_bytes()
    with tempfile.TemporaryDirectory() as whole:
        Path(whole).chmod(0o777)
        places = [Path(whole) / name / "study.sqlite" for name in ("writable", "file", "folder")]
        for place, file_mode, folder_mode in zip(places, (0o666, 0o444, 0o666), (0o777, 0o777, 0o555), strict=True):
            place.parent.mkdir()
            place.write_bytes(before)
            place.chmod(file_mode)
            place.parent.chmod(folder_mode)
        try:
            run = subprocess.run([sys.executable, "-c", AS_NOBODY, *places], capture_output=True, text=True, check=True)
            assert [place.read_bytes() == before for place in places[1:]] == [True, True]
        finally:
            for place in places:
                place.parent.chmod(stat.S_IRWXU)
    opened, *refused = run.stdout.splitlines()
    assert opened == "opened"
    refusal = r"store '.*' cannot be used \(.*\); it must be a writable store .*"
    assert [bool(re.fullmatch(refusal, line)) for line in refused] == [True, True]


WRITER = """
import sys
from test_store import opened, outcome
with opened(sys.argv[1]) as store:
    for replicate in range(len(store.outcomes()), 10**6):
        store.add(replicate, outcome(replicate))
        print(replicate, flush=True)
"""


def test_kill_minus_nine_loses_nothing_that_was_added(tmp_path):
    path, rng, kept = tmp_path / "study.sqlite", np.random.default_rng(0), 0
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
            writer.stdout.readline()
            time.sleep(rng.uniform(0, 0.1))
            writer.kill()
            added = [int(line) for line in writer.stdout if line.endswith("\n")]
        found = stored(path)
        assert len(found) > max([kept, *added])
        check_outcomes(found, range(len(found)))
        kept = len(found)
