"""Measures learning coefficients: the volume of mixtures near a true one, by nested sampling (theory.md 2.13).

Takes the sizes of cells; returns log volumes over log distances, and the slope that a coefficient predicts. Start with
`volume_study`; `hellinger` computes distances in local coordinates, and `nested` samples."""
