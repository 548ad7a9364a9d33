"""Turns a maximum-likelihood fit into an answer about a user's data.

Takes the columns of a CSV file or arrays; returns estimates in the data's units, with standard errors, what theory and
data leave undetermined, and warnings in words. Start with `fit.fit`.
"""
