"""Proves upper bounds of the contact orders of a cell of atoms (theory.md 2.8).

Takes a model at a true point; returns the reduced equations of its cell, the orders that they imply, and certificates
for the checker. Linear programs over the rationals bound the orders along every curve. Start with
`upper_bounds.upper_orders`, of two atoms and d = 1; then `split_cell`, `reduced_equations` and `tropical` in this
order. `moment_bounds`: of any number of atoms in any dimension, from equations in moments."""
