"""Fits mixtures by maximum likelihood in a declared box, given as layouts of parameters or as formulas.

Takes data, a model, a box and seeds; returns the best of several starts with a named status. Starting points do not use
the truth, but near a true mixture, where the box numbers the atoms. Start with `search.search`, then `fits`; with
`families.Family` for mixtures of any gate near a truth.
"""
