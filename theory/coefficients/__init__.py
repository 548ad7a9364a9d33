"""Bounds the learning coefficient lambda of a mixture that is fitted with more atoms than the truth has.

Takes a `MoESpec` and the numbers of true and fitted atoms; returns a `bounds.Coefficient`: an interval for lambda,
its multiplicity, the stratum that attains it and the theorem (theory 6.2). Start with `bounds.coefficient`.
"""
