"""The report that pages are made of."""

from dataclasses import replace

import pytest

from temperance.claims import c01_c06_c10_symmetries
from temperance.claims.verify import verify_claims
from temperance.numerics.studies import claim_studies


@pytest.fixture(scope="package")
def small():
    """Makes a study a small one."""
    return lambda s: replace(s, name=f"{s.name}, small", sizes=(300, 700, 1500), replicates=12, seed=101)


@pytest.fixture(scope="package")
def report(small):
    """The verification of some claims, with small studies."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LINEAR", "CONSTANTS"):
            patch.setattr(c01_c06_c10_symmetries, name, small(getattr(claim_studies, name)))
        return verify_claims(["C1", "C2", "C4", "C11"])
