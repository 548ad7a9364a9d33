"""Fisher information of one observation, and what follows from it: sample sizes, laws of tau, bounds.

In goes a true mixture with a compiled activation (s and s' are all that is needed), or a truth of any gate and expert;
out come variances per observation, the price of the temperature, the floor below which no activation goes, the best
temperature and laws of n. Start with `fisher.information`; with `parameters.told` for any gate.
"""
