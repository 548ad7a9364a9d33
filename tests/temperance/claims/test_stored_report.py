"""`temperance verify --from`: a report read back is shown as it was, and nothing is run."""

import json

import pytest

from temperance.claims.page import IN_WORDS
from temperance.claims.table import CLAIMS
from temperance.claims.verify import read_report
from temperance.commands.app import run


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("reports") / "report.json"
    assert run(["verify", "C1", "C11", "-o", str(path)]) == 0
    return path


@pytest.fixture
def nothing_runs(monkeypatch):
    monkeypatch.setattr("temperance.claims.verify.run_claim", lambda *_: pytest.fail("a claim is run"))


@pytest.mark.usefixtures("nothing_runs")
def test_a_report_is_printed_and_made_a_page_without_running(stored, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    page = tmp_path / "report.html"
    assert run(["verify", "--from", str(stored), "-o", str(page)]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0] == "proved: C1; confirmed: C11"
    assert "C1 relations of the linear gate's derivatives yes, Coq - - proved" in " ".join(told.split())
    assert {claim.id for claim in CLAIMS} <= set(IN_WORDS)
    assert told.splitlines()[1] == f"read from {str(stored)!r}: nothing was run"
    text = page.read_text(encoding="utf-8")
    assert 'id="C11-contact"' in text
    assert "nothing was run again" in text
    assert run(["verify", "--from", str(stored), "--json"]) == 0
    assert capsys.readouterr().out == stored.read_text(encoding="utf-8")
    assert run(["verify", "C1", "--from", str(stored)]) == 0
    assert "C11" not in capsys.readouterr().out


@pytest.mark.usefixtures("nothing_runs")
def test_the_outcome_follows_from_the_legs(stored, tmp_path, capsys):
    report = json.loads(stored.read_text(encoding="utf-8"))
    report["claims"][0]["legs"]["proof"].update(outcome="contradicted", detail="a counterexample")
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert read_report(str(path))[0].outcome == "contradicted"
    assert run(["verify", "--from", str(path)]) == 1
    assert "C1 is contradicted: proof: a counterexample" in capsys.readouterr().err
    report["claims"][0]["legs"]["proof"] = None
    path.write_text(json.dumps(report), encoding="utf-8")
    assert run(["verify", "--from", str(path)]) == 0
    assert capsys.readouterr().err == "C1 is inconclusive: proof: did not run\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is no report (a part of it has another form); accepted: "),
        ("{}", "is no report (it has no 'claims'); accepted: "),
        ("{", "is not JSON"),
        ('{"claims": [{"id": "C1", "statement": "", "legs": {}}], "published": null}', "is no report"),
        ('{"claims": [{"id": "C0"}], "published": null}', "unknown claim 'C0'"),
        ('{"claims": [{"id": "C14"}]}', "the claim 'C14' of an earlier report is of several parts now; run it again"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, refused, text, message):
    path = tmp_path / "report.json"
    path.write_text(text)
    refused(["verify", "--from", str(path)], message)


def test_options_of_a_run_do_not_go_with_a_report(stored, refused):
    refused(["verify", "--from", str(stored), "--workers", "2"])
    refused(["verify", "C9", "--from", str(stored)])
