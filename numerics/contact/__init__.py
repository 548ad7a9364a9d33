"""Measures contact orders: along given curves in balls, and by minimisation (theory 4.3).

Takes a true measure and a curve, or a cell and a parameter; returns the order at which the densities approach each
other. Along a curve the order is deterministic; minimised over all other parameters it is a lower bound, up to the
error of reading it off. Start with `curves.contact`; `by_minimisation.measure` needs no curve."""
