"""Has Coq check the parts of the claims that are theorems, and keeps the digests of what it accepts, for `verify`.

    .venv/bin/python tools/coq_results.py

Writes temperance/claims/data/coq_results.json, and nothing where a file is refused or rests on another axiom.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from temperance.claims.verify import IN_COQ, RESULTS, coq_files, digest
from temperance.theory.coq.files import FILES

TARGET = Path(__file__).parents[1] / "temperance" / "claims" / RESULTS
AXIOMS = {
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
}


def coqc(folder: str, name: str) -> str:
    """What Coq prints of a file that it accepts; ends the program otherwise."""
    command = ["coqc", "-Q", ".", "Temperance", f"{name}.v"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    found = set(re.findall(r"^(\S+)(?= :|$)", done.stdout.partition("Axioms:\n")[2], flags=re.MULTILINE))
    if not found <= AXIOMS:
        sys.exit(f"{name} rests on {', '.join(sorted(found - AXIOMS))}")
    return done.stdout


def main() -> None:
    """Check the library once, then the file of every part that has one."""
    digests = {}
    with tempfile.TemporaryDirectory() as folder:
        for claim, part in IN_COQ.items():
            found = coq_files(part)
            for name, text in found.items():
                (Path(folder) / f"{name}.v").write_text(text, encoding="utf-8")
                if (not digests and name in FILES) or name not in FILES:
                    coqc(folder, name)
            digests[claim] = digest(found)
    version = subprocess.run(["coqc", "--version"], capture_output=True, text=True, check=True).stdout
    kept = {"coq": re.search(r"version (\S+)", version)[1], "axioms": sorted(AXIOMS), "digests": digests}
    TARGET.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
