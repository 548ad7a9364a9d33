"""Computes the log-likelihood, its gradient and its Hessian, compiled.

Takes data and parameters of a mixture; returns the same numbers as `numerics.mixture.density`, faster. Kernels are
compiled for given numbers of atoms and dimensions and kept on disk. That of activation gates with linear experts is
written by hand (start with `kernel.evaluate`; the Hessian is put together in `hessian_assembly`), that of any gate and
any Gaussian expert from its formulas (start with `generated.likelihood`)."""
