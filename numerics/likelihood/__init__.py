"""Computes the log-likelihood of any gate and any Gaussian expert, its gradient and its Hessian, from their formulas.

Takes data and parameters of a mixture; returns sums over the data, in machine code or by NumPy. Kernels are compiled
for given formulas and numbers of atoms, and kept on disk. Start with `generated.likelihood`; with `generated.evaluate`
for the coordinates of linear, softmax and activation gates with linear experts."""
