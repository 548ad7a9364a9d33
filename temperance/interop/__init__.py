"""Makes activations of torch and jax callables, and a scikit-learn estimator of the fit.

Takes a callable of one number and traces it to an expression, which is compared with the callable before it is used;
an operation without a formula is refused by name. No library is imported before it is needed. Start with `callables`;
`regressor` holds `MoERegressor`."""
