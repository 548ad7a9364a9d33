"""The atlas from both sides: certificates of every entry, written to files and proved again."""

import json
from pathlib import Path

import pytest

import temperance
from temperance.commands.app import run


def proved_exactly(folder):
    """How many orders are exact or flat by the certificates in each file of a folder alone."""
    answer = temperance.certify(*map(str, sorted(Path(folder).iterdir())))
    assert answer.accepted
    titles = {
        (proof.file, title)
        for proof in answer.proofs
        for title, order in (proof.orders or {}).items()
        if order == "flat" or order.startswith("exactly ")
    }
    return len(titles)


def both(found):
    """How many orders are known exactly, and how many of them by certificates from both sides."""
    orders = [order for _, order in found.found.every]
    return sum(o.exact for o in orders), sum(o.both for o in orders)


@pytest.mark.slow
def test_orders_of_the_softmax_gate_are_proved_from_both_sides(tmp_path, output):
    found = temperance.atlas(gate="softmax", dim=1, certificates=str(tmp_path))
    exact, certified = both(found)
    assert certified == exact >= 80
    assert proved_exactly(tmp_path) == certified
    (entry,) = [e for e in found.to_json()["entries"] if (e["expert"], e["cell"]) == ("gaussian", "two")]
    assert {order["sides"] for order in entry["orders"]} == {"both"}
    assert entry["assumes"] == []
    assert "certificates of bounds take for granted: no theorem" in str(found)
    file = tmp_path / "softmax-gaussian-two.json"
    assert {c["proof"]["kind"] for c in json.loads(file.read_text())} == {"moments", "curve"}
    assert "exactly 4/3: mean a" in output("certify", str(file))


def test_a_folder_is_made_where_there_is_none(tmp_path, capsys, refused):
    folder = tmp_path / "no" / "such"
    options = ["atlas", "--gate", "softmax", "--cell", "exact", "--dim", "1"]
    assert run([*options, "--certificates", str(folder)]) == 0
    assert (folder / "softmax-gaussian-exact.json").exists()
    capsys.readouterr()
    taken = str(folder / "softmax-gaussian-exact.json")
    for wrong in (taken, f"{taken}/below"):
        refused([*options, "--certificates", wrong], "cannot make the folder")


@pytest.mark.parametrize("gate", ["laplace", "relu"])
def test_a_missing_certificate_is_named_by_its_kind(gate):
    chosen = {"gate": "laplace"} if gate == "laplace" else {"gate": "activation", "activation": gate}
    orders = temperance.exponents(**chosen, bounds_only=True)
    assert {c["proof"]["kind"] for c in orders.certificates()} >= {"theorems", "curve"}
    found = temperance.atlas(gate=gate, cell="two", dim=1)
    (entry,) = found.to_json()["entries"]
    for said in (str(orders), str(found), " ".join(entry["reasons"]), " ".join(orders.to_json()["reasons"])):
        assert "no certificate by equations: the equations cannot be set up (a log weight with kinks" in said
        assert "no certificate: " not in said


@pytest.mark.full
def test_nine_tenths_of_the_exact_orders_are_proved_from_both_sides(tmp_path):
    exact, certified = both(temperance.atlas(certificates=str(tmp_path)))
    assert exact == 2011
    assert certified >= 0.95 * exact
    assert proved_exactly(tmp_path) >= 0.88 * exact  # a flat beta1 and an exact beta1/tau share a title
