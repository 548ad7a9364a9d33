"""Makes activations of torch and jax callables, and has the fit as a scikit-learn estimator.

Takes a callable of one number and traces it to an expression; what was traced is compared with the callable before it
is used, and what has no formula is refused by name. No library is imported before it is needed. Start with
`callables`; `regressor` holds `MoERegressor`."""
