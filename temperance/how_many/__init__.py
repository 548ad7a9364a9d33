"""Answers questions about the number of experts: what is printed, its words and its pictures.

Takes data, or a model; returns an `Answer`. `experts`: how many experts the data come from (the fits of
`numerics/selection`). `coefficient`: what an extra expert costs (`theory/coefficients`). Start with `experts`."""
