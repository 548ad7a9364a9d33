"""Fits mixtures by maximum likelihood in a declared box.

Takes data, a layout of parameters, a box and seeds; returns estimates with a named status, and for a user's data
standard errors, flat directions and warnings. Starting points do not use the truth. Start with `mle.fit`;
`estimate.fit` is the one for a user's CSV file."""
