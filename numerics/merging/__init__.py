"""Merges atoms of a fitted mixture by conditional moments, for any gate and Gaussian expert (theory 4.4.1).

In: a mixture, a design of x, and which atoms go together. Out: the merged mixture, with what the projection leaves,
and how unlike the experts are that merge. Start reading at `merge`.
"""
