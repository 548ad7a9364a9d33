"""Makes activations of torch and jax callables, audits torch routers, and gives the fit as a scikit-learn estimator.

Takes a callable of one number and traces it to an expression, or a router and finds its gate; what was traced is
compared with the callable before it is used, and what has no formula is refused by name. No library is imported before
it is needed. Start with `callables` and `audit`; `regressor` holds `MoERegressor`."""
