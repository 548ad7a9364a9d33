"""Proves certificates again, and imports nothing else of the project.

In goes a certificate of the format `temperance-proof/1` as decoded JSON. Out comes, from `check.check`, what it proves
as data: the place, the claims there, and what they take for granted; or `Rejected` with the reason. Start at
`check.py`; docs/certificates.md explains every rule.
"""
