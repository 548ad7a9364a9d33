"""Provides vector arithmetic in machine code, and holds threads and Ctrl-C in check.

Takes arrays of doubles at addresses; returns elementary functions and sums of products in vectors of eight. Results
do not depend on the number of threads of a linear algebra library. Start with `row_products`; `elementary` holds exp,
log and the like."""
