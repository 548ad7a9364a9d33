"""Computes in differential fields over Q, and finds linear relations in them.

Takes expressions in z; returns their exact representation in a tower of exp, log, roots, tan, atan, erf and LambertW,
and all relations with constant coefficients found there. A relation in a tower is a true identity; independence is
never concluded from a tower. Start with `tower.Tower`, then `differential_field.nullspace`."""
