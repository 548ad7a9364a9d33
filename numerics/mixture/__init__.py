"""Represents mixing measures, and computes densities and samples.

Takes parameters of atoms as arrays with leading replicate axes, and an activation of the theory side, compiled here;
returns log densities, and samples of (x, y) fixed by a seed. Start with `measures.MixingMeasure`.
"""
