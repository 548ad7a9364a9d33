"""Fits mixtures by maximum likelihood in a declared box.

Takes data, a layout of parameters, a box and seeds; returns the best of several starts with a named status. Starting
points do not use the truth. Start with `search.search`.
"""
