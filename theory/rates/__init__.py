"""Predicts the exponents of the errors of fitted parameters (theory.md 2.6, 2.7).

Takes a gate, the numbers of true and fitted atoms, a gauge and a true point or none; returns for every parameter and
cell size a sharp and a published exponent, each with its reason, or none where no theorem covers it. The solvability
order and its proof (Gauss-Hermite below, sign changes above) are in `solvability`. Start with `predict.predict`."""
