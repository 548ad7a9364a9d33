"""Represents mixing measures, and computes densities and samples.

Takes parameters of atoms as arrays with leading replicate axes, and an activation of the theory side, compiled here;
returns log densities with score and Hessian by hand, and samples of (x, y) fixed by a seed: the plain
version against which the compiled kernels are tested. Start with `measures.MixingMeasure`."""
