"""Handles mixtures whose gate and expert are given as formulas: densities and maximum likelihood.

Takes a setting (`theory.settings.truth`), whose log weight and mean are compiled; returns densities
on a grid, gradients and fits. It is slower than `numerics.likelihood`. Start with `split_mixtures.Family`."""
