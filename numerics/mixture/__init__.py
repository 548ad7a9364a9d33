"""Represents mixtures, and computes their densities, samples and likelihoods.

Takes parameters of atoms as arrays, with an activation of the theory side or formulas of a gate and an expert; returns
log densities, samples of (x, y) fixed by a seed, and the log-likelihood with its gradient and Hessian, by NumPy or in
machine code: kernels are compiled for given formulas and numbers of atoms, and kept on disk. Start with
`measures.MixingMeasure`, then `likelihood.likelihood`; with `likelihood.evaluate` for the coordinates of linear,
softmax and activation gates with linear experts.
"""
