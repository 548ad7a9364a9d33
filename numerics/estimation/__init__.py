"""Turns a maximum-likelihood fit into an answer about a user's data, and chooses the number of experts.

Takes the columns of a CSV file or arrays; returns estimates in the data's units, with standard errors, what theory and
data leave undetermined, and warnings in words; atoms merged by conditional moments (theory 4.4.1); fits of one to K
experts with the criteria of each. Start with `fit.fit`, then `merge.merge` and `sizes.sizes`.
"""
