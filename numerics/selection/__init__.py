"""Chooses the number of experts of a user's data.

In: data and a model. Out: fits of one to K experts, the criteria of each, how alike experts are, and what speaks
against the model. Start reading at `sizes`.
"""
