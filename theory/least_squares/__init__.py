"""Bounds the orders of a split atom where the regression function is fitted by least squares (theory 8).

Takes a model with a Gaussian expert, whose variance plays no part, and a true point; returns the atom that
`interactions.derive` takes, whether a relation has a positive semidefinite part of order 2, and the order of every
parameter. Start with `orders.least_squares_orders`."""
