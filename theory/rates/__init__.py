"""Predicts the exponents of the errors of fitted parameters (theory 4.2).

Takes a gate, the numbers of true and fitted atoms, a gauge and a true point or none; returns for every parameter and
cell size a sharp and a published exponent, each with its reason, or none where no theorem covers it. Start with
`predict.predict`."""
