"""Proves certificates of sample sizes again; beside theory/checker it imports nothing else of the project.

In goes a certificate as decoded JSON, `temperance-sample-size/3`. The Fisher information is computed in balls, from the
formula of the gate on. Out comes nothing where n is shown to lie in the interval, and `Rejected` with the reason
otherwise.
"""
