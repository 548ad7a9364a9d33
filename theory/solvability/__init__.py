"""Proves the solvability order r_bar(m) = 2m of the polynomial system behind over-specified cells (theory.md 2.6).

Takes the number m of atoms in a cell; returns the order and its proof: an exact solution at 2m - 1 (Gauss-Hermite),
none at 2m (by a count of sign changes). Start with `solvability.solvability`."""
