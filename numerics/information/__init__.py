"""Fisher information of one observation, and what follows from it: sample sizes, laws of tau, designs of x, proofs.

In goes a true mixture with a compiled activation (s and s' are all that is needed); out come variances per observation,
the price of the temperature, the floor below which no activation goes, the best temperature, optimal designs, and upper
bounds by balls. Start with `fisher.information`.
"""
