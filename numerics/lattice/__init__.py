"""The lattice experiment: x on finitely many points, y on multiples of a step, samples as tables of counts.

In goes a true mixture with the box of its fits; out come the probabilities of the cells and counts for nested sample
sizes up to 10^15. Proofs by balls say that every measure of the box is normalised on the lattice, and that the
derivatives of the atoms have no relation there that they do not have everywhere.
"""
