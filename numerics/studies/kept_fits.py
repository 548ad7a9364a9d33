"""Keeps the fits of the claims' studies, in numerics/studies/data/study_fits.npz, by the digests of their definitions.

``python -m temperance.numerics.studies.kept_fits STORE FILE`` writes the file from a store that `temperance verify
--store STORE` has filled, and prints its digest. Every number is kept whole.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.studies.claim_studies import CONSTANTS, MERGED, STUDIES, VARIANCE
from temperance.numerics.studies.results import STATUSES
from temperance.numerics.studies.store import Outcome, StoreError, open_store
from temperance.numerics.studies.study import Study

_ALL = (*STUDIES, CONSTANTS, *VARIANCE, *(study for study, _ in MERGED))
EVERY: tuple[Study, ...] = tuple({study.digest: study for study in _ALL}.values())
"""The studies that are kept."""


DIGEST = "30cfc2e5b45623e7e3a1d3c8665a7f9a5ca94510e4ea00190bb14848c87e52a6"
"""SHA-256 of the file."""


@cache
def _arrays() -> Mapping[str, NDArray[Any]]:
    path = files("temperance.numerics.studies") / "data" / "study_fits.npz"
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != DIGEST:
        raise StoreError(f"the stored fits are not those that were kept: restore {path}, or fit all with --full")
    with np.load(BytesIO(data)) as found:
        return {name: found[name] for name in found.files}


def kept_fits(study: Study) -> dict[int, Outcome] | None:
    """The outcome of every replicate of a study; None where nothing is kept of its definition.

    Raises ValueError where the file was altered.
    """
    arrays, names = _arrays(), [f"{study.digest}/{part}" for part in ("theta", "status", "agree")]
    if names[0] not in arrays:
        return None
    theta, status, agree = (arrays[name] for name in names)
    words = np.array(STATUSES)[status]
    return {r: (theta[r], words[r].tolist(), agree[r].tolist()) for r in range(study.replicates)}


def packed(outcomes: Mapping[str, Mapping[int, Outcome]]) -> bytes:
    """The file of the outcomes of studies, by digest and replicate."""
    arrays: dict[str, NDArray[Any]] = {}
    for digest, found in outcomes.items():
        theta, status, agree = zip(*(found[r] for r in range(len(found))), strict=True)
        arrays[f"{digest}/theta"] = np.stack(theta)
        arrays[f"{digest}/status"] = np.array([[STATUSES.index(word) for word in row] for row in status], np.int8)
        arrays[f"{digest}/agree"] = np.array(agree, np.int8)
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def main(arguments: Sequence[str]) -> None:
    """Write a file from a store and print its digest. Raises ValueError where the store lacks a replicate."""
    store, path = arguments
    found = {}
    for study in EVERY:
        with open_store(store, study.name, study.digest, study.definition) as opened:
            found[study.digest] = opened.outcomes()
        if len(found[study.digest]) < study.replicates:
            raise ValueError(f"{store!r} does not have all replicates of {study.name!r}")
    data = packed(found)
    Path(path).write_bytes(data)
    print(hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main(sys.argv[1:])
