"""Handles mixtures whose gate and expert are given as formulas: densities and maximum likelihood.

Takes a model, or a setting (`theory.models.truth`); returns densities on a grid, their gradients, and fits with the
likelihood of `numerics.likelihood.generated`. Start with `split_mixtures.Family`; with `fit_general.fit_general` where
there are data and no truth."""
