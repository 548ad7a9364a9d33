"""Proves certificates again, and imports nothing else of the project.

In goes a certificate as decoded JSON: of a verdict on an activation, or of contact orders of a cell.
Out comes nothing where its statement is proved from the expressions in it, and `Rejected` with the reason otherwise.
"""
