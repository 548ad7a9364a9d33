"""Answers how many experts the data come from: what is printed, its words and its picture.

In: the fits of `numerics/selection`. Out: an `Answer`. Start reading at `experts`.
"""
